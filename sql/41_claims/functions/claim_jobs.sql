create or replace function public.claim_jobs(
    p_limit integer default 1,
    p_lease_seconds integer default 60,
    p_environment text default null,
    p_listening boolean default false,
    p_claim_id uuid default null,       -- the robot's own; it asks again with the same one when no answer came
    p_capabilities text[] default null, -- of its own, those that it can use now; null: all
    p_moves boolean default false       -- the environment is where it works from now on
)
returns setof public.claimed_job
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.claim');
    v_now timestamptz := private.clock();
    v_robot record;
    v_want integer;
    v_may_wait boolean := true;     -- for limits; not after duties, which may hold limits and leases of anybody
    v_taken private.taken_job[];
    v_job private.taken_job;
    v_claimed public.claimed_job;
    v_place integer;
    v_low_job_id uuid;
    v_high_job_id uuid;
    v_bytes bigint := 0;            -- of definitions and inputs in the answer
    v_most_bytes constant bigint := 33554432;       -- but for the first job, which goes whatever it has
    v_notices private.job_notice[] := '{}';
begin
    if p_limit not between 1 and 100 or p_limit is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must be between 1 and 100.');
    elsif p_lease_seconds not between 5 and 3600 or p_lease_seconds is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'lease_seconds must be between 5 and 3600.');
    end if;

    -- One claim of a robot at a time, so that its slots are counted right.
    -- And none while somebody sets a limit of its tenant, so that no lease is missing in the new counter.
    perform
        pg_advisory_xact_lock(private.claims_lock(), hashtext(v_caller.robot_id::text)),
        pg_advisory_xact_lock_shared(private.limits_lock(), hashtext(v_caller.tenant_id::text));
    select
        q.tenant_no,
        case
            when r.pool_id is null then q.is_fair
            else (select p.shares_by = 'robot_seconds' from public.pools as p where p.pool_id = r.pool_id)
        end as is_fair,
        r.environment,
        r.pool_id,
        private.robot_offers(
            case
                when p_capabilities is null then r.capabilities
                else array(select w from unnest(r.capabilities) as w where w = any (private.nfc_words(p_capabilities)))
            end,
            r.tags,
            r.is_internet,
            r.pool_id,
            h.is_desktop_open
        ) as capabilities,
        private.robot_may_claim(r.mode, h.is_signed_off or h.is_in_maintenance, r.quarantined_at) as may_claim,
        (h.last_claim_at between v_now - interval '1 minute' and v_now) is not true as is_claim_news,
        r.max_concurrent_jobs - (
            select count(*)
            from private.leases as l
            where l.robot_id = r.robot_id and l.lease_token >= coalesce(h.low_lease_token, 0)
        )::integer as free_slots,
        p_claim_id is not null and exists (
            select
            from private.leases as l
            where l.robot_id = r.robot_id and l.lease_token >= coalesce(h.low_lease_token, 0) and l.claim_id = p_claim_id
        ) as is_repeated,
        (
            select w.limit_id from private.limits as w where w.tenant_id = r.tenant_id and w.scope = 'tenant'
        ) as limit_id,
        exists (
            select from private.limits as w where w.tenant_id = r.tenant_id and w.scope > 'tenant'
        ) or exists (
            select from private.workflow_removals as w where w.tenant_id = r.tenant_id
        ) as may_stray,
        (
            select extract(epoch from v_now) * 1000 not between t.last_value - 1000 and t.last_value - 1
            from private.next_duty_at as t
        ) as has_duties
    into v_robot
    from public.robots as r
    left join private.queue_tenants as q on q.tenant_id = r.tenant_id
    left join public.robot_heartbeats as h on h.robot_id = r.robot_id
    where r.robot_id = v_caller.robot_id;
    if private.nfc(p_environment) <> v_robot.environment then
        if not p_moves then
            perform private.raise_error(
                400, 'INVALID_ARGUMENT', format('environment must be the robot''s own, %s.', v_robot.environment)
            );
        end if;
        v_robot.environment := private.move_robot(v_caller.robot_id, p_environment);
    end if;
    if v_robot.is_repeated then
        return query select c.* from private.answer_claim_again(v_caller.robot_id, p_claim_id, p_lease_seconds) as c;
        return;
    end if;
    if v_robot.has_duties then
        perform private.note_call();    -- before the duties ask whether a call came
        v_may_wait := private.run_due_duties() = 0;
        -- They may have taken jobs back from this robot, or put it in quarantine.
        select
            private.robot_may_claim(r.mode, h.is_signed_off or h.is_in_maintenance, r.quarantined_at),
            r.max_concurrent_jobs - (
                select count(*)
                from private.leases as l
                where l.robot_id = r.robot_id and l.lease_token >= coalesce(h.low_lease_token, 0)
            )::integer
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
    elsif v_robot.tenant_no is null then    -- no job was ever enqueued
        v_robot.tenant_no := private.find_queue_tenant(v_caller.tenant_id);
    end if;

    -- All at once; under fair share one by one, as each changes what its workflow or member has had.
    loop
        v_taken := case when v_robot.pool_id is null then private.take_jobs(
            v_caller.tenant_id, v_robot.tenant_no, v_caller.robot_id, v_robot.environment, v_robot.capabilities,
            v_robot.limit_id, v_robot.may_stray, case when v_robot.is_fair then 1 else v_want end, v_may_wait,
            p_is_fair => v_robot.is_fair
        ) when v_robot.is_fair then private.take_fair_pool_job(
            v_robot.pool_id, v_caller.tenant_id, v_robot.tenant_no, v_caller.robot_id, v_robot.environment,
            v_robot.capabilities, v_may_wait
        ) else private.take_pool_jobs(
            v_robot.pool_id, v_caller.tenant_id, v_robot.tenant_no, v_caller.robot_id, v_robot.environment,
            v_robot.capabilities, v_want, v_may_wait
        ) end;
        -- One statement for all of them, as each costs anew in every transaction; its bounds choose the partitions before it
        -- begins. One alone is dearer that way than by two plain statements.
        if cardinality(v_taken) > 1 then
            v_place := 0;
            v_low_job_id := (v_taken[1]).job_id;
            v_high_job_id := v_low_job_id;
            foreach v_job in array v_taken loop
                v_low_job_id := least(v_low_job_id, v_job.job_id);
                v_high_job_id := greatest(v_high_job_id, v_job.job_id);
            end loop;
            for v_claimed in
                with claimed as materialized (
                    select
                        f.*,
                        nextval('private.lease_tokens') as lease_token,
                        (
                            select s.share_id
                            from private.shares as s
                            where s.pool_id = v_robot.pool_id and s.tenant_id = f.tenant_id
                        ) as pool_share_id
                    from (
                        select
                            t.*, j.*, v.definition,
                            sum(private.answer_bytes(v.definition_bytes, j.input)) over (order by t.place) as bytes
                        from unnest(v_taken) with ordinality as t (
                            job_id, tenant_id, tenant_no, lane_id, rank, attempts, counter_ids, share_id, place
                        )
                        left join lateral (
                            select
                                o.max_attempts, o.workflow_id, o.workflow_version, o.workflow_name, o.input, o.priority,
                                o.environment, o.timeout_seconds, o.progress_timeout_seconds
                            from public.jobs as o
                            where o.job_id = t.job_id and o.job_id between v_low_job_id and v_high_job_id
                            offset 0
                        ) as j on true
                        left join lateral (
                            select d.definition, d.definition_bytes
                            from public.workflow_versions as d
                            where d.workflow_id = j.workflow_id and d.version = j.workflow_version
                            offset 0
                        ) as v on true
                    ) as f
                    where f.place = 1 or f.bytes <= v_most_bytes
                ),
                leased as (
                    insert into private.leases (
                        job_id, lease_token, tenant_id, tenant_no, lane_id, robot_id, workflow_id, workflow_name, attempt,
                        claim_id, counter_ids, share_id, pool_share_id, claimed_at, lease_expires_at, timeout_at,
                        progress_timeout_seconds
                    )
                    select
                        c.job_id, c.lease_token, c.tenant_id, c.tenant_no, c.lane_id, v_caller.robot_id, c.workflow_id,
                        c.workflow_name, c.attempts + 1, p_claim_id, c.counter_ids, c.share_id, c.pool_share_id, v_now,
                        v_now + make_interval(secs => p_lease_seconds), v_now + make_interval(secs => c.timeout_seconds),
                        c.progress_timeout_seconds
                    from claimed as c
                )
                select
                    c.job_id, c.lease_token, v_now + make_interval(secs => p_lease_seconds), c.attempts + 1, c.max_attempts,
                    c.workflow_id, c.workflow_version, c.workflow_name, c.definition, c.input, c.priority, c.environment,
                    c.timeout_seconds, c.progress_timeout_seconds
                from claimed as c
                order by c.place
            loop
                v_place := v_place + 1;
                v_notices := v_notices || (
                    (v_taken[v_place]).tenant_id, v_claimed.job_id, v_claimed.workflow_id, v_claimed.workflow_name,
                    v_caller.robot_id, v_claimed.attempt, null
                )::private.job_notice;
                return next v_claimed;
            end loop;
            if v_place < cardinality(v_taken) then
                perform private.untake_jobs(v_taken[v_place + 1:], v_caller.robot_id);
            end if;
        elsif v_taken <> '{}' then
            v_job := v_taken[1];
            if v_robot.is_fair and v_want > 1 or v_notices <> '{}' then
                select v_bytes + private.answer_bytes(d.definition_bytes, j.input)
                into v_bytes
                from public.jobs as j
                cross join lateral (
                    select v.definition_bytes
                    from public.workflow_versions as v
                    where v.workflow_id = j.workflow_id and v.version = j.workflow_version
                    offset 0
                ) as d
                where j.job_id = v_job.job_id;
                if v_bytes > v_most_bytes and v_notices <> '{}' then
                    perform private.untake_jobs(v_taken, v_caller.robot_id);
                    exit;
                end if;
            end if;
            select
                v_job.job_id, nextval('private.lease_tokens'), v_now + make_interval(secs => p_lease_seconds),
                v_job.attempts + 1, j.max_attempts, j.workflow_id, j.workflow_version, j.workflow_name,
                (
                    select v.definition
                    from public.workflow_versions as v
                    where v.workflow_id = j.workflow_id and v.version = j.workflow_version
                ),
                j.input, j.priority, j.environment, j.timeout_seconds, j.progress_timeout_seconds
            into v_claimed
            from public.jobs as j
            where j.job_id = v_job.job_id;
            insert into private.leases (
                job_id, lease_token, tenant_id, tenant_no, lane_id, robot_id, workflow_id, workflow_name, attempt, claim_id,
                counter_ids, share_id, pool_share_id, claimed_at, lease_expires_at, timeout_at, progress_timeout_seconds
            )
            values (
                v_claimed.job_id, v_claimed.lease_token, v_job.tenant_id, v_job.tenant_no, v_job.lane_id,
                v_caller.robot_id, v_claimed.workflow_id, v_claimed.workflow_name, v_claimed.attempt, p_claim_id,
                v_job.counter_ids, v_job.share_id,
                case when v_robot.pool_id is not null then (
                    select s.share_id
                    from private.shares as s
                    where s.pool_id = v_robot.pool_id and s.tenant_id = v_job.tenant_id
                ) end,
                v_now, v_claimed.lease_expires_at, v_now + make_interval(secs => v_claimed.timeout_seconds),
                v_claimed.progress_timeout_seconds
            );
            v_notices := v_notices || (
                v_job.tenant_id, v_claimed.job_id, v_claimed.workflow_id, v_claimed.workflow_name, v_caller.robot_id,
                v_claimed.attempt, null
            )::private.job_notice;
            return next v_claimed;
        end if;
        v_want := v_want - cardinality(v_taken);
        v_may_wait := false;
        exit when v_want = 0 or v_robot.is_fair is not true or v_taken = '{}';
    end loop;
    if v_notices <> '{}' then
        perform private.announce_jobs('job.claimed', 'claimed', v_notices);
        -- So that beside a snapshot that is held for long claims do not read the robot's ended leases again and again; doing this
        -- at each claim would leave as many dead rows here. Only claims make leases, those of a robot take turns, and a token
        -- never changes. Not waited for: this claim holds counters of limits by now, and a later one does it as well.
        if v_claimed.lease_token / 256 <> (v_claimed.lease_token - cardinality(v_notices)) / 256 then
            update public.robot_heartbeats as h
            set low_lease_token = (
                select min(l.lease_token)
                from private.leases as l
                where l.robot_id = v_caller.robot_id and l.lease_token >= h.low_lease_token
            )
            where h.robot_id = (
                select o.robot_id
                from public.robot_heartbeats as o
                where o.robot_id = v_caller.robot_id
                for update skip locked
            );
        end if;
    elsif p_listening then
        insert into private.waiting_robots as w (robot_id, tenant_no, environment, capabilities, pool_id, waiting_since)
        values (
            v_caller.robot_id, v_robot.tenant_no, v_robot.environment, v_robot.capabilities, v_robot.pool_id, v_now
        )
        on conflict (robot_id) do update set
            environment = excluded.environment,
            capabilities = excluded.capabilities,
            pool_id = excluded.pool_id,
            waiting_since = excluded.waiting_since;
    end if;
end
$$;
comment on function public.claim_jobs is
    'Gives the calling robot up to p_limit jobs that it may have (never more than its free slots), best priority and oldest first (of a pool''s members in turn), each with a lease and its fencing token: one, and further ones as far as all definitions and inputs together have at most 32 MB. Asked again with the p_claim_id of leases that it still holds, it answers those that are not started, renewed, and takes nothing new. With p_moves a p_environment that is not the robot''s becomes it; else it is 400. Needs jobs.claim.';
revoke all on function public.claim_jobs from public, anon, authenticated, service_role;
grant execute on function public.claim_jobs to authenticated;
