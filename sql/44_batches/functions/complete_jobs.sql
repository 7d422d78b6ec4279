create or replace function public.complete_jobs(p_results jsonb)
returns table (
    "position" integer, job_id uuid, status text, error_status integer, error_code text, error_message text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_together record;
    v_done integer[];
    v_item jsonb;
    v_report record;
    v_answer jsonb;
begin
    if jsonb_typeof(p_results) is distinct from 'array' or jsonb_array_length(p_results) not between 1 and 100 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'results must be a list of 1 to 100 results.');
    end if;
    perform private.lock_leases(v_caller.robot_id, p_results);
    -- All that are as they should be, together; what is left, one by one, for the answer that each deserves. A job that is named
    -- twice is left too: its first item is answered before its second is done.
    select
        array_agg(x.n) as places,
        array_agg((x.item ->> 'job_id')::uuid) as job_ids,
        array_agg((x.item ->> 'lease_token')::bigint) as lease_tokens,
        array_agg(nullif(x.item -> 'result', 'null')) as results,
        array_agg(nullif(x.item -> 'node_executions', 'null')) as node_executions
    into v_together
    from (
        select r.item, r.n, count(*) over (partition by lower(r.item ->> 'job_id')) as times
        from jsonb_array_elements(p_results) with ordinality as r (item, n)
    ) as x
    where x.times = 1
        and x.item ->> 'job_id' ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$'
        and x.item ->> 'lease_token' ~ '^[1-9][0-9]{0,17}$'
        and coalesce(pg_column_size(x.item -> 'result') <= 10485760, true);
    v_done := private.complete_leases(
        v_caller, v_together.job_ids, v_together.lease_tokens, v_together.results, v_together.node_executions
    );
    v_done := array(select v_together.places[d] from unnest(v_done) as d);
    for "position", v_item in
        select x.n - 1, x.item from jsonb_array_elements(p_results) with ordinality as x (item, n) order by x.n
    loop
        job_id := null;
        status := null;
        error_status := null;
        error_code := null;
        error_message := null;
        if "position" + 1 = any (v_done) then
            job_id := v_item ->> 'job_id';
            status := 'completed';
            return next;
            continue;
        end if;
        begin
            select r.* into v_report
            from jsonb_to_record(v_item) as r (job_id uuid, lease_token bigint, result jsonb, node_executions jsonb);
            job_id := v_report.job_id;
            if v_report.job_id is null or v_report.lease_token is null then
                perform private.raise_error(400, 'INVALID_ARGUMENT', 'job_id and lease_token must be given.');
            end if;
            v_answer := public.complete_job(
                v_report.job_id, v_report.lease_token, v_report.result, v_report.node_executions
            );
            status := v_answer ->> 'status';
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
comment on function public.complete_jobs is
    'Does complete_job for each of 1 to 100 results [{job_id, lease_token, result, node_executions}] and answers each by its position: the job''s status, or why it was refused; the others are done. Needs jobs.report.';
revoke all on function public.complete_jobs from public, anon, authenticated, service_role;
grant execute on function public.complete_jobs to authenticated;
