-- Jobs of one demand wait for one reason: what decides it (environment, requirements, target, limits) is the lane's. So lanes are
-- counted and demands are judged, by what judges a job in explain_job; no job is read. Every part has an end: a thousand lanes,
-- 20,000 jobs that all lanes share equally (one full lane hides no other), and the more robots, the fewer demands.
-- Jobs of a workflow that was deleted count as the others do until they are cancelled, which takes minutes.
create or replace function public.list_waiting_reasons()
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('jobs.read');
    v_now timestamptz := private.clock();
    v_tenant_no integer := (select q.tenant_no from private.queue_tenants as q where q.tenant_id = v_caller.tenant_id);
    v_most_lanes constant integer := 1000;
    v_most_jobs constant integer := 20000;
    v_most_scheduled constant integer := 1000;
    v_most_demands integer := (
        select greatest(5, least(50, 2000 / greatest(count(*), 1)))
        from public.robots as r
        where r.tenant_id = v_caller.tenant_id and r.deleted_at is null
    );
    v_lanes integer;
    v_demand record;
    v_lane_ids integer[] := '{}';           -- of what is judged by the tenant's own robots
    v_job_ids uuid[] := '{}';
    v_limits private.limits[] := '{}';
    v_counts jsonb[] := '{}';
    v_pool_demands integer := 0;
    v_count jsonb;
    v_job public.jobs;
    v_reason jsonb;
    v_found jsonb := '[]';
    v_others bigint := 0;
    v_waiting bigint := 0;
    v_scheduled bigint := 0;
    v_is_capped boolean := false;
begin
    select count(*)
    into v_lanes
    from (
        select
        from private.lanes as e
        where e.tenant_no = v_tenant_no
            and exists (
                select
                from private.ready as r
                where r.tenant_no = e.tenant_no and r.lane_id = e.lane_id and r.job_id >= e.low_job_id
            )
        limit v_most_lanes + 1
    ) as working;
    v_is_capped := v_lanes > v_most_lanes;

    for v_demand in
        with counted as materialized (
            select e.*, o.job_id as oldest_job_id, n.job_id as newest_job_id, c.jobs, c.jobs = c.most as is_capped
            from private.lanes as e
            cross join lateral (
                select r.job_id
                from private.ready as r
                where r.tenant_no = e.tenant_no and r.lane_id = e.lane_id and r.job_id >= e.low_job_id
                order by r.job_id
                limit 1
            ) as o
            cross join lateral (
                select r.job_id
                from private.ready as r
                where r.tenant_no = e.tenant_no and r.lane_id = e.lane_id
                order by r.job_id desc
                limit 1
            ) as n
            cross join lateral (
                select count(*) as jobs, v_most_jobs / greatest(v_lanes, 1) as most
                from (
                    select
                    from private.ready as r
                    where r.tenant_no = e.tenant_no and r.lane_id = e.lane_id and r.job_id >= o.job_id
                    limit v_most_jobs / greatest(v_lanes, 1)
                ) as r
            ) as c
            where e.tenant_no = v_tenant_no
            limit v_most_lanes
        ), full_limits as materialized (
            select w.*
            from private.limits as w
            where w.tenant_id = v_caller.tenant_id
                and (
                    w.scope = 'tenant'
                    or w.limit_id in (
                        select u.limit_id
                        from counted as c
                        cross join lateral (values (c.workflow_limit_id), (c.key_limit_id)) as u (limit_id)
                    )
                )
                and private.lane_room(w.limit_id, null) = 0
        )
        select
            d.*,
            w as reached_limit,
            d.pool_id is not null and not exists (
                select from public.pools as p where p.pool_id = d.pool_id and p.tenant_id = v_caller.tenant_id
            ) as is_in_pool     -- of another tenant
        from (
            select
                (array_agg(c.lane_id order by c.oldest_job_id))[1] as lane_id,
                (array_agg(c.oldest_job_id order by c.oldest_job_id))[1] as oldest_job_id,
                (array_agg(c.newest_job_id order by c.newest_job_id desc))[1] as newest_job_id,
                private.pool_of(c.required) as pool_id,
                r.limit_id,
                sum(c.jobs)::bigint as jobs,
                bool_or(c.is_capped) as is_capped
            from counted as c
            left join lateral (
                -- As private.find_full_limits() orders them.
                select f.limit_id
                from full_limits as f
                where f.scope = 'tenant' or f.limit_id in (c.workflow_limit_id, c.key_limit_id)
                order by f.max_running > 0, f.scope
                limit 1
            ) as r on true
            group by c.environment, c.required, c.robot_id, r.limit_id
        ) as d
        left join private.limits as w on w.limit_id = d.limit_id
        order by d.jobs desc, d.lane_id
    loop
        v_waiting := v_waiting + v_demand.jobs;
        v_is_capped := v_is_capped or v_demand.is_capped;
        v_count := jsonb_build_object(
            'jobs', v_demand.jobs, 'is_capped', v_demand.is_capped, 'job_id', v_demand.oldest_job_id,
            'newest_job_id', v_demand.newest_job_id
        );
        if v_demand.is_in_pool and v_pool_demands < 5 then
            v_pool_demands := v_pool_demands + 1;
            select j.* into v_job from public.jobs as j where j.job_id = v_demand.oldest_job_id;
            v_found := v_found || jsonb_build_array(v_count || private.explain_pool_job(v_job, 0));
        elsif not v_demand.is_in_pool and cardinality(v_lane_ids) < v_most_demands then
            v_lane_ids := array_append(v_lane_ids, v_demand.lane_id);
            v_job_ids := array_append(v_job_ids, v_demand.oldest_job_id);
            v_limits := array_append(v_limits, v_demand.reached_limit);
            v_counts := array_append(v_counts, v_count);
        else
            v_others := v_others + v_demand.jobs;
        end if;
    end loop;

    for v_demand in
        select
            w.place,
            w.job_id,
            r.reason,
            r.external_id,
            coalesce(r.robots, 0) as robots,
            coalesce(r.robots_online, 0) as robots_online
        from unnest(v_job_ids) with ordinality as w (job_id, place)
        left join private.judge_robots(
            v_caller.tenant_id, v_lane_ids, v_job_ids, v_limits, p_limit => 1
        ) as r on r.place = w.place
        order by w.place
    loop
        select j.* into v_job from public.jobs as j where j.job_id = v_demand.job_id;
        v_count := v_counts[v_demand.place];
        v_reason := private.explain_waiting_job(
            v_job,
            case when v_demand.reason is null then '[]' else jsonb_build_array(v_demand.reason) end,
            v_demand.robots::integer,
            v_demand.robots_online::integer
        );
        if v_reason ->> 'reason_code' = 'next_in_line' and (v_count ->> 'jobs')::bigint > 1 then
            -- The oldest is next, and the others stand behind it.
            v_found := v_found || jsonb_build_array(
                v_count || jsonb_build_object(
                    'jobs', (v_count ->> 'jobs')::bigint - 1, 'job_id', v_count ->> 'newest_job_id'
                ) || private.explain_reason('better_jobs_ahead', jsonb_build_object(
                    'robot', v_demand.external_id,
                    'ahead', case
                        when (v_count ->> 'jobs')::bigint > 100 then 'at least 100' else ((v_count ->> 'jobs')::bigint - 1)::text
                    end
                ))
            );
            v_count := v_count || '{"jobs": 1, "is_capped": false}';
        end if;
        v_found := v_found || jsonb_build_array(v_count || v_reason);
    end loop;

    for v_demand in
        select
            k.reason_code,
            count(*) as jobs,
            (array_agg(to_jsonb(k) order by k.run_at, k.job_id))[1] as first
        from (
            select
                s.job_id, s.run_at, s.attempts, j.uncounted_ends, j.max_attempts, j.error_message,
                case
                    when s.run_at <= v_now then 'about_to_be_ready'
                    when j.uncounted_ends > 0 then 'start_backoff'
                    when s.attempts > 0 then 'retry_backoff'
                    else 'run_at_in_future'
                end as reason_code
            from (
                select o.job_id, o.run_at, o.attempts
                from private.scheduled as o
                where o.tenant_id = v_caller.tenant_id
                order by o.run_at, o.job_id
                limit v_most_scheduled
            ) as s
            cross join lateral (
                -- A look-up for each, whatever the planner thinks of the sizes.
                select i.uncounted_ends, i.max_attempts, i.error_message from public.jobs as i where i.job_id = s.job_id offset 0
            ) as j
        ) as k
        group by k.reason_code
    loop
        v_scheduled := v_scheduled + v_demand.jobs;
        v_found := v_found || jsonb_build_array(jsonb_build_object(
            'jobs', v_demand.jobs, 'is_capped', false, 'job_id', v_demand.first ->> 'job_id'
        ) || private.explain_reason(v_demand.reason_code, jsonb_build_object(
            'run_at', private.to_words((v_demand.first ->> 'run_at')::timestamptz),
            'attempts', v_demand.first -> 'attempts',
            'times', v_demand.first -> 'uncounted_ends',
            'max_attempts', v_demand.first -> 'max_attempts',
            'error', left(coalesce(v_demand.first ->> 'error_message', 'no message'), 500)
        )));
    end loop;
    v_is_capped := v_is_capped or v_scheduled >= v_most_scheduled;

    return jsonb_build_object(
        'waiting', v_waiting,
        'scheduled', v_scheduled,
        'is_capped', v_is_capped,
        'others', v_others,
        'reasons', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'reason_code', g.reason_code,
                'verdict', g.verdict,
                'jobs', g.jobs,
                'is_capped', g.is_capped,
                'job_id', g.job_id,
                'sentence', g.sentence,
                'next_step', g.next_step
            ) order by g.jobs desc, g.reason_code, g.sentence), '[]')
            from (
                select
                    f.reason_code, f.verdict, f.sentence, f.next_step,
                    sum(f.jobs)::bigint as jobs,
                    bool_or(f.is_capped) as is_capped,
                    (array_agg(f.job_id order by f.job_id))[1] as job_id
                from jsonb_to_recordset(v_found) as f (
                    reason_code text, verdict text, sentence text, next_step text, jobs bigint, is_capped boolean, job_id uuid
                )
                group by f.reason_code, f.verdict, f.sentence, f.next_step
            ) as g
        )
    );
end
$$;
comment on function public.list_waiting_reasons is
    'How many of the tenant''s jobs wait for which reason: {waiting, scheduled, is_capped, others (jobs whose reason was not looked for), reasons: [{reason_code, verdict, jobs, is_capped, job_id (one of them), sentence, next_step}]}, the most frequent first, with the words of explain_job. Counted to 20,000 that wait for a robot and 1,000 for a time. Needs jobs.read.';
revoke all on function public.list_waiting_reasons from public, anon, authenticated, service_role;
grant execute on function public.list_waiting_reasons to authenticated;
