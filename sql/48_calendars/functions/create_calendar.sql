create or replace function public.create_calendar(p_calendar jsonb)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_calendar public.calendars;
    v_max integer;
begin
    select q.max_calendars into v_max
    from public.tenants as t
    join private.calendar_quotas as q on q.plan = t.plan
    where t.tenant_id = v_caller.tenant_id
    for no key update of t;     -- one calendar is made at a time, so that they are counted
    if (select count(*) from public.calendars as c where c.tenant_id = v_caller.tenant_id) >= v_max then
        perform private.raise_error(409, 'TOO_MANY_CALENDARS', format('Your plan has at most %s calendars.', v_max));
    end if;
    v_calendar.calendar_id := private.uuid_v7();
    v_calendar.tenant_id := v_caller.tenant_id;
    v_calendar.working_hours := jsonb_build_object(
        'mon', '["00:00", "24:00"]'::jsonb, 'tue', '["00:00", "24:00"]'::jsonb, 'wed', '["00:00", "24:00"]'::jsonb,
        'thu', '["00:00", "24:00"]'::jsonb, 'fri', '["00:00", "24:00"]'::jsonb
    );
    v_calendar.rules := '[]';
    v_calendar.created_by := coalesce(v_caller.user_id, v_caller.api_key_id);
    v_calendar.created_at := private.clock();
    return private.describe_calendar(private.change_calendar(v_calendar, p_calendar));
end
$$;
comment on function public.create_calendar is
    'Makes a business calendar, {name, working_hours, country, subdivision, holidays, holidays_until, rules, blackouts}, and returns it; Monday to Friday unless the hours say otherwise. Raises 400 INVALID_ARGUMENT, 409 CALENDAR_EXISTS or TOO_MANY_CALENDARS. Needs schedules.write.';
revoke all on function public.create_calendar from public, anon, authenticated, service_role;
grant execute on function public.create_calendar to authenticated;
