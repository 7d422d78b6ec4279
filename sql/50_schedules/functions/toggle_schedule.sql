-- Under the lock of its row: of two callers at once the second finds what the first one left.
create or replace function public.toggle_schedule(p_schedule_id uuid)
returns public.schedules
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_old public.schedules := private.lock_schedule(v_caller.tenant_id, p_schedule_id);
begin
    return public.update_schedule(p_schedule_id, jsonb_build_object('is_enabled', not v_old.is_enabled));
end
$$;
comment on function public.toggle_schedule is
    'Enables a schedule that is not, or disables one that is, and returns it. Raises what update_schedule raises. Needs schedules.write.';
revoke all on function public.toggle_schedule from public, anon, authenticated, service_role;
grant execute on function public.toggle_schedule to authenticated;
