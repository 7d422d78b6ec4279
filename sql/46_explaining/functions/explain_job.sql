-- Stable: all of it is read in one snapshot, so a job is found in exactly one place, and nothing is changed by looking.
create or replace function public.explain_job(p_job_id uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.read');
    v_job public.jobs;
    v_lane private.lanes;
    v_lease private.leases;
    v_scheduled private.scheduled;
    v_robots jsonb := '[]';
    v_count integer := 0;
    v_online integer := 0;
    v_position integer;
    v_is_in_pool boolean;   -- of another tenant, whose robots are not shown
    v_state text;
    v_reason jsonb;
    v_since timestamptz;
begin
    select j.* into v_job from public.jobs as j where j.job_id = p_job_id and j.tenant_id = v_caller.tenant_id;
    if not found then
        perform private.raise_error(404, 'JOB_NOT_FOUND', 'There is no such job.');
    end if;
    select l.* into v_lease from private.leases as l where l.job_id = p_job_id;
    select s.* into v_scheduled from private.scheduled as s where s.job_id = p_job_id;

    v_is_in_pool := v_job.pool_id is not null and not exists (
        select from public.pools as p where p.pool_id = v_job.pool_id and p.tenant_id = v_job.tenant_id
    );

    if v_job.status <> 'queued' then
        v_state := v_job.status;
        v_since := v_job.finished_at;
        v_reason := private.explain_finished_job(v_job);
    elsif v_lease.job_id is not null then
        v_state := case when v_lease.started_at is null then 'claimed' else 'running' end;
        v_since := coalesce(v_lease.cancel_requested_at, v_lease.started_at, v_lease.claimed_at);
        v_reason := private.explain_held_job(v_lease);
    elsif exists (
        select from public.workflows as w where w.workflow_id = v_job.workflow_id and w.deleted_at is not null
    ) then
        v_state := case when v_scheduled.job_id is null then 'queued' else 'scheduled' end;
        v_since := (select w.deleted_at from public.workflows as w where w.workflow_id = v_job.workflow_id);
        v_reason := private.explain_reason('workflow_deleted', jsonb_build_object('workflow', v_job.workflow_name));
    else
        select
            coalesce(jsonb_agg(
                jsonb_build_object(
                    'robot_id', r.robot_id, 'external_id', r.external_id, 'is_eligible', r.is_eligible, 'ahead', r.ahead
                ) || r.reason
                order by r.ordinality
            ), '[]'),
            coalesce(max(r.robots), 0),
            coalesce(max(r.robots_online), 0)
        into v_robots, v_count, v_online
        from private.judge_robots(
            v_job.tenant_id,
            array[v_job.lane_id],
            array[p_job_id],
            array[(
                select w
                from private.find_full_limits(v_job.tenant_id, v_job.workflow_id, v_job.concurrency_key) as w
                where v_scheduled.job_id is null or w.max_running = 0
                limit 1
            )],
            v_scheduled.job_id is null
        ) with ordinality as r
        where not v_is_in_pool;
        v_since := v_job.created_at;
        if v_scheduled.job_id is not null then
            v_state := 'scheduled';
            v_reason := private.explain_reason(
                case
                    when v_scheduled.run_at <= private.clock() then 'about_to_be_ready'
                    when v_job.uncounted_ends > 0 then 'start_backoff'
                    when v_scheduled.attempts > 0 then 'retry_backoff'
                    else 'run_at_in_future'
                end,
                jsonb_build_object(
                    'run_at', private.to_words(v_scheduled.run_at),
                    'attempts', v_scheduled.attempts,
                    'times', v_job.uncounted_ends,
                    'max_attempts', v_job.max_attempts,
                    'error', left(coalesce(v_job.error_message, 'no message'), 500)
                )
            );
        else
            v_state := 'queued';
            select e.* into strict v_lane from private.lanes as e where e.lane_id = v_job.lane_id;
            v_position := private.count_jobs_ahead(
                v_lane.tenant_no, v_lane.environment, v_lane.required, v_lane.robot_id, v_lane.priority - v_lane.promotion,
                v_lane.share_id, p_job_id, 1000, v_job.pool_id
            );
            v_reason := case
                when v_is_in_pool then private.explain_pool_job(v_job, v_position)
                else private.explain_waiting_job(v_job, v_robots, v_count, v_online)
            end;
        end if;
    end if;
    return jsonb_build_object('job_id', p_job_id, 'state', v_state) || v_reason || jsonb_build_object(
        'since', private.to_iso(v_since),
        'position', v_position,
        'robots', v_robots,
        'robots_total', v_count,
        'notes', private.list_job_notes(v_job)
    );
end
$$;
comment on function public.explain_job is
    'Why a job waits, who holds it or how it ended: {job_id, state, verdict, reason_code, sentence, next_step, since, position (jobs ahead of it that ask for no more than it does; 1000 at most), robots (the nearest 50; none of a pool of another tenant; each with its first failing clause of the claim, is_eligible, and ahead: jobs that it takes first), robots_total, notes}. Raises 404 JOB_NOT_FOUND. Needs jobs.read.';
revoke all on function public.explain_job from public, anon, authenticated, service_role;
grant execute on function public.explain_job to authenticated;
