-- A robot that knows no tokens names the job alone. As long as it held the job only once, that says which attempt it means. When an
-- earlier lease ended without a word of it (its time was over), that attempt may still run beside the newer one, and its report
-- looks the same. So the first report is stored as a late result of the earlier attempt, unless the robot ran nothing since; the
-- second, another one, shows that both have ended, and counts. See docs/queue.md.
create or replace function private.find_lease_token(
    p_caller private.caller,
    p_job_id uuid,
    p_outcome text default null,    -- completed | failed | released; null: the call ends nothing
    p_report jsonb default null     -- what private.answer_late_result() would store
)
returns bigint
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_lease record;
    v_job record;
    v_earlier_token bigint;
    v_silent_at timestamptz;
begin
    select l.lease_token, l.claimed_at into v_lease
    from private.leases as l
    where l.job_id = p_job_id and l.robot_id is not distinct from p_caller.robot_id;
    if v_lease.lease_token is not null and p_outcome is null then
        return v_lease.lease_token;
    end if;
    select j.lease_token, coalesce(j.robot_id, j.reported_by) as robot_id, j.past_leases, j.silent_ends into v_job
    from public.jobs as j
    where j.job_id = p_job_id;
    v_earlier_token := greatest(
        (
            select max(p.key::bigint)
            from jsonb_each_text(v_job.past_leases) as p
            where p.value = p_caller.robot_id::text
        ),
        case when v_job.robot_id = p_caller.robot_id then v_job.lease_token end
    );
    if v_lease.lease_token is null then
        return v_earlier_token;
    elsif v_earlier_token is null then
        return v_lease.lease_token;
    elsif jsonb_typeof(p_report #> '{result,duration_ms}') = 'number'
        -- A second for clocks that do not run alike.
        and (p_report #>> '{result,duration_ms}')::numeric / 1000 > extract(epoch from private.clock() - v_lease.claimed_at) + 1
    then
        return v_earlier_token;
    end if;
    v_silent_at := (v_job.silent_ends ->> p_caller.robot_id::text)::timestamptz;
    if v_silent_at is null
        or exists (
            select from public.robot_heartbeats as h where h.robot_id = p_caller.robot_id and h.idle_at > v_silent_at
        )
        or exists (
            select
            from public.late_results as r
            where r.job_id = p_job_id
                and r.tenant_id = private.find_reported_job(p_caller, p_job_id)
                and r.robot_id = p_caller.robot_id
                and r.received_at >= v_silent_at
                and (r.outcome, r.payload) is distinct from (p_outcome, p_report)
        )
    then
        return v_lease.lease_token;
    end if;
    return v_earlier_token;
end
$$;
comment on function private.find_lease_token is
    'The token that a robot''s call without one means: of its live lease of the job; of the last one that it held when it holds none, or when what it reports cannot be of the live one (its duration is longer) or may be of an earlier attempt whose lease ended silently.';
revoke all on function private.find_lease_token from public, anon, authenticated, service_role;
