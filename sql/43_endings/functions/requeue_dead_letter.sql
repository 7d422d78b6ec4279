create or replace function public.requeue_dead_letter(p_job_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.retry');
    v_letter public.dead_letters;
begin
    select d.* into v_letter
    from public.dead_letters as d
    where d.job_id = p_job_id and d.tenant_id = v_caller.tenant_id
    for update;
    if not found then
        perform private.raise_error(404, 'DEAD_LETTER_NOT_FOUND', 'There is no such dead letter.');
    elsif v_letter.resolved_at is not null then
        perform private.raise_error(
            409, 'DEAD_LETTER_RESOLVED', format('The job was queued again already, as %s.', v_letter.requeued_job_id)
        );
    end if;
    return public.retry_job(p_job_id);
end
$$;
comment on function public.requeue_dead_letter is
    'Queues a dead-lettered job again, as a new job that is linked to it by retry_of, and marks the dead letter resolved. Raises 404 DEAD_LETTER_NOT_FOUND, 409 DEAD_LETTER_RESOLVED and what retry_job raises. Needs jobs.retry.';
revoke all on function public.requeue_dead_letter from public, anon, authenticated, service_role;
grant execute on function public.requeue_dead_letter to authenticated;
