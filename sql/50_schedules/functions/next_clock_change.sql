create or replace function private.next_clock_change(p_from timestamptz, p_until timestamptz, p_timezone text)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_offset interval := (p_from at time zone p_timezone) - (p_from at time zone 'UTC');
    v_low integer := 0;
    v_high integer := ceil(extract(epoch from p_until - p_from) / 60);
    v_middle integer;
    v_at timestamptz;
begin
    if (p_until at time zone p_timezone) - (p_until at time zone 'UTC') = v_offset then
        return null;
    end if;
    while v_high - v_low > 1 loop
        v_middle := (v_low + v_high) / 2;
        v_at := p_from + make_interval(mins => v_middle);
        if (v_at at time zone p_timezone) - (v_at at time zone 'UTC') = v_offset then
            v_low := v_middle;
        else
            v_high := v_middle;
        end if;
    end loop;
    return p_from + make_interval(mins => v_high);
end
$$;
comment on function private.next_clock_change is
    'The first minute after p_from and until p_until at which a zone''s clocks have another offset than at p_from; null when they have the same at both. One change is looked for: take hours, not months.';
revoke all on function private.next_clock_change from public, anon, authenticated, service_role;
