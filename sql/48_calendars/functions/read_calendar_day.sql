create or replace function private.read_calendar_day(
    p_calendar public.calendars,
    p_day date,
    out opens_at time,      -- null: no working day
    out closes_at time,
    out reason text         -- why it is none
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_weekday text := (array['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])[extract(isodow from p_day)];
    v_exception record;
begin
    select d.is_working, d.name
    into v_exception
    from public.calendar_days as d
    where d.tenant_id = p_calendar.tenant_id and d.calendar_id = p_calendar.calendar_id and d.day = p_day
    order by d.source desc     -- the calendar's own rules win
    limit 1;
    if found and not v_exception.is_working then
        reason := format('%s is %s.', to_char(p_day, 'FMDay, FMDD FMMonth YYYY'), v_exception.name);
        return;
    elsif p_calendar.working_hours ? v_weekday then
        opens_at := p_calendar.working_hours -> v_weekday ->> 0;
        closes_at := p_calendar.working_hours -> v_weekday ->> 1;
    elsif v_exception.is_working then
        opens_at := '00:00';
        closes_at := '24:00';
    else
        reason := format('%s is no working day.', to_char(p_day, 'FMDay, FMDD FMMonth YYYY'));
    end if;
end
$$;
comment on function private.read_calendar_day is
    'From when until when a calendar works on a day, or why it does not.';
revoke all on function private.read_calendar_day from public, anon, authenticated, service_role;
