create or replace function public.simulate_schedule(
    p_schedule jsonb,
    p_count integer default 10,
    p_after timestamptz default null,
    p_expected_seconds double precision default null
)
returns setof public.simulated_run
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.read');
    v_schedule public.schedules := private.draft_schedule(v_caller);
    v_seconds double precision;
    v_at timestamptz := coalesce(p_after, private.clock());
    v_busy_until timestamptz;
    v_run public.simulated_run;
    v_problem text;
begin
    v_problem := case
        when p_count not between 1 and 100 or p_count is null then 'count must be between 1 and 100.'
        when p_after not between '1970-01-01T00:00:00Z' and '2200-01-01T00:00:00Z' then 'after must lie between 1970 and 2200.'
        when p_expected_seconds not between 0 and 604800 then 'expected_seconds must be between 0 and 604800.'
    end;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    v_schedule.name := 'simulated';
    v_schedule.created_at := v_at;
    v_schedule := private.change_schedule(v_schedule, p_schedule, true);
    v_seconds := coalesce(p_expected_seconds, private.expected_seconds(v_schedule.tenant_id, v_schedule.workflow_id));
    v_at := greatest(v_at, v_schedule.paused_until - interval '1 microsecond');
    for i in 1..p_count loop
        v_at := private.next_due_time(v_schedule, v_at);
        exit when v_at is null;
        v_run := private.judge_due_time(v_schedule, v_at);
        if v_run.verdict in ('run', 'moved') then
            if v_schedule.overlap_policy = 'skip' and v_at < v_busy_until then
                v_run.verdict := 'overlap';
                v_run.reason := format(
                    'A job takes %s seconds, so the one before is not finished, and the overlap policy is skip.', round(v_seconds)
                );
            else
                v_busy_until := v_at + make_interval(secs => v_seconds);
            end if;
        end if;
        return next v_run;
    end loop;
end
$$;
comment on function public.simulate_schedule is
    'The next 1 to 100 due times of a schedule that is described as for create_schedule, after p_after or now, each with a verdict (run, moved by the clocks or the calendar, overlap, holiday, blackout) and its reason; nothing is made. For overlap a job takes p_expected_seconds, or what jobs of its workflow took in the last 30 days. Raises 400 INVALID_ARGUMENT, 404 CALENDAR_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND. Needs schedules.read.';
revoke all on function public.simulate_schedule from public, anon, authenticated, service_role;
grant execute on function public.simulate_schedule to authenticated;
