-- Cost: one probe of ready's primary key for each lane that this robot may serve, and a few statements for each job taken.
-- What stands in front, behind or beside in other lanes is never read. Every look-up is by one key at a time: a join would
-- be planned once, for the sizes that the tables had then, and kept.
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
    v_want integer;
    v_lane record;
    v_last_lane_id integer;
    v_has_moved boolean := false;   -- older jobs than were listed may be in the lanes now
    v_limit_ids integer[];
    v_may_wait boolean := true;     -- for limits; not after duties, which may hold limits and leases of anybody
    v_taken integer[] := '{}';     -- limit ids, one for each job that counts towards it
    v_ready record;
    v_claimed public.claimed_job;
begin
    if p_limit not between 1 and 100 or p_limit is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must be between 1 and 100.');
    elsif p_lease_seconds not between 5 and 3600 or p_lease_seconds is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'lease_seconds must be between 5 and 3600.');
    end if;

    -- One claim of a robot at a time, so that its slots are counted right.
    -- And none while somebody sets a limit of its tenant, so that no lease is missing in the new counter.
    perform
        pg_advisory_xact_lock(1801678962, hashtext(v_caller.robot_id::text)),
        pg_advisory_xact_lock_shared(1801678965, hashtext(v_caller.tenant_id::text));
    select
        q.tenant_no,
        r.environment,
        private.robot_offers(r.capabilities, r.tags, r.is_internet) as capabilities,
        private.robot_may_claim(r.mode, h.is_signed_off, r.quarantined_at) as may_claim,
        (h.last_claim_at between v_now - interval '1 minute' and v_now) is not true as is_claim_news,
        r.max_concurrent_jobs - (select count(*) from private.leases as l where l.robot_id = r.robot_id)::integer as free_slots,
        (
            select w.limit_id from private.limits as w where w.tenant_id = r.tenant_id and w.scope = 'tenant'
        ) as limit_id,
        (
            select true from private.limits as w where w.tenant_id = r.tenant_id and w.scope > 'tenant' limit 1
        ) as has_limits,
        exists (
            select from private.duties as d where d.last_run_at <= v_now - d.every or d.last_run_at > v_now
        ) as has_duties
    into v_robot
    from public.robots as r
    left join private.queue_tenants as q on q.tenant_id = r.tenant_id
    left join public.robot_heartbeats as h on h.robot_id = r.robot_id
    where r.robot_id = v_caller.robot_id;
    if p_environment <> v_robot.environment then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', format('environment must be the robot''s own, %s.', v_robot.environment)
        );
    end if;
    if v_robot.has_duties then
        v_may_wait := private.run_due_duties() = 0;
        -- They may have taken jobs back from this robot, or put it in quarantine.
        select
            private.robot_may_claim(r.mode, h.is_signed_off, r.quarantined_at),
            r.max_concurrent_jobs - (select count(*) from private.leases as l where l.robot_id = r.robot_id)::integer
        into v_robot.may_claim, v_robot.free_slots
        from public.robots as r
        left join public.robot_heartbeats as h on h.robot_id = r.robot_id
        where r.robot_id = v_caller.robot_id;
    end if;
    if v_robot.is_claim_news then   -- to tell a robot that asks from one that only says that it lives
        update public.robot_heartbeats as h
        set last_claim_at = v_now, deaf_since = null
        where h.robot_id = v_caller.robot_id;
    end if;
    v_want := least(p_limit, v_robot.free_slots);
    if not v_robot.may_claim or v_want <= 0 then
        return;
    elsif v_robot.tenant_no is null then    -- nobody has enqueued anything yet
        v_robot.tenant_no := private.find_queue_tenant(v_caller.tenant_id);
    end if;

    -- The lanes of the next jobs, in the order of priority and then of age: one row for each job wanted. When one job is
    -- wanted every lane that has one is listed, as others may be taking what the best one has. A lane whose limit is reached
    -- costs a look at the limit, whatever waits in it.
    for v_lane in
        select l.lane_id, l.low_job_id, f.job_id, l.workflow_limit_id, l.key_limit_id
        from (
            select e.lane_id, e.priority - e.promotion as priority, e.low_job_id, e.workflow_limit_id, e.key_limit_id
            from private.lanes as e
            where e.tenant_no = v_robot.tenant_no
                and e.robot_id is null
                and private.lane_suits(e.environment, e.required, v_robot.environment, v_robot.capabilities)
            union all
            select e.lane_id, e.priority - e.promotion as priority, e.low_job_id, e.workflow_limit_id, e.key_limit_id
            from private.lanes as e
            where e.tenant_no = v_robot.tenant_no
                and e.robot_id = v_caller.robot_id
                and private.lane_suits(e.environment, e.required, v_robot.environment, v_robot.capabilities)
        ) as l
        cross join lateral (
            select r.job_id
            from private.ready as r
            where r.tenant_no = v_robot.tenant_no and r.lane_id = l.lane_id and r.job_id >= l.low_job_id
            order by r.job_id
            limit case
                when l.workflow_limit_id is null and l.key_limit_id is null then v_want
                else least(
                    v_want,
                    (
                        select private.limit_room(w.running, w.max_running)
                        from private.limits as w
                        where w.limit_id = l.workflow_limit_id
                    ),
                    (
                        select private.limit_room(w.running, w.max_running)
                        from private.limits as w
                        where w.limit_id = l.key_limit_id
                    )
                )
            end
        ) as f
        order by l.priority, f.job_id
        limit case when v_want > 1 then v_want end
    loop
        v_limit_ids := null;
        if v_robot.limit_id is not null or v_lane.workflow_limit_id is not null or v_lane.key_limit_id is not null then
            v_limit_ids := private.enter_limits(
                array[v_robot.limit_id, v_lane.workflow_limit_id, v_lane.key_limit_id], v_taken, v_may_wait
            );
            v_may_wait := false;
            continue when v_limit_ids is null;
        end if;
        -- From the job that was listed, or from the last one taken, on: what lies before was walked already.
        delete from private.ready as r
        where r.ctid = (
            select r2.ctid
            from private.ready as r2
            where r2.tenant_no = v_robot.tenant_no
                and r2.lane_id = v_lane.lane_id
                and r2.job_id >= case
                    when v_has_moved then v_lane.low_job_id
                    else greatest(v_lane.job_id, case when v_lane.lane_id = v_last_lane_id then v_claimed.job_id end)
                end
            order by r2.job_id
            limit 1
            for update skip locked
        )
        returning r.job_id, r.attempts into v_ready;
        continue when not found;
        if v_robot.has_limits and private.leave_lane(v_lane.lane_id, v_ready.job_id, v_ready.attempts) then
            v_has_moved := true;
            continue;
        end if;

        -- One statement for the whole answer: in PL/pgSQL every expression costs anew in every transaction.
        select
            v_ready.job_id, nextval('private.lease_tokens'), v_now + make_interval(secs => p_lease_seconds),
            v_ready.attempts + 1, j.max_attempts, j.workflow_id, j.workflow_version, j.workflow_name,
            (
                select v.definition
                from public.workflow_versions as v
                where v.workflow_id = j.workflow_id and v.version = j.workflow_version
            ),
            j.input, j.priority, j.environment, j.timeout_seconds
        into v_claimed
        from public.jobs as j
        where j.job_id = v_ready.job_id;
        insert into private.leases (
            job_id, lease_token, tenant_id, tenant_no, lane_id, robot_id, workflow_id, workflow_name, attempt, limit_ids,
            claimed_at, lease_expires_at, timeout_at
        )
        values (
            v_claimed.job_id, v_claimed.lease_token, v_caller.tenant_id, v_robot.tenant_no, v_lane.lane_id,
            v_caller.robot_id, v_claimed.workflow_id, v_claimed.workflow_name, v_claimed.attempt, v_limit_ids, v_now,
            v_claimed.lease_expires_at, v_now + make_interval(secs => v_claimed.timeout_seconds)
        );
        perform private.announce_job(
            'job.claimed', 'claimed', v_caller.tenant_id, v_claimed.job_id, v_claimed.workflow_id, v_claimed.workflow_name,
            v_caller.robot_id, v_claimed.attempt
        );
        v_taken := v_taken || v_limit_ids;
        return next v_claimed;
        v_want := v_want - 1;
        exit when v_want = 0;
        v_last_lane_id := v_lane.lane_id;
    end loop;
    if v_taken <> '{}' then
        perform private.change_running(v_taken, 1);
    end if;

    if p_listening and v_claimed.job_id is null then
        insert into private.waiting_robots as w (robot_id, tenant_no, environment, capabilities, waiting_since)
        values (v_caller.robot_id, v_robot.tenant_no, v_robot.environment, v_robot.capabilities, v_now)
        on conflict (robot_id) do update set
            environment = excluded.environment,
            capabilities = excluded.capabilities,
            waiting_since = excluded.waiting_since;
    end if;
end
$$;
comment on function public.claim_jobs(integer, integer, text, boolean) is
    'Gives the calling robot up to p_limit jobs that it may have (never more than its free slots), best priority and oldest first, each with a lease and its fencing token. Needs jobs.claim.';
revoke all on function public.claim_jobs(integer, integer, text, boolean) from public, anon, authenticated, service_role;
grant execute on function public.claim_jobs(integer, integer, text, boolean) to authenticated;
