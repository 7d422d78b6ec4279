create or replace function public.purge_dead_letter(p_job_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.delete');
begin
    delete from public.dead_letters as d where d.job_id = p_job_id and d.tenant_id = v_caller.tenant_id;
    if not found then
        perform private.raise_error(404, 'DEAD_LETTER_NOT_FOUND', 'There is no such dead letter.');
    end if;
    perform private.emit_event(v_caller.tenant_id, 'dead_letter.purged', p_job_id);
    return jsonb_build_object('job_id', p_job_id);
end
$$;
comment on function public.purge_dead_letter is
    'Takes a dead letter away for good; the job stays in the history as it ended. Raises 404 DEAD_LETTER_NOT_FOUND. Needs jobs.delete.';
revoke all on function public.purge_dead_letter from public, anon, authenticated, service_role;
grant execute on function public.purge_dead_letter to authenticated;
