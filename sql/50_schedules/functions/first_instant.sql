-- PostgreSQL reads a local time that happens twice as the second, and one that does not happen by the clocks of before.
create or replace function private.first_instant(p_local timestamp, p_timezone text)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_at timestamptz := p_local at time zone p_timezone;
    v_shown timestamp := v_at at time zone p_timezone;
    v_before timestamptz := v_at - interval '24 hours';
    v_offset interval;
    v_minutes_low integer;
    v_minutes_high integer := 0;
    v_middle integer;
begin
    if v_shown = p_local then
        -- By the clocks of the day before: the same time of day, earlier, if it happens twice.
        v_before := (p_local - ((v_before at time zone p_timezone) - (v_before at time zone 'UTC'))) at time zone 'UTC';
        return case when v_before < v_at and v_before at time zone p_timezone = p_local then v_before else v_at end;
    end if;
    -- The clocks went forward at most (what they skipped) before v_at: look for the first minute with the new offset.
    v_offset := v_shown - (v_at at time zone 'UTC');
    v_minutes_low := -(extract(epoch from v_shown - p_local) / 60)::integer;
    while v_minutes_high - v_minutes_low > 1 loop
        v_middle := (v_minutes_low + v_minutes_high) / 2 - ((v_minutes_low + v_minutes_high) % 2 <> 0)::integer;
        v_before := v_at + make_interval(mins => v_middle);
        if (v_before at time zone p_timezone) - (v_before at time zone 'UTC') = v_offset then
            v_minutes_high := v_middle;
        else
            v_minutes_low := v_middle;
        end if;
    end loop;
    return v_at + make_interval(mins => v_minutes_high);
end
$$;
comment on function private.first_instant is
    'When a whole minute of a zone''s clocks comes: the first time if it comes twice, the next minute that exists if it is skipped.';
revoke all on function private.first_instant from public, anon, authenticated, service_role;
