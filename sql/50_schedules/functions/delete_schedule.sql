create or replace function public.delete_schedule(p_schedule_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_now timestamptz := private.clock();
begin
    update public.schedules as s
    set deleted_at = v_now, updated_at = v_now, next_run_at = null
    where s.schedule_id = p_schedule_id and s.tenant_id = v_caller.tenant_id and s.deleted_at is null;
    if not found then
        perform private.raise_error(404, 'SCHEDULE_NOT_FOUND', 'There is no such schedule.');
    end if;
    perform private.drop_waiting_fires(v_caller.tenant_id, array[p_schedule_id], 'The schedule was deleted while this run waited.');
end
$$;
comment on function public.delete_schedule is
    'Takes a schedule away; the jobs that it enqueued stay. Raises 404 SCHEDULE_NOT_FOUND. Needs schedules.write.';
revoke all on function public.delete_schedule from public, anon, authenticated, service_role;
grant execute on function public.delete_schedule to authenticated;
