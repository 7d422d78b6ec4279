-- Only of tenants that somebody watches now. Counts stop at p_most_jobs each, along an index. See docs/queue.md.
create or replace function private.push_overviews(p_limit integer default 1000, p_most_jobs integer default 1000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_after integer := coalesce(
        (select (d.position ->> 'tenant_no')::integer from private.duty_runs as d where d.name = 'push_overviews'), 0
    );
    v_tenant record;
    v_robots record;
    v_seen integer := 0;
    v_pushed integer := 0;
begin
    for v_tenant in
        select
            q.tenant_id, q.tenant_no, n.waiting, n.scheduled, n.running, d.pushed_at, coalesce(d.robots, '{}') as robots,
            (d.waiting, d.scheduled, d.running) is distinct from (n.waiting, n.scheduled, n.running) as is_new
        from (
            select o.tenant_id, o.tenant_no
            from private.queue_tenants as o
            where o.watched_until > v_now
            order by o.tenant_no
        ) as q
        left join private.overviews as d on d.tenant_no = q.tenant_no
        cross join lateral (
            select
                (
                    select count(*)
                    from (select from private.ready as r where r.tenant_no = q.tenant_no limit p_most_jobs) as c
                )::integer as waiting,
                (
                    select count(*)
                    from (select from private.scheduled as s where s.tenant_id = q.tenant_id limit p_most_jobs) as c
                )::integer as scheduled,
                (
                    select count(*)
                    from (select from private.leases as l where l.tenant_id = q.tenant_id limit p_most_jobs) as c
                )::integer as running
            offset 0    -- counted once, not for each mention
        ) as n
        where q.tenant_no > v_after
        order by q.tenant_no
        limit p_limit
    loop
        v_seen := v_seen + 1;
        v_after := v_tenant.tenant_no;
        -- Robots that were heard of since, or are not what they were: at most 500, as a message must not grow for ever.
        select
            count(*) filter (where c.is_news) as news,
            jsonb_agg(
                jsonb_build_object(
                    'robot_id', c.robot_id,
                    'external_id', c.external_id,
                    'is_online', c.is_online,
                    'is_active', c.is_active,
                    'is_healthy', c.is_healthy,
                    'is_busy', c.is_busy,
                    'load', c.load,
                    'cpu_percent', c.metrics -> 'cpu_percent',
                    'memory_percent', c.metrics -> 'memory_percent',
                    'memory_mb', c.metrics -> 'memory_mb',
                    'last_heartbeat_at', private.to_iso(c.last_heartbeat_at)
                )
            ) filter (where c.is_news and c.place <= 500) as told,
            jsonb_object_agg(
                c.robot_id,
                case when not c.is_news or c.place <= 500 then c.facts else v_tenant.robots ->> c.robot_id::text end
            ) as facts
        into v_robots
        from (
            select n.*, count(*) filter (where n.is_news) over (order by n.robot_id) as place
            from (
                select
                    r.*,
                    f.facts,
                    coalesce(r.last_heartbeat_at > v_tenant.pushed_at, v_tenant.pushed_at is null)
                        or v_tenant.robots ->> r.robot_id::text is distinct from f.facts as is_news
                from public.live_robots as r
                cross join lateral (
                    select concat_ws(' ', r.is_online, r.is_active, r.is_healthy, r.is_busy) as facts
                ) as f
                where r.tenant_id = v_tenant.tenant_id
            ) as n
        ) as c;
        continue when not v_tenant.is_new and v_robots.news = 0;
        insert into private.overviews as d (tenant_no, waiting, scheduled, running, robots, pushed_at)
        values (
            v_tenant.tenant_no, v_tenant.waiting, v_tenant.scheduled, v_tenant.running,
            coalesce(v_robots.facts, '{}'), v_now
        )
        on conflict (tenant_no) do update set
            waiting = excluded.waiting,
            scheduled = excluded.scheduled,
            running = excluded.running,
            robots = excluded.robots,
            pushed_at = excluded.pushed_at;
        perform private.broadcast(
            'tenant:' || v_tenant.tenant_id || ':changes',
            'overview',
            jsonb_build_object(
                'queue', jsonb_build_object(
                    'waiting', v_tenant.waiting,
                    'scheduled', v_tenant.scheduled,
                    'running', v_tenant.running,
                    'is_capped', greatest(v_tenant.waiting, v_tenant.scheduled, v_tenant.running) >= p_most_jobs,
                    'oldest_created_at', (
                        select private.to_iso(min(private.uuid_v7_time(f.job_id)))
                        from private.lanes as l
                        cross join lateral (
                            select r.job_id
                            from private.ready as r
                            where r.tenant_no = l.tenant_no and r.lane_id = l.lane_id
                            order by r.job_id
                            limit 1
                        ) as f
                        where l.tenant_no = v_tenant.tenant_no
                    )
                ),
                'robots', coalesce(v_robots.told, '[]'),
                'are_robots_capped', v_robots.news > 500,
                'timestamp', private.to_iso(v_now)
            )
        );
        v_pushed := v_pushed + 1;
    end loop;
    update private.duty_runs as r
    set position = case when v_seen = p_limit then jsonb_build_object('tenant_no', v_after) end
    where r.name = 'push_overviews';
    return v_pushed;
end
$$;
comment on function private.push_overviews is
    'Duty: pushes overview on tenant:<id>:changes for tenants that are watched, if their counts of waiting, scheduled and running jobs (each to p_most_jobs at most) are not what was last pushed, or robots were heard of or are busy, idle or away now; returns how many. The next run goes on after p_limit tenants.';
revoke all on function private.push_overviews from public, anon, authenticated, service_role;
