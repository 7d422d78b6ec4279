-- Each hour is looked up by its key, so that neither other robots nor a long history cost anything.
create or replace function public.get_robot_measurements(
    p_robot text default null,
    p_since timestamptz default null,
    p_until timestamptz default null,
    p_step_minutes integer default null
)
returns table (
    starts_at timestamptz,
    ends_at timestamptz,
    cpu_percent real,
    cpu_percent_max real,
    memory_percent real,
    memory_percent_max real,
    memory_mb real,
    memory_mb_max real,
    disk_percent real,
    disk_percent_max real
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    v_robot public.robots := private.authorize_for_robot(p_robot, 'robots.read');
    v_until timestamptz := coalesce(p_until, private.clock());
    v_since timestamptz := coalesce(p_since, v_until - interval '24 hours');
    v_minutes integer := p_step_minutes;
    v_step interval;
    v_first timestamptz;
    v_end timestamptz;
begin
    if not private.is_calendar_time(v_since) or not private.is_calendar_time(v_until) then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'since and until must lie in the years 1 to 9999.');
    end if;
    if v_since >= v_until or v_until - v_since > interval '31 days' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'since must lie before until, by 31 days at most.');
    end if;
    if v_minutes is null then
        select min(s.minutes) into v_minutes
        from unnest('{5, 15, 60, 240}'::integer[]) as s (minutes)
        where v_until - v_since <= 300 * make_interval(mins => s.minutes);
    elsif v_minutes < 5 or v_minutes % 5 <> 0 or 1440 % v_minutes <> 0 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'step_minutes must be a multiple of 5 that divides a day: 5, 15, 60.');
    end if;
    v_step := make_interval(mins => v_minutes);
    v_first := date_bin(v_step, v_since, 'epoch');
    v_end := date_bin(v_step, v_until, 'epoch');
    if v_end < v_until or p_until is null then     -- the running step, too
        v_end := v_end + v_step;
    end if;
    if v_end - v_first > 2100 * v_step then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT',
            format('step_minutes must be greater: with %s there are more than 2100 points from since to until.', v_minutes)
        );
    end if;
    return query
    with steps as (
        select
            k.starts_at + (n - 1) * interval '5 minutes' as starts_at,
            k.cpu_percent[n] as cpu_percent,
            k.cpu_percent_max[n] as cpu_percent_max,
            k.memory_percent[n] as memory_percent,
            k.memory_percent_max[n] as memory_percent_max,
            k.memory_mb[n] as memory_mb,
            k.memory_mb_max[n] as memory_mb_max,
            k.disk_percent[n] as disk_percent,
            k.disk_percent_max[n] as disk_percent_max
        from generate_series(date_bin('1 hour', v_first, 'epoch'), v_end - interval '5 minutes', interval '1 hour') as h (starts_at)
        cross join lateral (
            select m.*
            from public.robot_measurements as m
            where m.tenant_id = v_robot.tenant_id and m.starts_at = h.starts_at and m.robot_id = v_robot.robot_id
            limit 1
        ) as k
        cross join generate_series(1, 12) as n
        union all
        select
            r.measured_since,
            private.average_measured(r.measured, 1),
            case when r.measured[1] > 0 then r.measured[3] end,
            private.average_measured(r.measured, 2),
            case when r.measured[4] > 0 then r.measured[6] end,
            private.average_measured(r.measured, 3),
            case when r.measured[7] > 0 then r.measured[9] end,
            private.average_measured(r.measured, 4),
            case when r.measured[10] > 0 then r.measured[12] end
        from public.robot_heartbeats as r
        where r.robot_id = v_robot.robot_id
    )
    select
        b.starts_at,
        b.starts_at + v_step,
        round(avg(s.cpu_percent)::numeric, 1)::real,
        max(s.cpu_percent_max),
        round(avg(s.memory_percent)::numeric, 1)::real,
        max(s.memory_percent_max),
        round(avg(s.memory_mb)::numeric, 1)::real,
        max(s.memory_mb_max),
        round(avg(s.disk_percent)::numeric, 1)::real,
        max(s.disk_percent_max)
    from generate_series(v_first, v_end - v_step, v_step) as b (starts_at)
    left join steps as s on date_bin(v_step, s.starts_at, 'epoch') = b.starts_at
    group by b.starts_at
    order by b.starts_at;
end
$$;
comment on function public.get_robot_measurements is
    'What a robot''s heartbeats said of its machine from p_since (default: 24 hours before) to p_until (default: now): the average and the highest of each p_step_minutes (5, 15, 60 …; default: such that there are at most 300), nulls where no heartbeat said it. At most 31 days and 2,100 steps. Raises 404 ROBOT_NOT_FOUND. Needs robots.read; a robot asks for itself (p_robot null).';
revoke all on function public.get_robot_measurements from public, anon, authenticated, service_role;
grant execute on function public.get_robot_measurements to authenticated;
