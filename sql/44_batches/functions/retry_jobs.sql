create or replace function public.retry_jobs(p_job_ids uuid[])
returns table ("position" integer, job_id uuid, new_job_id uuid, error_status integer, error_code text, error_message text)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('jobs.retry');
begin
    if cardinality(p_job_ids) not between 1 and 1000 or p_job_ids is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'job_ids must be a list of 1 to 1000 ids.');
    end if;
    -- Their dead letters at once in the order of their ids, so that two batches do not wait for each other in a circle.
    perform
    from public.dead_letters as d
    where d.job_id = any (p_job_ids) and d.tenant_id = v_caller.tenant_id
    order by d.job_id
    for update;
    for "position", job_id in
        select x.n - 1, x.id from unnest(p_job_ids) with ordinality as x (id, n) order by x.n
    loop
        new_job_id := null;
        error_status := null;
        error_code := null;
        error_message := null;
        begin
            new_job_id := public.retry_job(job_id) ->> 'new_job_id';
        exception
            when sqlstate 'PT400' or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT429' then
                get stacked diagnostics error_code = pg_exception_detail, error_message = message_text;
                error_status := right(sqlstate, 3)::integer;
        end;
        return next;
    end loop;
end
$$;
comment on function public.retry_jobs is
    'Does retry_job for 1 to 1000 jobs and answers each by its position: the new job, or why it was refused. Needs jobs.retry.';
revoke all on function public.retry_jobs from public, anon, authenticated, service_role;
grant execute on function public.retry_jobs to authenticated;
