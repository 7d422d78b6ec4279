create or replace function public.fail_job(
    p_job_id uuid,
    p_lease_token bigint default null,      -- default: the robot's one live lease of the job
    p_error_message text default null,      -- must be given
    p_error_type text default null,
    p_stack_trace text default null,
    p_failed_node text default null,
    p_retryable boolean default true,
    p_node_executions jsonb default null,
    p_retry_at timestamptz default null     -- no new attempt before: a service named a time
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_lease private.leases;
    v_details jsonb := jsonb_strip_nulls(jsonb_build_object(
        'stack_trace', left(p_stack_trace, 65536), 'failed_node', p_failed_node
    ));
    v_report jsonb := jsonb_build_object('error_message', p_error_message, 'error_type', p_error_type) || v_details;
begin
    if coalesce(p_error_message, '') = '' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'error_message must not be empty.');
    elsif length(p_error_message) > 65536 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'error_message must not have more than 65536 characters.');
    elsif length(p_error_type) > 255 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'error_type must not have more than 255 characters.');
    elsif length(p_failed_node) > 255 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'failed_node must not have more than 255 characters.');
    end if;
    if p_lease_token is null then
        p_lease_token := private.find_lease_token(v_caller, p_job_id, 'failed', v_report);
    elsif p_retry_at > private.clock() + interval '7 days' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'retry_at must not be more than 7 days ahead.');
    end if;
    delete from private.leases as l
    where l.job_id = p_job_id and l.lease_token = p_lease_token and l.robot_id is not distinct from v_caller.robot_id
    returning l.* into v_lease;
    if not found then
        return private.answer_late_result(v_caller, p_job_id, p_lease_token, 'failed', v_report);
    end if;
    if p_node_executions is not null then
        perform private.keep_node_executions(v_lease, p_node_executions);
    end if;
    return private.end_attempt(
        v_lease, 'failed', p_error_message, p_error_type, v_details, coalesce(p_retryable, true), p_retry_at
    );
end
$$;
comment on function public.fail_job is
    'Ends an attempt with an error: the job is tried again by its retry policy (retry_at), not before p_retry_at (7 days ahead at most), or is failed for good when it is not retryable or has no attempts left. Same answers as complete_job to a second call, to no token and to a stale one. Needs jobs.report.';
revoke all on function public.fail_job from public, anon, authenticated, service_role;
grant execute on function public.fail_job to authenticated;
