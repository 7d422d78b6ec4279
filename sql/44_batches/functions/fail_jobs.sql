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
    v_item jsonb;
    v_report record;
    v_answer jsonb;
begin
    if jsonb_typeof(p_failures) is distinct from 'array' or jsonb_array_length(p_failures) not between 1 and 100 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'failures must be a list of 1 to 100 failures.');
    end if;
    perform private.lock_leases(v_caller.robot_id, p_failures, true);
    for "position", v_item in
        select x.n - 1, x.item from jsonb_array_elements(p_failures) with ordinality as x (item, n) order by x.n
    loop
        job_id := null;
        status := null;
        retry_at := null;
        error_status := null;
        error_code := null;
        error_message := null;
        begin
            select r.* into v_report
            from jsonb_to_record(v_item) as r (
                job_id uuid, lease_token bigint, error_message text, error_type text, stack_trace text, failed_node text,
                retryable boolean, node_executions jsonb
            );
            job_id := v_report.job_id;
            if v_report.job_id is null or v_report.lease_token is null then
                perform private.raise_error(400, 'INVALID_ARGUMENT', 'job_id and lease_token must be given.');
            end if;
            v_answer := public.fail_job(
                v_report.job_id, v_report.lease_token, v_report.error_message, v_report.error_type, v_report.stack_trace,
                v_report.failed_node, coalesce(v_report.retryable, true), v_report.node_executions
            );
            status := v_answer ->> 'status';
            retry_at := v_answer ->> 'retry_at';
            if v_answer ? 'code' then   -- refused, and kept as evidence
                error_status := 409;
                error_code := v_answer ->> 'details';
                error_message := v_answer ->> 'message';
                perform set_config('response.status', '200', true);     -- the refusal of one is not that of all
            end if;
        exception
            when sqlstate 'PT400' or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT413' then
                get stacked diagnostics error_code = pg_exception_detail, error_message = message_text;
                error_status := right(sqlstate, 3);
            when data_exception then
                error_code := 'INVALID_ARGUMENT';
                error_message := 'A field has a value of the wrong type: ' || sqlerrm || '.';
                error_status := 400;
        end;
        return next;
    end loop;
end
$$;
comment on function public.fail_jobs is
    'Does fail_job for each of 1 to 100 failures [{job_id, lease_token, error_message, error_type, stack_trace, failed_node, retryable, node_executions}] and answers each by its position: the job''s status and when it is tried again, or why it was refused; the others are done. Needs jobs.report.';
revoke all on function public.fail_jobs from public, anon, authenticated, service_role;
grant execute on function public.fail_jobs to authenticated;
