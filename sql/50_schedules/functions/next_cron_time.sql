-- Field by field: a month is stepped over in one look, a day in one look, hour and minute are picked from sorted lists:
-- width_bucket() counts how many of a list are not greater than a number.
create or replace function private.next_cron_time(
    p_expression text,
    p_timezone text,
    p_after timestamptz,
    p_closed_days datemultirange default '{}'
)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_fields text[] := private.cron_fields(p_expression);
    v_minutes integer[] := (private.read_cron_field(v_fields[1], 1)).numbers;
    v_hours integer[] := (private.read_cron_field(v_fields[2], 2)).numbers;
    v_days integer[] := (private.read_cron_field(v_fields[3], 3)).numbers;
    v_months integer[] := (private.read_cron_field(v_fields[4], 4)).numbers;
    v_weekdays integer[] := (private.read_cron_field(v_fields[5], 5)).numbers;
    -- As cron has it, a field that begins with a star is not given, so the other one alone chooses the days that it leaves.
    v_must_fit_both boolean := starts_with(v_fields[3], '*') or starts_with(v_fields[5], '*');
    v_from timestamp := date_trunc('minute', p_after at time zone p_timezone) + interval '1 minute';
    v_day date;
    v_hour integer;
    v_minute integer;
    v_at timestamptz;
    v_skip integer;
    v_step integer;
begin
    if v_minutes is null or v_hours is null or v_days is null or v_months is null or v_weekdays is null then
        raise exception 'invalid cron expression %', quote_nullable(p_expression) using errcode = 'invalid_parameter_value';
    elsif starts_with(v_fields[2], '*') or cardinality(v_hours) = 24 then
        return private.next_cron_time_of_any_hour(
            v_minutes, v_hours, v_days, v_months, v_weekdays, v_must_fit_both, p_timezone, p_after, p_closed_days
        );
    end if;
    loop
        v_day := private.next_cron_day(v_days, v_months, v_weekdays, v_must_fit_both, v_from::date, p_closed_days);
        if v_day is null then
            return null;
        end if;
        v_from := greatest(v_from, v_day::timestamp);
        v_hour := v_hours[width_bucket(extract(hour from v_from)::integer - 1, v_hours) + 1];
        v_minute := v_minutes[1];
        if v_hour = extract(hour from v_from) then
            v_minute := v_minutes[width_bucket(extract(minute from v_from)::integer - 1, v_minutes) + 1];
            if v_minute is null then
                v_hour := v_hours[width_bucket(extract(hour from v_from)::integer, v_hours) + 1];
                v_minute := v_minutes[1];
            end if;
        end if;
        if v_hour is null then
            v_from := v_day + 1;
            continue;
        end if;
        v_from := v_day + make_time(v_hour, v_minute, 0);
        v_at := private.first_instant(v_from, p_timezone);
        if v_at > p_after then
            return v_at;
        end if;
        -- Clocks were set back, and this time came before: step over all that comes a second time, by halving.
        v_skip := 0;
        v_step := ceil(extract(epoch from (v_from at time zone p_timezone) - v_at) / 60);
        while v_step - v_skip > 1 loop
            if private.first_instant(v_from + make_interval(mins => (v_skip + v_step) / 2), p_timezone) > p_after then
                v_step := (v_skip + v_step) / 2;
            else
                v_skip := (v_skip + v_step) / 2;
            end if;
        end loop;
        v_from := v_from + make_interval(mins => greatest(v_step, 1));
    end loop;
end
$$;
comment on function private.next_cron_time is
    'The first time after p_after at which the clocks of a zone show what a cron expression says, on no closed day; an invalid one is an error. Where hours are chosen, a time that does not exist comes at the next minute that does, and one that comes twice counts once; where the hour is a star, a step of it or all hours, the clocks are followed as they go. Null: not within 40 years.';
revoke all on function private.next_cron_time from public, anon, authenticated, service_role;
