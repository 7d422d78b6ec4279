create or replace function public.list_calendars(p_calendar_id uuid default null)
returns setof jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.read');
begin
    if p_calendar_id is not null then
        perform private.find_calendar(v_caller.tenant_id, p_calendar_id);
    end if;
    return query
    select private.describe_calendar(c)
    from public.calendars as c
    where c.tenant_id = v_caller.tenant_id and (p_calendar_id is null or c.calendar_id = p_calendar_id)
    order by c.name;
end
$$;
comment on function public.list_calendars is
    'The calendars of the tenant by name, or one: what was said of each, to when its holidays are known (needs_refresh: less than a year ahead), how many schedules heed it. Raises 404 CALENDAR_NOT_FOUND. Needs schedules.read.';
revoke all on function public.list_calendars from public, anon, authenticated, service_role;
grant execute on function public.list_calendars to authenticated;
