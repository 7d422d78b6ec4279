-- Cost: one probe of ready's primary key for each lane that this robot may serve, and one for each job taken. What stands
-- in front, behind or beside in other lanes is never read.
create or replace function public.claim_jobs(
    p_limit integer default 1,
    p_lease_seconds integer default 60,
    p_environment text default null,
    p_listening boolean default false
)
returns setof public.claimed_job
language plpgsql
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.claim');
    v_now timestamptz := private.clock();
    v_robot record;
    v_lane record;
    v_want integer;
    v_taken uuid[];
    v_all uuid[] := '{}';
begin
    if p_limit not between 1 and 100 or p_limit is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must be between 1 and 100.');
    elsif p_lease_seconds not between 5 and 3600 or p_lease_seconds is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'lease_seconds must be between 5 and 3600.');
    end if;
    perform private.run_due_duties();

    -- One claim of a robot at a time, so that its slots are counted right.
    perform pg_advisory_xact_lock(1801678962, hashtext(v_caller.robot_id::text));
    select
        q.tenant_no,
        r.environment,
        private.required_of(r.capabilities, r.tags, r.is_internet) as capabilities,
        r.mode = 'active' and not coalesce(h.is_signed_off, false) as may_claim,
        r.max_concurrent_jobs - (select count(*) from private.leases as l where l.robot_id = r.robot_id)::integer as free_slots
    into v_robot
    from public.robots as r
    join private.queue_tenants as q on q.tenant_id = r.tenant_id
    left join public.robot_heartbeats as h on h.robot_id = r.robot_id
    where r.robot_id = v_caller.robot_id;
    if p_environment <> v_robot.environment then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', format('environment must be the robot''s own, %s.', v_robot.environment)
        );
    end if;
    v_want := least(p_limit, v_robot.free_slots);
    if not v_robot.may_claim or v_want <= 0 then
        return;
    end if;

    -- How many of the next jobs, in the order of priority and then of age, each lane has. When one job is wanted every lane
    -- with a head is listed, as others may be taking from the best one.
    for v_lane in
        select c.lane_id, count(*)::integer as jobs
        from (
            select l.lane_id, row_number() over (order by l.priority, f.job_id) as place
            from (
                select e.lane_id, e.priority
                from private.lanes as e
                where e.tenant_no = v_robot.tenant_no
                    and e.robot_id is null
                    and e.environment = any (array['*', v_robot.environment])
                    and e.required <@ v_robot.capabilities
                union all
                select e.lane_id, e.priority
                from private.lanes as e
                where e.tenant_no = v_robot.tenant_no
                    and e.robot_id = v_caller.robot_id
                    and e.environment = any (array['*', v_robot.environment])
                    and e.required <@ v_robot.capabilities
            ) as l
            cross join lateral (
                select r.job_id
                from private.ready as r
                where r.tenant_no = v_robot.tenant_no and r.lane_id = l.lane_id
                order by r.job_id
                limit v_want
            ) as f
            order by place
            limit case when v_want > 1 then v_want end
        ) as c
        group by c.lane_id
        order by min(c.place)
    loop
        with taken as (
            delete from private.ready as r
            where r.ctid = any (array(
                select r2.ctid
                from private.ready as r2
                where r2.tenant_no = v_robot.tenant_no and r2.lane_id = v_lane.lane_id
                order by r2.job_id
                limit least(v_lane.jobs, v_want)
                for update skip locked
            ))
            returning r.job_id, r.attempts
        ), leased as (
            insert into private.leases (
                job_id, lease_token, tenant_id, tenant_no, lane_id, robot_id, workflow_id, workflow_name, attempt,
                claimed_at, lease_expires_at, timeout_at
            )
            select
                t.job_id, nextval('private.lease_tokens'), v_caller.tenant_id, v_robot.tenant_no, v_lane.lane_id,
                v_caller.robot_id, j.workflow_id, j.workflow_name, t.attempts + 1, v_now,
                v_now + make_interval(secs => p_lease_seconds), v_now + make_interval(secs => j.timeout_seconds)
            from taken as t
            join public.jobs as j on j.job_id = t.job_id
            returning job_id
        )
        select array_agg(d.job_id) into v_taken from leased as d;
        if v_taken is not null then
            v_all := v_all || v_taken;
            v_want := v_want - cardinality(v_taken);
            exit when v_want <= 0;
        end if;
    end loop;

    if v_all = '{}' then
        if p_listening then
            insert into private.waiting_robots as w (robot_id, tenant_no, environment, capabilities, waiting_since)
            values (v_caller.robot_id, v_robot.tenant_no, v_robot.environment, v_robot.capabilities, v_now)
            on conflict (robot_id) do update set
                environment = excluded.environment,
                capabilities = excluded.capabilities,
                waiting_since = excluded.waiting_since;
        end if;
        return;
    end if;

    perform private.announce_job(
        'job.claimed', 'claimed', l.tenant_id, l.job_id, l.workflow_id, l.workflow_name, l.robot_id, l.attempt
    )
    from private.leases as l
    where l.job_id = any (v_all);
    return query
    select
        l.job_id, l.lease_token, l.lease_expires_at, l.attempt::integer, j.max_attempts::integer, j.workflow_id,
        j.workflow_version, j.workflow_name, v.definition, j.input, j.priority::integer, j.environment, j.timeout_seconds
    from private.leases as l
    join public.jobs as j on j.job_id = l.job_id
    join public.workflow_versions as v on v.workflow_id = j.workflow_id and v.version = j.workflow_version
    where l.job_id = any (v_all)
    order by j.priority, j.job_id;
end
$$;
comment on function public.claim_jobs(integer, integer, text, boolean) is
    'Gives the calling robot up to p_limit jobs that it may have (never more than its free slots), best priority and oldest first, each with a lease and its fencing token. Needs jobs.claim.';
revoke all on function public.claim_jobs(integer, integer, text, boolean) from public, anon, authenticated, service_role;
grant execute on function public.claim_jobs(integer, integer, text, boolean) to authenticated;
