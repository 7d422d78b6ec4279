create or replace function public.delete_calendar(p_calendar_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_name text;
begin
    perform private.find_calendar(v_caller.tenant_id, p_calendar_id);
    perform from public.calendars as c where c.calendar_id = p_calendar_id for update;  -- waits for schedules that are being made
    select s.name into v_name
    from public.schedules as s
    where s.tenant_id = v_caller.tenant_id and s.calendar_id = p_calendar_id and s.deleted_at is null
    order by s.schedule_id
    limit 1;
    if found then
        perform private.raise_error(
            409, 'CALENDAR_IN_USE',
            format('Schedules heed this calendar, the first is %L; give them another, or none, first.', v_name)
        );
    end if;
    delete from public.calendars as c where c.calendar_id = p_calendar_id;
end
$$;
comment on function public.delete_calendar is
    'Takes away a calendar that no schedule heeds. Raises 404 CALENDAR_NOT_FOUND, 409 CALENDAR_IN_USE. Needs schedules.write.';
revoke all on function public.delete_calendar from public, anon, authenticated, service_role;
grant execute on function public.delete_calendar to authenticated;
