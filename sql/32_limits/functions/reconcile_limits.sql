create or replace function private.reconcile_limits(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_counter record;
    v_running integer;
    v_limit jsonb;
    v_turn private.turn := (0, 0, null);
begin
    -- A counter and its leases change in one transaction, so this one statement sees a difference only where there is one.
    for v_counter in
        select
            c.counter_id, c.limited,
            c.running <> (
                select count(*) from private.leases as l where l.tenant_id = p_tenant_id and c.counter_id = any (l.counter_ids)
            ) as differs
        from (
            select c.counter_id, c.running, w as limited
            from private.limits as w
            join private.limit_counters as c on c.limit_id = w.limit_id
            where w.tenant_id = p_tenant_id and c.counter_id > coalesce(p_after::integer, -1)
            order by c.counter_id
            limit p_limit
        ) as c
        order by c.counter_id
    loop
        v_turn.used := v_turn.used + 1;
        v_turn.after := v_counter.counter_id;
        continue when not v_counter.differs;
        -- Under the lock, which all who change it hold until they end, it is still so, or it was a moment's.
        perform from private.limit_counters as c where c.counter_id = v_counter.counter_id for update;
        continue when not found;
        select count(*) into v_running
        from private.leases as l
        where l.tenant_id = p_tenant_id and v_counter.counter_id = any (l.counter_ids);
        v_limit := private.describe_limit(v_counter.limited);
        update private.limit_counters as c
        set running = v_running
        where c.counter_id = v_counter.counter_id and c.running <> v_running;
        if found then
            v_turn.done := v_turn.done + 1;
            v_limit := private.describe_limit(v_counter.limited) || jsonb_build_object('counted', v_limit -> 'running');
            perform private.emit_event(
                p_tenant_id, 'limit.corrected', null, null, (v_counter.limited).workflow_id, v_limit
            );
            raise warning 'Limit % counted % jobs and % were running.',
                (v_counter.limited).limit_id, v_limit -> 'counted', v_limit -> 'running';
        end if;
    end loop;
    if v_turn.used < p_limit then
        v_turn.after := null;
    end if;
    return v_turn;
end
$$;
comment on function private.reconcile_limits is
    'Duty, a tenant''s turn: sets counters of its limits to the number of their leases, tells by an event and a warning where it was another, looks at p_limit of them, and counts those that differed.';
revoke all on function private.reconcile_limits from public, anon, authenticated, service_role;
