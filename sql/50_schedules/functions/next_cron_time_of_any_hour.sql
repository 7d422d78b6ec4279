create or replace function private.next_cron_time_of_any_hour(
    p_minutes integer[],
    p_hours integer[],
    p_days integer[],
    p_months integer[],
    p_weekdays integer[],
    p_must_fit_both boolean,
    p_timezone text,
    p_after timestamptz,
    p_closed_days datemultirange
)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_local timestamp := p_after at time zone p_timezone;
    -- Nothing is due between p_after and here: first the next whole minute, then wherever the search has come.
    v_at timestamptz := p_after + (date_trunc('minute', v_local) + interval '1 minute' - v_local);
    v_day date;
    v_hour integer;
    v_minute integer;
    v_due timestamp;
    v_until timestamptz;
    v_change_at timestamptz;
begin
    loop
        v_local := v_at at time zone p_timezone;
        v_day := private.next_cron_day(p_days, p_months, p_weekdays, p_must_fit_both, v_local::date, p_closed_days);
        if v_day is null then
            return null;
        end if;
        v_due := null;
        if v_day = v_local::date then
            v_hour := p_hours[width_bucket(extract(hour from v_local)::integer - 1, p_hours) + 1];
            v_minute := p_minutes[1];
            if v_hour = extract(hour from v_local) then
                v_minute := p_minutes[width_bucket(extract(minute from v_local)::integer - 1, p_minutes) + 1];
                if v_minute is null then
                    v_hour := p_hours[width_bucket(extract(hour from v_local)::integer, p_hours) + 1];
                    v_minute := p_minutes[1];
                end if;
            end if;
            v_due := v_day + make_time(v_hour, v_minute, 0);
        end if;
        -- When nothing is left of the day, look past midnight as well: clocks may go back over it.
        v_until := v_at + make_interval(
            secs => extract(epoch from coalesce(v_due, v_local::date + interval '27 hours') - v_local)::integer
        );
        v_change_at := private.next_clock_change(v_at, v_until, p_timezone);
        if v_due is not null and v_change_at is null then
            return v_until;
        elsif v_due is not null then
            v_at := v_change_at;
        elsif (v_change_at at time zone p_timezone)::date <= v_local::date then
            v_at := least(
                v_change_at,
                v_at + make_interval(secs => extract(epoch from v_local::date + interval '24 hours' - v_local)::integer)
            );
        else
            v_at := greatest(
                private.first_instant(greatest(v_day, v_local::date + 1), p_timezone), v_at + interval '1 minute'
            );
        end if;
    end loop;
end
$$;
comment on function private.next_cron_time_of_any_hour is
    'What next_cron_time answers where the hour is a star, a step of it or all hours: whenever the clocks show the time, also the second time, and never when they skip it.';
revoke all on function private.next_cron_time_of_any_hour from public, anon, authenticated, service_role;
