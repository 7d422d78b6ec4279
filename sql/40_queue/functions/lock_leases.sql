-- First the leases in the order of their ids, then their counters in the order of theirs: what follows then waits
-- for nobody, in whatever order it ends them.
create or replace function private.lock_leases(p_robot_id uuid, p_reports jsonb)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_lease record;
    v_counter_ids integer[] := '{}';
    v_job_ids uuid[] := array(
        select case
            when r.report ->> 'job_id' ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then (r.report ->> 'job_id')::uuid
        end
        from jsonb_array_elements(p_reports) as r (report)
    );
begin
    for v_lease in
        select l.counter_ids
        from private.leases as l
        where l.job_id = any (v_job_ids) and l.robot_id is not distinct from p_robot_id
        order by l.job_id
        for update
    loop
        v_counter_ids := v_counter_ids || v_lease.counter_ids;
    end loop;
    if v_counter_ids <> '{}' then
        perform
        from private.limit_counters as c
        where c.counter_id = any (v_counter_ids)
        order by c.counter_id
        for update;
    end if;
end
$$;
comment on function private.lock_leases(uuid, jsonb) is
    'Locks the leases that a robot holds of some jobs, and their counters, so that a batch of endings cannot wait in a circle with another.';
revoke all on function private.lock_leases(uuid, jsonb) from public, anon, authenticated, service_role;
