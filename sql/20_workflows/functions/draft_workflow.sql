create or replace function public.draft_workflow(
    p_name text,
    p_definition jsonb,
    p_description text default null,
    p_cloned_from uuid default null
)
returns public.workflows
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('workflows.write');
    v_now timestamptz := private.clock();
    v_created_by uuid := coalesce(v_caller.user_id, v_caller.api_key_id);
    v_source record;
    v_workflow public.workflows;
begin
    if p_cloned_from is not null then
        select left(w.name, 248) || ' (Copy)' as name, w.description, v.definition
        into v_source
        from public.workflows as w
        join public.workflow_versions as v on v.workflow_id = w.workflow_id and v.version = w.current_version
        where w.workflow_id = p_cloned_from and w.tenant_id = v_caller.tenant_id and w.deleted_at is null;
        if not found then
            perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow.');
        end if;
        p_name := v_source.name;
        p_description := v_source.description;
        p_definition := v_source.definition;
    end if;
    p_name := private.nfc(p_name);
    if p_name is null or p_definition is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'name and definition must be given.');
    end if;
    perform private.check_workflow(p_name, p_description, p_definition);
    insert into public.workflows (
        tenant_id, name, description, status, metadata, required_capabilities, created_by, created_at, updated_at
    )
    values (
        v_caller.tenant_id, p_name, coalesce(p_description, ''), 'draft',
        case when p_cloned_from is null then '{}' else jsonb_build_object('cloned_from', p_cloned_from) end,
        private.capabilities_of(p_definition), v_created_by, v_now, v_now
    )
    returning * into v_workflow;
    insert into public.workflow_versions (workflow_id, version, tenant_id, definition, node_count, created_by, created_at)
    values (
        v_workflow.workflow_id, 1, v_caller.tenant_id, p_definition, coalesce(private.count_nodes(p_definition), 0),
        v_created_by, v_now
    );
    perform private.emit_event(
        v_caller.tenant_id, 'workflow.created', null, null, v_workflow.workflow_id,
        jsonb_build_object('workflow_name', v_workflow.name, 'version', 1)
    );
    return v_workflow;
end
$$;
comment on function public.draft_workflow is
    'Makes a draft, of a definition or as a copy of another workflow, and returns it: people may run it by hand, schedules and webhooks do not. Raises 400 or 413 INVALID_ARGUMENT, 404 WORKFLOW_NOT_FOUND. Needs workflows.write.';
revoke all on function public.draft_workflow from public, anon, authenticated, service_role;
grant execute on function public.draft_workflow to authenticated;
