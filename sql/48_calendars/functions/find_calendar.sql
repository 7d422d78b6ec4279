create or replace function private.find_calendar(p_tenant_id uuid, p_calendar_id uuid, p_is_locked boolean default false)
returns public.calendars
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_calendar public.calendars;
begin
    if p_is_locked then
        select c.* into v_calendar
        from public.calendars as c
        where c.calendar_id = p_calendar_id and c.tenant_id = p_tenant_id
        for no key update;
    else
        select c.* into v_calendar
        from public.calendars as c
        where c.calendar_id = p_calendar_id and c.tenant_id = p_tenant_id;
    end if;
    if not found then
        perform private.raise_error(404, 'CALENDAR_NOT_FOUND', 'There is no such calendar.');
    end if;
    return v_calendar;
end
$$;
comment on function private.find_calendar is
    'A calendar of the tenant, locked against other changes if that is wanted. Raises 404 CALENDAR_NOT_FOUND.';
revoke all on function private.find_calendar from public, anon, authenticated, service_role;
