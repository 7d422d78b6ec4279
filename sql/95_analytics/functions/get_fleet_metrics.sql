create or replace function public.get_fleet_metrics()
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('analytics.read');
    v_today timestamptz;
    v_waiting jsonb;        -- how many jobs of each priority that wait for a robot
begin
    perform private.sequence_tenant_events(v_caller.tenant_id);
    v_today := private.tenant_day_began_at(v_caller.tenant_id);
    select coalesce(jsonb_object_agg(of_priority.priority, of_priority.jobs), '{}')
    into v_waiting
    from (
        select l.priority, sum(of_lane.jobs) as jobs
        from (
            select r.lane_id, count(*) as jobs
            from private.ready as r
            where r.tenant_no = (select q.tenant_no from private.queue_tenants as q where q.tenant_id = v_caller.tenant_id)
            group by r.lane_id
        ) as of_lane
        join private.lanes as l on l.lane_id = of_lane.lane_id
        group by l.priority
    ) as of_priority;
    return jsonb_build_object(
        'robots', (
            select coalesce(jsonb_agg(to_jsonb(states)), '[]')
            from (
                select r.is_online, r.is_active, r.is_healthy, r.is_busy, count(*) as robots
                from public.live_robots as r
                where r.tenant_id = v_caller.tenant_id
                group by r.is_online, r.is_active, r.is_healthy, r.is_busy
            ) as states
        ),
        'active_jobs', (select count(*) from private.leases as l where l.tenant_id = v_caller.tenant_id),
        'queue_depth', (select coalesce(sum(w.value::bigint), 0) from jsonb_each_text(v_waiting) as w),
        'queue_by_priority', v_waiting,
        'scheduled_jobs', (select count(*) from private.scheduled as s where s.tenant_id = v_caller.tenant_id),
        'today', (
            select jsonb_build_object(
                'completed', coalesce(sum(r.completed), 0),
                'failed', coalesce(sum(r.failed), 0),
                'timed_out', coalesce(sum(r.timed_out), 0),
                'cancelled', coalesce(sum(r.cancelled), 0),
                'duration_ms_sum', coalesce(sum(r.duration_ms_sum), 0)
            )
            from public.job_rollups as r
            where r.tenant_id = v_caller.tenant_id and r.level = 'tenant_hour' and r.starts_at >= v_today
        ),
        'total', (
            select jsonb_build_object(
                'completed', r.completed,
                'failed', r.failed,
                'timed_out', r.timed_out,
                'cancelled', r.cancelled,
                'duration_ms_sum', r.duration_ms_sum,
                'durations', (
                    select coalesce(jsonb_agg(
                        jsonb_build_array(private.bucket_duration_ms(d.key::integer), d.value::bigint) order by d.key::integer
                    ), '[]')
                    from jsonb_each_text(r.durations) as d
                )
            )
            from public.job_rollups as r
            where r.tenant_id = v_caller.tenant_id and r.level = 'tenant'
        )
    );
end
$$;
comment on function public.get_fleet_metrics is
    'How many of the tenant''s robots are in which state (online, active, healthy, busy), jobs in hand and waiting, the waiting ones also by priority, and how jobs ended today (in the tenant''s timezone) and ever. Needs analytics.read.';
revoke all on function public.get_fleet_metrics from public, anon, authenticated, service_role;
grant execute on function public.get_fleet_metrics to authenticated;
