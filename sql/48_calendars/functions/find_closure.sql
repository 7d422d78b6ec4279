create or replace function private.find_closure(
    p_calendar public.calendars,
    p_timezone text,
    p_at timestamptz,
    out verdict text,       -- blackout | holiday; null: the calendar works
    out reason text
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_local timestamp := p_at at time zone p_timezone;
    v_day record;
begin
    select 'blackout', format('Nothing runs until %s: %s.', private.to_iso(b.ends_at), rtrim(b.reason, '.'))
    into verdict, reason
    from public.calendar_blackouts as b
    where b.tenant_id = p_calendar.tenant_id and b.calendar_id = p_calendar.calendar_id and b.starts_at <= p_at and b.ends_at > p_at
    order by b.ends_at desc
    limit 1;
    if found then
        return;
    end if;
    v_day := private.read_calendar_day(p_calendar, v_local::date);
    if v_day.opens_at is null then
        verdict := 'holiday';
        reason := v_day.reason;
    elsif v_local < v_local::date + v_day.opens_at or v_local >= v_local::date + v_day.closes_at then
        verdict := 'holiday';
        reason := format(
            '%s is outside of the working hours, %s to %s.', to_char(v_local, 'HH24:MI'), to_char(v_day.opens_at, 'HH24:MI'),
            to_char(v_day.closes_at, 'HH24:MI')
        );
    end if;
end
$$;
comment on function private.find_closure is
    'Why a calendar does not work at a time, by the clocks of a zone: a blackout, or a closed day or hour; nulls when it works.';
revoke all on function private.find_closure from public, anon, authenticated, service_role;
