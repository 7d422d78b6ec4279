create or replace function private.note_chains()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if new.trigger_type in ('workflow_call', 'error', 'event_bus') then
        perform private.find_queue_tenant(new.tenant_id);
        -- Locked before the look, so that whoever changes another trigger of the tenant at once looks after this one.
        perform from private.queue_tenants as q where q.tenant_id = new.tenant_id for no key update;
        update private.queue_tenants as q
        set has_chains = not q.has_chains
        where q.tenant_id = new.tenant_id
            and q.has_chains <> exists (
                select
                from public.triggers as t
                where t.tenant_id = new.tenant_id and t.trigger_type in ('workflow_call', 'error', 'event_bus')
                    and t.is_enabled and t.deleted_at is null
            );
    end if;
    return null;
end
$$;
comment on function private.note_chains is
    'Notes whether a tenant has triggers that wait for events, so that events of all others cost nothing more.';
revoke all on function private.note_chains from public, anon, authenticated, service_role;
