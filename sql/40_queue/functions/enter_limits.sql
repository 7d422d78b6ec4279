-- Waiting for a lock is safe only while no other limit is locked, in the order of scope: whoever locks more (a claim of many
-- lanes, a rescue) must not wait for one that comes earlier.
create or replace function private.enter_limits(p_limit_ids integer[], p_taken integer[], p_may_wait boolean)
returns integer[]
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_limit_id integer;
    v_room integer;
    v_entered integer[] := '{}';
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
                    return null;
                end if;
            end if;
        end if;
        if v_room <= cardinality(array_positions(p_taken, v_limit_id)) then
            return null;
        elsif v_room is not null then   -- null: it was removed
            v_entered := v_entered || v_limit_id;
        end if;
    end loop;
    return v_entered;
end
$$;
comment on function private.enter_limits(integer[], integer[], boolean) is
    'Locks the limits of a lane (tenant, workflow, key; null where there is none) and returns those that exist, when each has room for one more beside what this claim has taken; null when one is full, or is locked and may not be waited for.';
revoke all on function private.enter_limits(integer[], integer[], boolean) from public, anon, authenticated, service_role;
