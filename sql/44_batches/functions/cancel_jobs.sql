create or replace function public.cancel_jobs(p_job_ids uuid[], p_reason text default null)
returns table (
    "position" integer, job_id uuid, cancelled boolean, cancel_requested boolean, previous_status text, error_status integer,
    error_code text, error_message text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_answer jsonb;
begin
    perform private.authorize('jobs.cancel');
    if cardinality(p_job_ids) not between 1 and 1000 or p_job_ids is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'job_ids must be a list of 1 to 1000 ids.');
    end if;
    -- In the order of the ids, so that two batches do not wait for each other in a circle.
    for "position", job_id in
        select x.n - 1, x.id from unnest(p_job_ids) with ordinality as x (id, n) order by x.id, x.n
    loop
        cancelled := null;
        cancel_requested := null;
        previous_status := null;
        error_status := null;
        error_code := null;
        error_message := null;
        begin
            v_answer := public.cancel_job(job_id, p_reason);
            cancelled := v_answer -> 'cancelled';
            cancel_requested := v_answer -> 'cancel_requested';
            previous_status := v_answer ->> 'previous_status';
        exception
            when sqlstate 'PT404' or sqlstate 'PT503' then
                get stacked diagnostics error_code = pg_exception_detail, error_message = message_text;
                error_status := right(sqlstate, 3)::integer;
        end;
        return next;
    end loop;
end
$$;
comment on function public.cancel_jobs is
    'Does cancel_job for 1 to 1000 jobs and answers each by its position: what became of it, or why it was refused. Needs jobs.cancel.';
revoke all on function public.cancel_jobs from public, anon, authenticated, service_role;
grant execute on function public.cancel_jobs to authenticated;
