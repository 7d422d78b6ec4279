create or replace function private.judge_due_time(p_schedule public.schedules, p_due timestamptz)
returns public.simulated_run
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_run public.simulated_run := (p_due, 'run', null);
    v_calendar public.calendars;
    v_fields text[];
    v_local timestamp := p_due at time zone p_schedule.timezone;
begin
    if p_schedule.calendar_id is not null then
        v_calendar := private.find_calendar(p_schedule.tenant_id, p_schedule.calendar_id);
        select coalesce(c.verdict, 'run'), c.reason
        into v_run.verdict, v_run.reason
        from private.find_closure(v_calendar, p_schedule.timezone, p_due) as c;
        if v_run.verdict <> 'run' then
            return v_run;
        elsif private.next_planned_time(p_schedule, p_due - interval '1 microsecond') is distinct from p_due then
            v_run.verdict := 'moved';
            v_run.reason := format(
                'The calendar moves it here from a closed day or hour %s.',
                case p_schedule.on_closed_day when 'next' then 'before' else 'after' end
            );
            return v_run;
        end if;
    end if;
    if p_schedule.cron_expression is not null then
        v_fields := private.cron_fields(p_schedule.cron_expression);
        if extract(hour from v_local) <> all ((private.read_cron_field(v_fields[2], 2)).numbers)
            or extract(minute from v_local) <> all ((private.read_cron_field(v_fields[1], 1)).numbers)
        then
            v_run.verdict := 'moved';
            v_run.reason := format(
                'The clocks of %s go forward and skip this time; it runs at the next minute that exists, %s.',
                p_schedule.timezone, to_char(v_local, 'HH24:MI')
            );
        end if;
    end if;
    return v_run;
end
$$;
comment on function private.judge_due_time is
    'What is to be said of a due time of a schedule before it comes: whether it runs, and whether its calendar or the clocks move it.';
revoke all on function private.judge_due_time from public, anon, authenticated, service_role;
