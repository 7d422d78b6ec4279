-- First the leases in the order of their ids, then their lanes if jobs may go back into them (as private.put_back() locks a
-- lane), then their counters, in the order of their ids: the caller then waits for no other session, in whatever order it
-- ends the leases.
create or replace function private.lock_leases(p_robot_id uuid, p_reports jsonb, p_may_put_back boolean default false)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_lease record;
    v_lane_id integer;
    v_lane_ids integer[] := '{}';
    v_counter_ids integer[] := '{}';
    v_job_ids uuid[] := array(
        select case
            when r.report ->> 'job_id' ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then (r.report ->> 'job_id')::uuid
        end
        from jsonb_array_elements(p_reports) as r (report)
    );
begin
    for v_lease in
        select l.lane_id, l.counter_ids
        from private.leases as l
        where l.job_id = any (v_job_ids) and l.robot_id is not distinct from p_robot_id
        order by l.job_id
        for update
    loop
        v_lane_ids := v_lane_ids || v_lease.lane_id;
        v_counter_ids := v_counter_ids || v_lease.counter_ids;
    end loop;
    if p_may_put_back then
        for v_lane_id in select distinct l.lane_id from unnest(v_lane_ids) as l (lane_id) order by l.lane_id loop
            perform pg_advisory_xact_lock_shared(private.lane_lock(), v_lane_id);
            perform from private.lanes as l where l.lane_id = v_lane_id for no key update;
        end loop;
    end if;
    if v_counter_ids <> '{}' then
        perform
        from private.limit_counters as c
        where c.counter_id = any (v_counter_ids)
        order by c.counter_id
        for update;
    end if;
end
$$;
comment on function private.lock_leases is
    'Locks the leases that a robot holds of some jobs, their lanes if the jobs may go back into them, and their counters, so that a batch of endings cannot wait in a circle with another.';
revoke all on function private.lock_leases from public, anon, authenticated, service_role;
