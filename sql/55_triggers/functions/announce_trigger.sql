create or replace function private.announce_trigger(p_event text, p_trigger public.triggers)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.emit_event(
        p_trigger.tenant_id, 'trigger.' || p_event, null, null, p_trigger.workflow_id,
        jsonb_build_object(
            'trigger_id', p_trigger.trigger_id, 'trigger_type', p_trigger.trigger_type, 'trigger_name', p_trigger.name,
            'is_enabled', p_trigger.is_enabled
        )
    );
end
$$;
comment on function private.announce_trigger is
    'Tells that somebody made, changed or deleted a trigger (created, updated, deleted), by an event of the tenant.';
revoke all on function private.announce_trigger from public, anon, authenticated, service_role;
