create or replace function private.planned_between(
    p_schedule public.schedules,
    p_from timestamp,           -- on the schedule's clocks
    p_until timestamp,
    p_after timestamptz         -- if that is later than p_from
)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_planned timestamptz;
begin
    if p_from >= p_until then
        return null;
    end if;
    v_planned := private.next_planned_time(
        p_schedule, greatest(private.first_instant(p_from, p_schedule.timezone) - interval '1 microsecond', p_after)
    );
    return case when v_planned < private.first_instant(p_until, p_schedule.timezone) then v_planned end;
end
$$;
comment on function private.planned_between is
    'The first planned time of a schedule from p_from on, before p_until and after p_after; null when there is none.';
revoke all on function private.planned_between from public, anon, authenticated, service_role;
