-- Nobody can know whether somebody listens, so it must be cheap for all: it looks at tenants that have unfinished work, or
-- had some when it last looked, and counts each of the three to 1,000 at most, along an index. See docs/queue.md.
create or replace function private.push_queue_depths(p_limit integer default 1000, p_most_jobs integer default 1000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_after integer := coalesce(
        (select (d.position ->> 'tenant_no')::integer from private.duty_runs as d where d.name = 'push_queue_depths'), 0
    );
    v_zero uuid := '00000000-0000-0000-0000-000000000000';
    v_tenant record;
    v_seen integer := 0;
    v_pushed integer := 0;
begin
    for v_tenant in
        -- From tenant to tenant along each index, however many rows each has.
        with recursive ready (tenant_no) as (
            (select r.tenant_no from private.ready as r where r.tenant_no > v_after order by r.tenant_no limit 1)
            union all
            select (select r.tenant_no from private.ready as r where r.tenant_no > b.tenant_no order by r.tenant_no limit 1)
            from ready as b
            where b.tenant_no is not null
        ),
        scheduled (tenant_id) as (
            (select s.tenant_id from private.scheduled as s where s.tenant_id > v_zero order by s.tenant_id limit 1)
            union all
            select (select s.tenant_id from private.scheduled as s where s.tenant_id > b.tenant_id order by s.tenant_id limit 1)
            from scheduled as b
            where b.tenant_id is not null
        ),
        leased (tenant_id) as (
            (select l.tenant_id from private.leases as l where l.tenant_id > v_zero order by l.tenant_id limit 1)
            union all
            select (select l.tenant_id from private.leases as l where l.tenant_id > b.tenant_id order by l.tenant_id limit 1)
            from leased as b
            where b.tenant_id is not null
        ),
        busy as (
            select b.tenant_no from ready as b
            union
            select q.tenant_no
            from (select s.tenant_id from scheduled as s union select l.tenant_id from leased as l) as u
            cross join lateral (
                select q.tenant_no from private.queue_tenants as q where q.tenant_id = u.tenant_id offset 0
            ) as q
            union
            select d.tenant_no from private.queue_depths as d where d.waiting + d.scheduled + d.running > 0
        )
        select
            q.tenant_id, b.tenant_no, n.waiting, n.scheduled, n.running,
            (t.settings #> '{realtime,queue}' = 'false') is not true as is_pushed,
            (d.waiting, d.scheduled, d.running) is distinct from (n.waiting, n.scheduled, n.running) as is_new
        from busy as b
        cross join lateral (    -- offset 0: looked up one by one, not joined with all tenants there are
            select q.tenant_id from private.queue_tenants as q where q.tenant_no = b.tenant_no offset 0
        ) as q
        join public.tenants as t on t.tenant_id = q.tenant_id
        left join private.queue_depths as d on d.tenant_no = b.tenant_no
        cross join lateral (
            select
                (
                    select count(*)
                    from (select from private.ready as r where r.tenant_no = b.tenant_no limit p_most_jobs) as c
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
        where b.tenant_no > v_after
        order by b.tenant_no
        limit p_limit
    loop
        v_seen := v_seen + 1;
        v_after := v_tenant.tenant_no;
        continue when not v_tenant.is_new or not v_tenant.is_pushed;
        insert into private.queue_depths as d (tenant_no, waiting, scheduled, running, pushed_at)
        values (v_tenant.tenant_no, v_tenant.waiting, v_tenant.scheduled, v_tenant.running, private.clock())
        on conflict (tenant_no) do update set
            waiting = excluded.waiting,
            scheduled = excluded.scheduled,
            running = excluded.running,
            pushed_at = excluded.pushed_at;
        perform private.broadcast(
            'tenant:' || v_tenant.tenant_id || ':queue',
            'queue.depth',
            jsonb_build_object(
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
                ),
                'timestamp', private.to_iso(private.clock())
            )
        );
        v_pushed := v_pushed + 1;
    end loop;
    update private.duty_runs as d
    set position = case when v_seen = p_limit then jsonb_build_object('tenant_no', v_after) end
    where d.name = 'push_queue_depths';
    return v_pushed;
end
$$;
comment on function private.push_queue_depths is
    'Duty: pushes queue.depth on tenant:<id>:queue for tenants whose counts of waiting, scheduled and running jobs, each to p_most_jobs at most, are not what was last pushed; returns how many. The next run goes on after p_limit tenants.';
revoke all on function private.push_queue_depths from public, anon, authenticated, service_role;
