create or replace function public.fail_jobs(p_failures jsonb)
returns table (
    "position" integer, job_id uuid, status text, retry_at timestamptz, error_status integer, error_code text, error_message text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_items jsonb := private.check_batch(p_failures, 'failures', 'failures', 100);
begin
    perform private.lock_leases(v_caller.robot_id, v_items, true);
    return query
    select
        e.position, e.job_id, e.answer ->> 'status', (e.answer ->> 'retry_at')::timestamptz, e.error_status, e.error_code,
        e.error_message
    from private.answer_each(v_caller, 'fail_job', v_items) as e
    order by e.position;
end
$$;
comment on function public.fail_jobs is
    'Does fail_job for each of 1 to 100 failures [{job_id, lease_token, error_message, error_type, stack_trace, failed_node, retryable, node_executions, retry_at}] and answers each by its position: the job''s status and when it is tried again, or why it was refused; the others are done. Needs jobs.report.';
revoke all on function public.fail_jobs from public, anon, authenticated, service_role;
grant execute on function public.fail_jobs to authenticated;
