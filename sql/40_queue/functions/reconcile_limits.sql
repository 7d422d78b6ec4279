create or replace function private.reconcile_limits()
returns integer
language plpgsql
set search_path = ''
as $$
declare
    v_limit private.limits;
    v_running integer;
    v_differed integer := 0;
begin
    -- A counter and its leases change in one transaction, so this one statement sees a difference only where there is one.
    for v_limit in
        select w.*
        from private.limits as w
        where w.running <> (
            select count(*) from private.leases as l where l.tenant_id = w.tenant_id and w.limit_id = any (l.limit_ids)
        )
        order by w.scope, w.limit_id
    loop
        -- Under the lock, which all who change it hold until they end, it is still so, or it was a moment's.
        perform from private.limits as w where w.limit_id = v_limit.limit_id for update;
        select count(*) into v_running
        from private.leases as l
        where l.tenant_id = v_limit.tenant_id and v_limit.limit_id = any (l.limit_ids);
        update private.limits as w
        set running = v_running
        where w.limit_id = v_limit.limit_id and w.running <> v_running;
        if found then
            v_differed := v_differed + 1;
            perform private.emit_event(
                v_limit.tenant_id, 'limit.corrected', null, null, v_limit.workflow_id,
                private.describe_limit(v_limit) || jsonb_build_object('running', v_running, 'counted', v_limit.running)
            );
            raise warning 'Limit % counted % jobs and % were running.', v_limit.limit_id, v_limit.running, v_running;
        end if;
    end loop;
    return v_differed;
end
$$;
comment on function private.reconcile_limits() is
    'Sets every limit''s counter to the number of its leases, tells by an event and a warning where it was another, and returns how many were.';
revoke all on function private.reconcile_limits() from public, anon, authenticated, service_role;
