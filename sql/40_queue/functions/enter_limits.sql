-- Waiting for a lock is safe only while no other limit is locked, in the order of scope: whoever locks more (a claim of many
-- lanes, a rescue) must not wait for one that comes earlier.
create or replace function private.enter_limits(p_limit_ids integer[], p_taken integer[], p_may_wait boolean)
returns integer
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_limit_id integer;
    v_room integer;
    v_least integer;
begin
    foreach v_limit_id in array p_limit_ids loop
        continue when v_limit_id is null;
        if p_may_wait then
            select private.limit_room(w.running, w.max_running) into v_room
            from private.limits as w
            where w.limit_id = v_limit_id
            for update;
        else
            select private.limit_room(w.running, w.max_running) into v_room
            from private.limits as w
            where w.limit_id = v_limit_id
            for update skip locked;
            if not found then
                perform from private.limits as w where w.limit_id = v_limit_id;
                if found then
                    return 0;
                end if;
            end if;
        end if;
        v_least := least(v_least, v_room - cardinality(array_positions(p_taken, v_limit_id)));   -- null: it was removed
        exit when v_least <= 0;
    end loop;
    return v_least;
end
$$;
comment on function private.enter_limits(integer[], integer[], boolean) is
    'Locks the limits of a lane (pool, tenant, workflow, key; null where there is none) and returns how many more jobs they have room for beside what this claim has taken: 0 or less when one is full, or is locked and may not be waited for; null when none exists any more.';
revoke all on function private.enter_limits(integer[], integer[], boolean) from public, anon, authenticated, service_role;
