-- Waiting for a lock is safe only in the order of the counters' ids, and so of scope: whoever locks more (a claim of many
-- lanes, a rescue) must not wait for one that comes earlier. So a claim waits in its first lane only, and for a counter only
-- while it has locked no other of the same limit: one that turned out to be full under the lock stays locked until the end.
create or replace function private.enter_limits(
    p_limit_ids integer[],      -- in the order of scope
    p_robot_id uuid,
    p_jobs integer,
    p_may_wait boolean,
    out jobs integer,
    out counter_ids integer[]
)
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_limit_id integer;
    v_all integer[];                -- its counters
    v_tried integer[];              -- first the robot's own one alone: beside a snapshot that is held for long each is dear to read
    v_counter_id integer;
    v_room integer;
    v_may_wait boolean;
    v_counted integer[] := '{}';     -- one for each of counter_ids: what it counts by now
begin
    jobs := p_jobs;
    foreach v_limit_id in array p_limit_ids loop
        v_may_wait := p_may_wait;
        v_room := null;
        select w.counter_ids, array[w.counter_ids[1 + (uuid_hash(p_robot_id) & 2147483647) % cardinality(w.counter_ids)]]
        into v_all, v_tried
        from private.limits as w
        where w.limit_id = v_limit_id;
        loop
            -- The counters with room are those of the snapshot, and not looked at again after the lock: so one is locked, or none.
            -- Each robot has an order of its own, so that robots meet seldom.
            with picked as materialized (
                select c.counter_id, private.limit_room(c.running, c.max_running) as room
                from private.limit_counters as c
                where c.counter_id = any (array(
                    select o.counter_id
                    from private.limit_counters as o
                    where o.counter_id = any (v_tried) and private.limit_room(o.running, o.max_running) > 0
                ))
                order by hashint4(c.counter_id # uuid_hash(p_robot_id))
                limit 1
                for update skip locked
            ), counted as (
                update private.limit_counters as c
                set running = c.running + least(jobs, p.room)
                from picked as p
                where c.counter_id = p.counter_id
            )
            select p.counter_id, p.room into v_counter_id, v_room from picked as p;
            exit when v_room > 0;
            if v_room = 0 then
                v_may_wait := false;
                continue;
            elsif v_tried <> v_all then
                v_tried := v_all;
                continue;
            end if;
            exit when not v_may_wait;
            perform
            from private.limit_counters as c
            where c.counter_id = (
                select o.counter_id
                from private.limit_counters as o
                where o.counter_id = any (v_all) and private.limit_room(o.running, o.max_running) > 0
                order by hashint4(o.counter_id # uuid_hash(p_robot_id))
                limit 1
            )
            for update;
            exit when not found;
            v_may_wait := false;
        end loop;
        if v_room > 0 then
            jobs := least(jobs, v_room);
            counter_ids := counter_ids || v_counter_id;
            v_counted := v_counted || jobs;
        elsif exists (select from private.limit_counters as c where c.limit_id = v_limit_id) then
            jobs := 0;
            exit;
        end if;     -- else it was removed
    end loop;
    if v_counted[1] > jobs then
        for i in 1..cardinality(v_counted) loop
            perform private.leave_limits(counter_ids[i:i], v_counted[i] - jobs);
        end loop;
    end if;
end
$$;
comment on function private.enter_limits is
    'Counts jobs that a robot is about to take in one counter of each of their limits (pool, tenant, workflow, key), which stay locked, and returns how many of them these have room for, and the counters (null: the limits are gone). 0 when a limit is full, or all of it that has room is locked and may not be waited for.';
revoke all on function private.enter_limits from public, anon, authenticated, service_role;
