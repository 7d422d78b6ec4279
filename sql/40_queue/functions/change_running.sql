-- The one place where counters change. Locks are taken one after another in the order of scope and limit_id, whatever order
-- the ids came in; a claim has taken its locks already. A limit that was removed meanwhile is not there to be counted.
create or replace function private.change_running(p_limit_ids integer[], p_by integer)
returns void
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_change record;
    v_limit private.limits;
begin
    for v_change in
        select c.limit_id, c.jobs
        from (select u as limit_id, count(*)::integer as jobs from unnest(p_limit_ids) as u group by u) as c
        order by (select w.scope from private.limits as w where w.limit_id = c.limit_id), c.limit_id
    loop
        update private.limits as w
        set running = greatest(w.running + p_by * v_change.jobs, 0)
        where w.limit_id = v_change.limit_id
        returning w.* into v_limit;
        if found and p_by < 0 and v_limit.running + v_change.jobs >= v_limit.max_running then
            perform private.ring_limit(v_limit.limit_id, private.limit_room(v_limit.running, v_limit.max_running));
        end if;
    end loop;
end
$$;
comment on function private.change_running(integer[], integer) is
    'Counts leases in (1) or out (-1) of the limits whose ids are given, one id for each lease, and wakes robots for what a full limit kept waiting. Every path on which leases begin or end calls it in its transaction.';
revoke all on function private.change_running(integer[], integer) from public, anon, authenticated, service_role;
