-- Cost: one probe of ready's primary key for each lane that the robot may serve, and one statement for each lane that jobs
-- are taken from. What stands in front, behind or beside in other lanes is never read. Every look-up is by one key at a time:
-- a join would be planned once, for the sizes that the tables had then, and kept.
create or replace function private.take_jobs(
    p_tenant_id uuid,
    p_tenant_no integer,
    p_robot_id uuid,
    p_environment text,
    p_offers text[],
    p_limit_id integer,         -- of the tenant, if it has a limit
    p_may_stray boolean,        -- whether jobs may stand where they do not belong: see private.leave_lane()
    p_want integer,
    p_may_wait boolean,         -- for limits
    p_pool_id uuid default null,            -- only jobs that ask for it: the tenant is not the robot's
    p_pool_limit_id integer default null,   -- of the tenant in the robot's pool, if it has one
    p_is_fair boolean default false         -- whether the tenant's workflows take turns by robot-seconds
)
returns private.taken_job[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_lane record;
    v_has_moved boolean := false;   -- older jobs than were listed may be in the lanes now
    v_limit_ids integer[];
    v_entry record;
    v_counter_ids integer[];
    v_wanted integer;
    v_room integer;
    v_listed integer;
    v_now timestamptz := private.clock();
    v_some private.taken_job[];
    v_taken private.taken_job[] := '{}';
begin
    -- No more are listed than the tenant may have: else a newer job of one lane would be taken before an older one of another.
    if p_want > 1 and coalesce(p_limit_id, p_pool_limit_id) is not null then
        p_want := least(p_want, private.lane_room(p_limit_id, p_pool_limit_id));
    end if;
    -- The lanes of the next jobs, in the order of priority and then of age (under fair share: of what their workflows have
    -- had, and then of age), and how many of the jobs each has. When one job
    -- is wanted every lane that has one is listed, as others may be taking what the best one has. A lane whose limit is
    -- reached costs a look at the limit, whatever waits in it.
    for v_lane in
        select
            h.lane_id, h.rank, h.load, h.low_job_id, h.workflow_limit_id, h.key_limit_id, h.share_id,
            min(h.job_id::text collate "C")::uuid as job_id, count(*)::integer as jobs
        from (
            select l.*, case when p_is_fair then private.share_load(l.share_id, v_now) end as load, f.job_id
            from (
                select
                    e.lane_id, e.priority - e.promotion as rank, e.low_job_id, e.workflow_limit_id, e.key_limit_id, e.share_id
                from private.lanes as e
                where e.tenant_no = p_tenant_no
                    and e.robot_id is null
                    and private.lane_suits(e.environment, e.required, p_environment, p_offers)
                    and (p_pool_id is null or 'pool:' || p_pool_id = any (e.required))
                union all
                select
                    e.lane_id, e.priority - e.promotion as rank, e.low_job_id, e.workflow_limit_id, e.key_limit_id, e.share_id
                from private.lanes as e
                where e.tenant_no = p_tenant_no
                    and e.robot_id = p_robot_id
                    and private.lane_suits(e.environment, e.required, p_environment, p_offers)
                    and p_pool_id is null
            ) as l
            cross join lateral (
                select r.job_id
                from private.ready as r
                where r.tenant_no = p_tenant_no and r.lane_id = l.lane_id and r.job_id >= l.low_job_id
                order by r.job_id
                limit case
                    when l.workflow_limit_id is null and l.key_limit_id is null then p_want
                    else least(
                        p_want,
                        (
                            select sum(private.limit_room(c.running, c.max_running))
                            from private.limit_counters as c
                            where c.limit_id = l.workflow_limit_id
                        ),
                        (
                            select sum(private.limit_room(c.running, c.max_running))
                            from private.limit_counters as c
                            where c.limit_id = l.key_limit_id
                        )
                    )
                end
            ) as f
            order by l.rank, load nulls first, f.job_id
            limit case when p_want > 1 then p_want end
        ) as h
        group by h.lane_id, h.rank, h.load, h.low_job_id, h.workflow_limit_id, h.key_limit_id, h.share_id
        order by h.rank, h.load nulls first, job_id
    loop
        v_limit_ids := null;
        if coalesce(p_pool_limit_id, p_limit_id, v_lane.workflow_limit_id, v_lane.key_limit_id) is not null then
            v_limit_ids := array_remove(
                array[p_pool_limit_id, p_limit_id, v_lane.workflow_limit_id, v_lane.key_limit_id], null
            );
        end if;
        v_counter_ids := null;
        v_room := null;
        loop    -- once, but where counters of a limit have room for a part each
            if v_limit_ids is not null then
                v_wanted := least(v_lane.jobs, p_want - cardinality(v_taken));
                v_entry := private.enter_limits(v_limit_ids, p_robot_id, v_wanted, p_may_wait);
                v_counter_ids := v_entry.counter_ids;
                v_room := v_entry.jobs;
                p_may_wait := false;
                exit when v_room = 0;
            end if;
            -- From the first job that was listed: what lies before was walked already.
            with gone as (
                delete from private.ready as r
                where r.ctid = any (array(
                    select r2.ctid
                    from private.ready as r2
                    where r2.tenant_no = p_tenant_no
                        and r2.lane_id = v_lane.lane_id
                        and r2.job_id >= case when v_has_moved then v_lane.low_job_id else v_lane.job_id end
                    order by r2.job_id
                    limit least(v_lane.jobs, v_room, p_want - cardinality(v_taken))
                    for update skip locked
                ))
                returning r.job_id, r.attempts
            )
            select array_agg(
                (
                    g.job_id, p_tenant_id, p_tenant_no, v_lane.lane_id, v_lane.rank, g.attempts, v_counter_ids,
                    v_lane.share_id
                )::private.taken_job
            )
            into v_some
            from gone as g;
            if v_some is not null then
                if p_may_stray then
                    v_listed := cardinality(v_some);
                    v_some := private.leave_lane(v_lane.lane_id, v_some);
                    v_has_moved := v_has_moved or cardinality(v_some) < v_listed;
                end if;
                v_taken := v_taken || v_some;
            end if;
            exit when v_room is null;
            if v_room > coalesce(cardinality(v_some), 0) then   -- others took what was listed
                perform private.leave_limits(v_counter_ids, v_room - coalesce(cardinality(v_some), 0));
                exit;
            end if;
            exit when v_room = v_wanted;
            v_lane.jobs := v_lane.jobs - v_room;
        end loop;
        exit when cardinality(v_taken) = p_want;
    end loop;
    if cardinality(v_taken) > 1 then
        v_taken := array(select t from unnest(v_taken) as t order by t.rank, t.job_id);
    end if;
    return v_taken;
end
$$;
comment on function private.take_jobs is
    'Takes up to p_want jobs of one tenant that a robot may have out of ready, best priority and oldest first, counted in the counters of their limits. Until public.claim_jobs() leases them, they are in neither ready nor leases.';
revoke all on function private.take_jobs from public, anon, authenticated, service_role;
