create or replace function public.enqueue_jobs(p_jobs jsonb)
returns table (
    "position" integer, job_id uuid, status text, error_status integer, error_code text, error_message text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.create');
begin
    perform private.check_batch(p_jobs, 'jobs', 'jobs', 1000);
    return query
    select e.position, e.job_id, e.answer ->> 'status', e.error_status, e.error_code, e.error_message
    from private.answer_each(v_caller, 'enqueue_job', p_jobs) as e
    order by e.position;
end
$$;
comment on function public.enqueue_jobs is
    'Enqueues 1 to 1000 jobs, objects with the fields of private.new_job, and answers each by its position: its id and status (those of the unfinished job that has its dedupe key), or why it was refused, 429 QUEUE_FULL included; the others are done. Needs jobs.create.';
revoke all on function public.enqueue_jobs from public, anon, authenticated, service_role;
grant execute on function public.enqueue_jobs to authenticated;
