-- Counters are locked one after another in the order of their ids, whatever order the ids came in. One that was removed
-- meanwhile is not there to be counted.
create or replace function private.count_out(p_counter_ids integer[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_full private.limit_counters[];    -- those that were
    v_counter private.limit_counters;
begin
    with changed as (
        update private.limit_counters as c
        set running = greatest(c.running - cardinality(array_positions(p_counter_ids, c.counter_id)), 0)
        where c.counter_id = any (array(
            select o.counter_id
            from private.limit_counters as o
            where o.counter_id = any (p_counter_ids)
            order by o.counter_id
            for update
        ))
        returning c as counter
    )
    select array_agg(c.counter)
    into v_full
    from changed as c
    where (c.counter).running + cardinality(array_positions(p_counter_ids, (c.counter).counter_id)) >= (c.counter).max_running;
    if v_full is not null then
        foreach v_counter in array v_full loop
            perform private.ring_limit(v_counter.limit_id, private.limit_room(v_counter.running, v_counter.max_running));
        end loop;
    end if;
end
$$;
comment on function private.count_out is
    'Counts leases that ended out of the counters whose ids are given, one id for each lease, and wakes robots for what a full counter kept waiting. Every path on which leases end calls it in its transaction.';
revoke all on function private.count_out from public, anon, authenticated, service_role;
