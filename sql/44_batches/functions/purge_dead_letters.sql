create or replace function public.purge_dead_letters(p_job_ids uuid[])
returns table (
    "position" integer, job_id uuid, status text, error_status integer, error_code text, error_message text
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.delete');
    v_items jsonb := private.check_batch(to_jsonb(p_job_ids), 'job_ids', 'ids', 1000);
begin
    return query
    select e.position, e.job_id, case when e.error_code is null then 'purged' end, e.error_status, e.error_code, e.error_message
    from private.answer_each(v_caller, 'purge_dead_letter', v_items) as e
    order by e.position;
end
$$;
comment on function public.purge_dead_letters is
    'Does purge_dead_letter for 1 to 1000 jobs and answers each by its position: that it was purged, or why it was refused. Needs jobs.delete.';
revoke all on function public.purge_dead_letters from public, anon, authenticated, service_role;
grant execute on function public.purge_dead_letters to authenticated;
