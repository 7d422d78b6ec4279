create or replace function private.answer_claim_again(p_robot_id uuid, p_claim_id uuid, p_lease_seconds integer)
returns setof public.claimed_job
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_until timestamptz := private.clock() + make_interval(secs => p_lease_seconds);
begin
    return query
    with kept as (
        update private.leases as l
        set lease_expires_at = v_until, outages = 0
        where l.job_id = any (array(
            select o.job_id
            from private.leases as o
            where o.robot_id = p_robot_id and o.claim_id = p_claim_id and o.started_at is null
            order by o.job_id
            for update
        ))
        returning l.job_id, l.lease_token, l.attempt
    )
    select
        k.job_id, k.lease_token, v_until, k.attempt::integer, j.max_attempts::integer, j.workflow_id, j.workflow_version,
        j.workflow_name,
        (
            select v.definition
            from public.workflow_versions as v
            where v.workflow_id = j.workflow_id and v.version = j.workflow_version
        ),
        j.input, j.priority::integer, j.environment, j.timeout_seconds, j.progress_timeout_seconds
    from kept as k
    cross join lateral (
        select
            o.max_attempts, o.workflow_id, o.workflow_version, o.workflow_name, o.input, o.priority, o.environment,
            o.timeout_seconds, o.progress_timeout_seconds
        from public.jobs as o
        where o.job_id = k.job_id
        offset 0
    ) as j
    order by k.lease_token;
end
$$;
comment on function private.answer_claim_again is
    'What a claim with this id answered, for the robot that asks for it again: its leases that are still held and not started, renewed.';
revoke all on function private.answer_claim_again from public, anon, authenticated, service_role;
