create or replace function public.update_workflow(p_workflow_id uuid, p_changes jsonb, p_version integer default null)
returns public.workflows
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('workflows.write');
    v_now timestamptz := private.clock();
    v_name text := private.nfc(p_changes ->> 'name');
    v_definition jsonb := nullif(p_changes -> 'definition', 'null');
    v_status public.workflow_status;
    v_is_new boolean;
    v_workflow public.workflows;
begin
    if jsonb_typeof(p_changes) is distinct from 'object' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'The changes must be an object.');
    elsif p_changes ->> 'status' is not null and p_changes ->> 'status' not in ('draft', 'published', 'deprecated', 'archived') then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'status must be draft, published, deprecated or archived.'
        );
    end if;
    v_status := (p_changes ->> 'status')::public.workflow_status;
    select w.* into v_workflow
    from public.workflows as w
    where w.workflow_id = p_workflow_id and w.tenant_id = v_caller.tenant_id and w.deleted_at is null
    for no key update;
    if not found then
        perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow.');
    elsif v_workflow.current_version <> p_version then
        perform private.raise_error(
            409, 'WORKFLOW_CHANGED',
            format('The workflow is at version %s already, and this change was made for version %s.', v_workflow.current_version, p_version)
        );
    end if;
    perform private.check_workflow(v_name, p_changes ->> 'description', v_definition);
    v_is_new := v_definition is not null and v_definition is distinct from (
        select v.definition
        from public.workflow_versions as v
        where v.workflow_id = p_workflow_id and v.version = v_workflow.current_version
    );
    update public.workflows as w
    set name = coalesce(v_name, w.name),
        description = coalesce(p_changes ->> 'description', w.description),
        is_enabled = coalesce((p_changes ->> 'is_enabled')::boolean, w.is_enabled),
        status = coalesce(v_status, w.status),
        required_capabilities = case
            when v_is_new then private.capabilities_of(v_definition)
            else w.required_capabilities
        end,
        current_version = w.current_version + v_is_new::integer,
        updated_at = v_now
    where w.workflow_id = p_workflow_id
    returning w.* into v_workflow;
    if v_is_new then
        insert into public.workflow_versions (
            workflow_id, version, tenant_id, definition, node_count, created_by, created_at
        )
        values (
            p_workflow_id, v_workflow.current_version, v_caller.tenant_id, v_definition,
            coalesce(private.count_nodes(v_definition), 0), coalesce(v_caller.user_id, v_caller.api_key_id), v_now
        );
    end if;
    perform private.emit_event(
        v_caller.tenant_id, 'workflow.updated', null, null, p_workflow_id,
        jsonb_build_object(
            'workflow_name', v_workflow.name, 'version', v_workflow.current_version, 'status', v_workflow.status,
            'is_enabled', v_workflow.is_enabled
        )
    );
    return v_workflow;
end
$$;
comment on function public.update_workflow is
    'Changes name, description, definition, is_enabled and status of a workflow, whichever are given, and returns it; another definition is a new version. With p_version the change was made for that one: 409 WORKFLOW_CHANGED when it is not the current one. Raises 400 or 413 INVALID_ARGUMENT, 404 WORKFLOW_NOT_FOUND. Needs workflows.write.';
revoke all on function public.update_workflow from public, anon, authenticated, service_role;
grant execute on function public.update_workflow to authenticated;
