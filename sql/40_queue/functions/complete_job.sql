create or replace function public.complete_job(
    p_job_id uuid,
    p_lease_token bigint,
    p_result jsonb default null,
    p_node_executions jsonb default null    -- default: those in the result
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_now timestamptz := private.clock();
    v_lease private.leases;
    v_node_executions jsonb := coalesce(p_node_executions, p_result -> 'node_executions');
    v_dedupe_key text;
begin
    if pg_column_size(p_result) > 10485760 then
        perform private.raise_error(413, 'INVALID_ARGUMENT', 'result must not be larger than 10 MB.');
    end if;
    delete from private.leases as l
    where l.job_id = p_job_id and l.lease_token = p_lease_token and l.robot_id = v_caller.robot_id
    returning l.* into v_lease;
    if not found then
        return private.answer_stale_report(
            v_caller, p_job_id, p_lease_token, 'completed', jsonb_build_object('result', p_result)
        );
    end if;

    update public.jobs as j
    set status = 'completed',
        attempts = v_lease.attempt,
        lease_token = v_lease.lease_token,
        robot_id = v_lease.robot_id,
        claimed_at = v_lease.claimed_at,
        started_at = coalesce(v_lease.started_at, v_lease.claimed_at),
        first_progress_at = v_lease.first_progress_at,
        finished_at = v_now,
        result = p_result,
        error_message = null,
        error_type = null,
        error_details = null
    where j.job_id = p_job_id
    returning j.dedupe_key into v_dedupe_key;
    if v_dedupe_key is not null then
        delete from private.dedupe_keys as d where d.tenant_id = v_lease.tenant_id and d.dedupe_key = v_dedupe_key;
    end if;
    delete from private.robot_failures as f where f.tenant_id = v_lease.tenant_id and f.robot_id = v_lease.robot_id;
    if v_node_executions is not null then
        perform private.keep_node_executions(v_lease, v_node_executions);
    end if;
    perform private.announce_job(
        'job.completed', 'completed', v_lease.tenant_id, p_job_id, v_lease.workflow_id, v_lease.workflow_name,
        v_lease.robot_id, v_lease.attempt,
        jsonb_build_object(
            'progress', 100,
            'duration_ms', round(extract(epoch from v_now - coalesce(v_lease.started_at, v_lease.claimed_at)) * 1000)
        )
    );
    if v_lease.limit_ids is not null then
        perform private.change_running(v_lease.limit_ids, -1);
    end if;
    return jsonb_build_object('job_id', p_job_id, 'status', 'completed', 'outcome', 'applied');
end
$$;
comment on function public.complete_job(uuid, bigint, jsonb, jsonb) is
    'Ends a job with its result, once; the same call again answers the same. A token that lost the job answers 409 LEASE_LOST and its result is kept in late_results. Node executions are kept beside it. Needs jobs.report.';
revoke all on function public.complete_job(uuid, bigint, jsonb, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.complete_job(uuid, bigint, jsonb, jsonb) to authenticated;
