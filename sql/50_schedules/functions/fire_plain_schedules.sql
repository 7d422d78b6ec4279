-- What private.fire_schedule() does for one, for many that need nothing but a job now: a statement for each table instead of a
-- dozen for each schedule. Whoever is not plain, or meets anything out of the ordinary, is not in the answer, and has fire_schedule.
create or replace function private.fire_plain_schedules(p_schedule_ids uuid[])
returns uuid[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_actor_id uuid := private.actor_id();
    v_xid xid8 := pg_current_xact_id();     -- older than the ids of the jobs: private.raise_low_water() counts on it
    v_due public.schedules[];
    v_plans private.fire_plan[];
    v_default private.new_job;      -- the options that schedules have no column of
begin
    v_due := array(
        select s
        from public.schedules as s
        where s.schedule_id = any (p_schedule_ids)
            and s.next_run_at between v_now - interval '4 minutes' and v_now
            and s.overlap_policy = 'allow' and s.max_consecutive_failures = 0 and s.calendar_id is null and s.robot_id is null
            and s.pool_id is null and s.dedupe_key is null
        for update skip locked
    );
    perform private.keep_workflow(w.workflow_id)
    from (select distinct d.workflow_id from unnest(v_due) as d order by d.workflow_id) as w;
    perform private.find_queue_tenant(t.tenant_id) from (select distinct d.tenant_id from unnest(v_due) as d) as t;

    v_plans := array(
        select (
            d.schedule, d.fire_time, d.next_due + d.jitter, private.uuid_v7(), w.name, w.current_version, q.tenant_no, r.required,
            l.workflow_limit_id, null
        )::private.fire_plan
        from (
            select
                x.schedule, x.jitter, x.fire_time,
                case when x.is_shared then t.next_due else private.next_due_time(x.schedule, x.fire_time) end as next_due
            from (
                select
                    u as schedule, j.jitter, u.next_run_at - j.jitter as fire_time,
                    u.cron_expression is not null and u.starts_at is null and u.ends_at is null as is_shared
                from unnest(v_due) as u
                cross join lateral (select private.jitter_of(u.schedule_id, u.jitter_seconds) as jitter offset 0) as j
                offset 0
            ) as x
            left join (     -- once for all that have the same times
                select k.cron, k.zone, k.jitter, k.at, private.next_cron_time(k.cron, k.zone, k.at - k.jitter) as next_due
                from (
                    select distinct u.cron_expression as cron, u.timezone as zone, u.next_run_at as at, j.jitter
                    from unnest(v_due) as u
                    cross join lateral (select private.jitter_of(u.schedule_id, u.jitter_seconds) as jitter offset 0) as j
                    where u.cron_expression is not null and u.starts_at is null and u.ends_at is null
                ) as k
                offset 0
            ) as t
                on x.is_shared and t.cron = (x.schedule).cron_expression and t.zone = (x.schedule).timezone
                    and t.at = (x.schedule).next_run_at and t.jitter = x.jitter
            offset 0
        ) as d
        join public.workflows as w on w.workflow_id = (d.schedule).workflow_id and w.tenant_id = (d.schedule).tenant_id
            and w.deleted_at is null and w.is_enabled and w.status in ('published', 'deprecated')
        join private.queue_tenants as q on q.tenant_id = (d.schedule).tenant_id and not q.is_full and not q.is_fair
            and not q.has_chains    -- their triggers may wait for schedule.fired
        cross join lateral private.find_job_limits((d.schedule).tenant_id, (d.schedule).workflow_id, null) as l
        cross join lateral private.required_of(
            (d.schedule).required_capabilities, (d.schedule).required_tags, (d.schedule).execution_mode = 'internet', null
        ) as r (required)
        where (d.next_due > v_now - d.jitter or d.next_due is null)
            and not exists (
                select
                from public.schedule_fires as f
                where f.tenant_id = (d.schedule).tenant_id and f.schedule_id = (d.schedule).schedule_id and f.fire_time = d.fire_time
            )
    );
    if v_plans = '{}' then
        return '{}';
    end if;
    v_plans := array(
        select (
            p.schedule, p.fire_time, p.next_run_at, p.job_id, p.workflow_name, p.workflow_version, p.tenant_no, p.required,
            p.workflow_limit_id, g.lane_id
        )::private.fire_plan
        from unnest(v_plans) as p
        join (
            select
                k.tenant_no, k.environment, k.required, k.priority, k.workflow_limit_id,
                private.find_lane(k.tenant_no, k.environment, k.required, null, k.priority, k.workflow_limit_id) as lane_id
            from (
                select distinct
                    p.tenant_no, (p.schedule).environment, p.required, (p.schedule).priority, p.workflow_limit_id
                from unnest(v_plans) as p
            ) as k
            offset 0
        ) as g
            on g.tenant_no = p.tenant_no and g.environment = (p.schedule).environment and g.required = p.required
                and g.priority = (p.schedule).priority and g.workflow_limit_id is not distinct from p.workflow_limit_id
    );

    v_default.workflow_id := (v_plans[1].schedule).workflow_id;
    v_default := private.check_new_job((v_plans[1].schedule).tenant_id, v_default);
    insert into private.dedupe_keys (tenant_id, dedupe_key, job_id)
    select
        (p.schedule).tenant_id, 'schedule:' || (p.schedule).schedule_id || ':' || private.to_iso(p.fire_time), p.job_id
    from unnest(v_plans) as p;
    insert into public.jobs (
        job_id, tenant_id, workflow_id, workflow_version, workflow_name, lane_id, trigger_type, execution_mode, environment,
        required_capabilities, required_tags, priority, input, metadata, dedupe_key, max_attempts, timeout_seconds, retry_policy,
        created_by, created_at
    )
    select
        p.job_id, j.tenant_id, j.workflow_id, p.workflow_version, p.workflow_name, p.lane_id, 'scheduled', j.execution_mode,
        j.environment, j.required_capabilities, j.required_tags, j.priority, j.input,
        j.metadata || jsonb_build_object('schedule_id', j.schedule_id),
        'schedule:' || j.schedule_id || ':' || private.to_iso(p.fire_time), v_default.max_attempts,
        v_default.timeout_seconds, v_default.retry_policy, j.created_by, v_now
    from unnest(v_plans) as p
    cross join lateral (select (p.schedule).*) as j;
    insert into private.ready (tenant_no, lane_id, job_id)
    select p.tenant_no, p.lane_id, p.job_id from unnest(v_plans) as p;
    insert into public.schedule_fires (tenant_id, schedule_id, fire_time, outcome, job_id, fired_at)
    select (p.schedule).tenant_id, (p.schedule).schedule_id, p.fire_time, 'enqueued', p.job_id, v_now
    from unnest(v_plans) as p;
    update public.schedules as s
    set next_run_at = p.next_run_at, last_run_at = v_now, run_count = s.run_count + 1
    from unnest(v_plans) as p
    where s.schedule_id = (p.schedule).schedule_id;

    perform private.ring_robots(k.tenant_no, k.environment, k.required, null, k.jobs)
    from (
        select p.tenant_no, (p.schedule).environment, p.required, count(*)::integer as jobs
        from unnest(v_plans) as p
        group by 1, 2, 3
    ) as k;
    perform private.announce_jobs(
        'job.queued', 'queued',
        array_agg((
            (p.schedule).tenant_id, p.job_id, (p.schedule).workflow_id, p.workflow_name, null, 0, null
        )::private.job_notice order by (p.schedule).tenant_id)
    )
    from unnest(v_plans) as p;
    insert into private.event_inbox (tenant_id, event_type, occurred_at, job_id, workflow_id, actor_id, data)
    select      -- as private.announce_fire() does it
        (p.schedule).tenant_id, 'schedule.fired', v_now, p.job_id, (p.schedule).workflow_id, v_actor_id,
        jsonb_build_object(
            'schedule_id', (p.schedule).schedule_id, 'schedule_name', (p.schedule).name, 'fire_time', private.to_iso(p.fire_time),
            'manual', false, 'outcome', 'enqueued'
        )
    from unnest(v_plans) as p;
    return array(select (p.schedule).schedule_id from unnest(v_plans) as p);
end
$$;
comment on function private.fire_plain_schedules is
    'Fires those of the schedules whose one due time needs nothing but a job of a runnable workflow, all at once, and returns which they were. An error is that of all: the caller fires each alone then.';
revoke all on function private.fire_plain_schedules from public, anon, authenticated, service_role;
