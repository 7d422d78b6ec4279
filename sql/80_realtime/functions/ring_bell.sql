-- At once, and then at most every 250 ms: who hears a bell looks once more after that time, as what happened within it rang
-- nothing. The row is only ever taken by who finds it free, so nobody waits for a bell.
create or replace function private.ring_bell(p_tenant_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
begin
    update private.bells as b
    set rung_at = v_now
    where b.tenant_id = (
        select o.tenant_id
        from private.bells as o
        where o.tenant_id = p_tenant_id
            -- A time to come was noted before the clock was set back.
            and o.rung_at not between v_now - interval '250 milliseconds' and v_now + interval '10 seconds'
        for no key update skip locked
    );
    if found then
        perform private.broadcast(
            'tenant:' || p_tenant_id || ':changes',
            'changed',
            jsonb_build_object(
                'after', (select c.last_seq from private.event_counters as c where c.tenant_id = p_tenant_id),
                'timestamp', private.to_iso(v_now)
            )
        );
    end if;
end
$$;
comment on function private.ring_bell is
    'Tells those who watch a tenant that something happened in it, at most every 250 ms: changed, on tenant:<id>:changes, with the number of an event after which there are others. They fetch those with public.list_events().';
revoke all on function private.ring_bell from public, anon, authenticated, service_role;
