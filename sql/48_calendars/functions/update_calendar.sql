create or replace function public.update_calendar(p_calendar_id uuid, p_changes jsonb)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_calendar public.calendars := private.find_calendar(v_caller.tenant_id, p_calendar_id, true);
begin
    v_calendar := private.change_calendar(v_calendar, p_changes);
    perform private.replan_schedules(v_caller.tenant_id, p_calendar_id);
    return private.describe_calendar(v_calendar);
end
$$;
comment on function public.update_calendar is
    'Changes the named fields of a calendar and returns it; lists are replaced as a whole, a null leaves a field as it is, an empty country is none. Raises 404 CALENDAR_NOT_FOUND, 400 INVALID_ARGUMENT, 409 CALENDAR_EXISTS. Needs schedules.write.';
revoke all on function public.update_calendar from public, anon, authenticated, service_role;
grant execute on function public.update_calendar to authenticated;
