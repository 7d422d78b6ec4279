-- What a caller says of the times, put into the columns that hold it. A field that repeats what is stored says nothing.
create or replace function private.compile_times(
    p_old public.schedules,     -- all null: there is none yet
    p_new public.schedules,     -- the changes are in it
    p_frequency text            -- if it was said
)
returns public.schedules
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_cron text := case when p_new.cron_expression is distinct from p_old.cron_expression then p_new.cron_expression end;
    v_run_at timestamptz := case when p_new.run_at is distinct from p_old.run_at then p_new.run_at end;
    v_seconds bigint := case when p_new.interval_seconds is distinct from p_old.interval_seconds then p_new.interval_seconds end;
    v_frequency text := p_frequency;
    v_is_every boolean := v_cron ~* '^\s*@every\M';
    v_local timestamp := p_new.starts_at at time zone p_new.timezone;
    v_problem text;
begin
    if num_nonnulls(v_cron, v_run_at, v_seconds) > 1 then
        v_problem := 'Of cron_expression, run_at and interval_seconds only one can say when a schedule runs.';
    elsif v_cron is not null and v_frequency not in ('cron', case when v_is_every then 'interval' else 'cron' end) then
        v_problem := format('cron_expression contradicts the frequency %s.', v_frequency);
    elsif v_run_at is not null and v_frequency <> 'once' then
        v_problem := format('run_at contradicts the frequency %s.', v_frequency);
    elsif v_seconds is not null and v_frequency <> 'interval' then
        v_problem := format('interval_seconds contradicts the frequency %s.', v_frequency);
    elsif v_is_every and private.every_seconds(v_cron) is null then
        v_problem := 'cron_expression: @every needs a duration such as 15m, 1h30m or 90s after it.';
    elsif num_nonnulls(v_frequency, v_cron, v_run_at, v_seconds, p_old.frequency) = 0 then
        v_problem := 'cron_expression must be given, or frequency, run_at or interval_seconds.';
    end if;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;

    if v_is_every then
        v_seconds := private.every_seconds(v_cron);
        v_cron := null;
        v_frequency := 'interval';
    end if;
    v_frequency := coalesce(
        v_frequency,
        case
            when v_cron is not null then 'cron'
            when v_run_at is not null then 'once'
            when v_seconds is not null then 'interval'
            else p_old.frequency::text
        end
    );
    p_new.frequency := v_frequency::public.schedule_frequency;
    p_new.cron_expression := btrim(coalesce(v_cron, p_old.cron_expression));
    p_new.run_at := coalesce(v_run_at, p_old.run_at);
    v_seconds := coalesce(v_seconds, p_old.interval_seconds);
    if v_frequency <> 'once' then
        p_new.run_at := null;
    elsif p_new.run_at is null then
        v_problem := 'run_at must be given with the frequency once.';
    elsif not private.is_calendar_time(p_new.run_at) then
        v_problem := 'run_at must lie in the years 1 to 9999.';
    end if;
    if v_frequency <> 'interval' then
        v_seconds := null;
    elsif v_seconds is null then
        v_problem := 'interval_seconds must be given with the frequency interval.';
    elsif v_seconds not between 1 and 31622400 then
        v_problem := 'interval_seconds must be between 1 and 31622400, which is 366 days.';
    end if;
    if v_frequency = 'cron' and p_new.cron_expression is null then
        v_problem := 'cron_expression must be given with the frequency cron.';
    elsif v_frequency = 'cron' then
        v_problem := private.find_cron_problem(p_new.cron_expression);
    elsif v_frequency in ('once', 'interval') then
        p_new.cron_expression := null;
    elsif v_local <> date_trunc('minute', v_local) then
        v_problem := format('starts_at must be a whole minute with the frequency %s, whose time of day it says.', v_frequency);
    elsif v_frequency = 'monthly' and extract(day from v_local) > 28 then
        v_problem := format(
            'starts_at must not be day %s with the frequency monthly: not every month has it.', extract(day from v_local)
        );
    else
        p_new.cron_expression := case
            when v_local is null then '@' || v_frequency
            when v_frequency = 'hourly' then to_char(v_local, 'FMMI "* * * *"')
            when v_frequency = 'daily' then to_char(v_local, 'FMMI FMHH24 "* * *"')
            when v_frequency = 'weekly' then to_char(v_local, 'FMMI FMHH24 "* *" ') || extract(dow from v_local)
            when v_frequency = 'monthly' then to_char(v_local, 'FMMI FMHH24 FMDD "* *"')
        end;
    end if;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    p_new.interval_seconds := v_seconds;
    return p_new;
end
$$;
comment on function private.compile_times is
    'A schedule whose frequency and the fields that belong to it agree: hourly to monthly as a cron expression, with the minute, hour and day of starts_at. Raises 400 INVALID_ARGUMENT for what contradicts itself or is missing.';
revoke all on function private.compile_times from public, anon, authenticated, service_role;
