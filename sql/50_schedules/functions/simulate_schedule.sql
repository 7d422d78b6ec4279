create or replace function public.simulate_schedule(
    p_cron_expression text,
    p_timezone text default null,
    p_count integer default 10,
    p_after timestamptz default null
)
returns setof public.simulated_run
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.read');
    v_timezone text;
    v_fields text[];
    v_hours integer[];
    v_minutes integer[];
    v_local timestamp;
    v_run public.simulated_run;
    v_problem text;
begin
    select coalesce(p_timezone, t.timezone, 'UTC') into v_timezone
    from public.tenants as t
    where t.tenant_id = v_caller.tenant_id;
    v_problem := coalesce(
        case when p_count not between 1 and 100 or p_count is null then 'count must be between 1 and 100.' end,
        case when p_after not between '1970-01-01T00:00:00Z' and '2200-01-01T00:00:00Z' then 'after must lie between 1970 and 2200.' end,
        private.find_cron_problem(p_cron_expression),
        case when p_timezone is not null then private.find_timezone_problem(p_timezone) end
    );
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    v_fields := private.cron_fields(p_cron_expression);
    v_minutes := (private.read_cron_field(v_fields[1], 1)).numbers;
    v_hours := (private.read_cron_field(v_fields[2], 2)).numbers;
    v_run.run_at := coalesce(p_after, private.clock());
    for i in 1..p_count loop
        v_run.run_at := private.next_cron_time(p_cron_expression, v_timezone, v_run.run_at);
        exit when v_run.run_at is null;
        v_local := v_run.run_at at time zone v_timezone;
        if extract(hour from v_local) = any (v_hours) and extract(minute from v_local) = any (v_minutes) then
            v_run.verdict := 'run';
            v_run.reason := null;
        else
            v_run.verdict := 'moved';
            v_run.reason := format(
                'The clocks of %s go forward and skip this time; it runs at the next minute that exists, %s.',
                v_timezone, to_char(v_local, 'HH24:MI')
            );
        end if;
        return next v_run;
    end loop;
end
$$;
comment on function public.simulate_schedule is
    'The next 1 to 100 times at which such a schedule would run, after p_after or now, each with a verdict (run, moved by a change of the clocks) and its reason. Needs schedules.read.';
revoke all on function public.simulate_schedule from public, anon, authenticated, service_role;
grant execute on function public.simulate_schedule to authenticated;
