create or replace function private.extend_calendars(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_turn private.turn := (0, 0, null);
    v_calendar public.calendars;
begin
    for v_calendar in
        select c.*
        from public.calendars as c
        where c.tenant_id = p_tenant_id
            and (p_after is null or c.calendar_id > p_after::uuid)
        order by c.calendar_id
        limit p_limit
        for no key update
    loop
        v_turn.used := v_turn.used + 1;
        v_turn.after := v_calendar.calendar_id;
        if v_calendar.rules_until < private.clock() + interval '4 years' then
            update public.calendars as c
            set rules_until = private.expand_calendar_rules(p_tenant_id, v_calendar.calendar_id)
            where c.calendar_id = v_calendar.calendar_id;
            delete from public.calendar_days as d
            where d.tenant_id = p_tenant_id and d.calendar_id = v_calendar.calendar_id
                and d.day < private.clock() - interval '3 years';
            v_turn.done := v_turn.done + 1;
        end if;
        if v_calendar.holidays_until < private.clock() + interval '1 year'
            and v_calendar.holidays_until is distinct from v_calendar.warned_until
        then
            update public.calendars as c set warned_until = c.holidays_until where c.calendar_id = v_calendar.calendar_id;
            perform private.emit_event(
                p_tenant_id, 'calendar.expiring', p_data => jsonb_build_object(
                    'calendar_id', v_calendar.calendar_id, 'name', v_calendar.name, 'country', v_calendar.country,
                    'holidays_until', v_calendar.holidays_until
                )
            );
            v_turn.done := v_turn.done + 1;
        end if;
    end loop;
    if v_turn.used < p_limit then
        v_turn.after := null;
    end if;
    return v_turn;
end
$$;
comment on function private.extend_calendars is
    'Duty, a tenant''s turn: writes the days of calendars'' own rules down for the years to come, and tells once when a country''s holidays are known for less than a year: calendar.expiring. SQL does not know holidays; refreshing the calendar through REST does.';
revoke all on function private.extend_calendars from public, anon, authenticated, service_role;
