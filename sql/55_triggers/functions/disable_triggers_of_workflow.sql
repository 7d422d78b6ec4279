create or replace function private.disable_triggers_of_workflow(p_tenant_id uuid, p_workflow_id uuid, p_reason text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_trigger_ids uuid[];
begin
    with disabled as (
        update public.triggers as t
        set is_enabled = false, disabled_reason = p_reason, updated_at = private.clock()
        where t.tenant_id = p_tenant_id and t.workflow_id = p_workflow_id and t.is_enabled and t.deleted_at is null
        returning t.trigger_id
    )
    select coalesce(array_agg(d.trigger_id), '{}') into v_trigger_ids from disabled as d;
    if v_trigger_ids <> '{}' then
        perform private.emit_event(
            p_tenant_id, 'trigger.disabled', null, null, p_workflow_id,
            jsonb_build_object('trigger_ids', to_jsonb(v_trigger_ids[1:100]), 'count', cardinality(v_trigger_ids), 'reason', p_reason)
        );
    end if;
    return cardinality(v_trigger_ids);
end
$$;
comment on function private.disable_triggers_of_workflow is
    'Disables every trigger of a workflow, writes down why, tells it by the event trigger.disabled, and returns how many.';
revoke all on function private.disable_triggers_of_workflow from public, anon, authenticated, service_role;
