create or replace function private.reconcile_limits()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_counter record;
    v_running integer;
    v_limit jsonb;
    v_differed integer := 0;
begin
    -- A counter and its leases change in one transaction, so this one statement sees a difference only where there is one.
    for v_counter in
        select c.counter_id, w as limited
        from private.limit_counters as c
        join private.limits as w on w.limit_id = c.limit_id
        where c.running <> (
            select count(*) from private.leases as l where l.tenant_id = w.tenant_id and c.counter_id = any (l.counter_ids)
        )
        order by c.counter_id
    loop
        -- Under the lock, which all who change it hold until they end, it is still so, or it was a moment's.
        perform from private.limit_counters as c where c.counter_id = v_counter.counter_id for update;
        continue when not found;
        select count(*) into v_running
        from private.leases as l
        where l.tenant_id = (v_counter.limited).tenant_id and v_counter.counter_id = any (l.counter_ids);
        v_limit := private.describe_limit(v_counter.limited);
        update private.limit_counters as c
        set running = v_running
        where c.counter_id = v_counter.counter_id and c.running <> v_running;
        if found then
            v_differed := v_differed + 1;
            v_limit := private.describe_limit(v_counter.limited) || jsonb_build_object('counted', v_limit -> 'running');
            perform private.emit_event(
                (v_counter.limited).tenant_id, 'limit.corrected', null, null, (v_counter.limited).workflow_id, v_limit
            );
            raise warning 'Limit % counted % jobs and % were running.',
                (v_counter.limited).limit_id, v_limit -> 'counted', v_limit -> 'running';
        end if;
    end loop;
    return v_differed;
end
$$;
comment on function private.reconcile_limits() is
    'Sets every counter of a limit to the number of its leases, tells by an event and a warning where it was another, and returns how many were.';
revoke all on function private.reconcile_limits() from public, anon, authenticated, service_role;
