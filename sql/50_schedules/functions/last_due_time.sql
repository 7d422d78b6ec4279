create or replace function private.last_due_time(p_schedule public.schedules, p_first timestamptz, p_until timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last timestamptz := p_first;
    v_beyond timestamptz := p_until;    -- nothing comes after this and until p_until
    v_middle timestamptz;
    v_next timestamptz;
begin
    if p_schedule.frequency = 'interval' then
        return p_first + make_interval(
            secs => floor(extract(epoch from least(p_until, p_schedule.ends_at) - p_first) / p_schedule.interval_seconds)
                * p_schedule.interval_seconds
        );
    end if;
    while v_beyond - v_last > interval '1 minute' loop
        v_middle := v_last + (v_beyond - v_last) / 2;
        v_next := private.next_due_time(p_schedule, v_middle);
        if v_next <= p_until then
            v_last := v_next;
        else
            v_beyond := v_middle;
        end if;
    end loop;
    v_next := private.next_due_time(p_schedule, v_last);
    return case when v_next <= p_until then v_next else v_last end;
end
$$;
comment on function private.last_due_time is
    'The newest due time until p_until, given that p_first is one: by halving, so that a long silence costs little more than a short one.';
revoke all on function private.last_due_time from public, anon, authenticated, service_role;
