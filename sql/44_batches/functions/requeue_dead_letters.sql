create or replace function public.requeue_dead_letters(p_job_ids uuid[])
returns table (
    "position" integer, job_id uuid, status text, new_job_id uuid, error_status integer, error_code text, error_message text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.retry');
    v_items jsonb := private.check_batch(to_jsonb(p_job_ids), 'job_ids', 'ids', 1000);
begin
    return query
    select
        e.position, e.job_id, case when e.error_code is null then 'requeued' end, (e.answer ->> 'new_job_id')::uuid,
        e.error_status, e.error_code, e.error_message
    from private.answer_each(v_caller, 'requeue_dead_letter', v_items) as e
    order by e.position;
end
$$;
comment on function public.requeue_dead_letters is
    'Does requeue_dead_letter for 1 to 1000 jobs and answers each by its position: the new job, or why it was refused. Needs jobs.retry.';
revoke all on function public.requeue_dead_letters from public, anon, authenticated, service_role;
grant execute on function public.requeue_dead_letters to authenticated;
