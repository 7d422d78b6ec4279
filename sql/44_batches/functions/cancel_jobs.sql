create or replace function public.cancel_jobs(p_job_ids uuid[], p_reason text default null)
returns table (
    "position" integer, job_id uuid, cancelled boolean, cancel_requested boolean, previous_status text,
    error_status integer, error_code text, error_message text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.cancel');
    v_items jsonb := private.check_batch(to_jsonb(p_job_ids), 'job_ids', 'ids', 1000);
begin
    return query
    select
        e.position, e.job_id, (e.answer -> 'cancelled')::boolean, (e.answer -> 'cancel_requested')::boolean,
        e.answer ->> 'previous_status', e.error_status, e.error_code, e.error_message
    from private.answer_each(v_caller, 'cancel_job', v_items, private.check_cancel_reason(p_reason)) as e
    order by e.position;
end
$$;
comment on function public.cancel_jobs is
    'Does cancel_job for 1 to 1000 jobs and answers each by its position: how the cancellation went, or why it was refused. Needs jobs.cancel.';
revoke all on function public.cancel_jobs from public, anon, authenticated, service_role;
grant execute on function public.cancel_jobs to authenticated;
