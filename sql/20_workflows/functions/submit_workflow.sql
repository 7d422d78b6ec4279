create or replace function public.submit_workflow(
    p_name text,
    p_definition jsonb,
    p_description text default null,
    p_metadata jsonb default null,
    p_workflow_id uuid default null
)
returns public.workflows
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('workflows.write');
    v_now timestamptz := private.clock();
    v_node_count integer := private.count_nodes(p_definition);
    v_problem text;
    v_created_by uuid := coalesce(v_caller.user_id, v_caller.api_key_id);
    v_workflow public.workflows;
begin
    p_name := private.nfc(p_name);
    v_problem := case
        when p_name is null or length(p_name) not between 1 and 255 then 'workflow_name must have 1 to 255 characters.'
        when jsonb_typeof(p_definition) is distinct from 'object' then 'workflow_json must be an object.'
        when v_node_count is null then 'workflow_json must have nodes (a list or an object) or steps (a list).'
        when v_node_count > 1000 then format('workflow_json must not have more than 1000 nodes, it has %s.', v_node_count)
        when private.find_json_problem('workflow_json', p_definition) is not null then
            private.find_json_problem('workflow_json', p_definition)
        when length(p_description) > 10000 then 'description must not have more than 10000 characters.'
        when jsonb_typeof(p_metadata) not in ('object', 'null') then 'metadata must be an object.'
        when pg_column_size(p_metadata) > 65536 then 'metadata must not be larger than 64 KB.'
        else private.find_json_problem('metadata', p_metadata)
    end;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    elsif octet_length(p_definition::text) > 52428800 then
        perform private.raise_error(413, 'INVALID_ARGUMENT', 'workflow_json must not be larger than 50 MB.');
    end if;

    if p_workflow_id is null then
        insert into public.workflows (
            tenant_id, name, description, status, metadata, required_capabilities, created_by, created_at, updated_at
        )
        values (
            v_caller.tenant_id, p_name, coalesce(p_description, ''), 'published', coalesce(nullif(p_metadata, 'null'), '{}'),
            private.capabilities_of(p_definition), v_created_by, v_now, v_now
        )
        returning * into v_workflow;
    else
        update public.workflows as w
        set name = p_name,
            description = coalesce(p_description, w.description),
            metadata = coalesce(nullif(p_metadata, 'null'), w.metadata),
            required_capabilities = private.capabilities_of(p_definition),
            status = 'published',
            current_version = w.current_version + 1,
            updated_at = v_now
        where w.workflow_id = p_workflow_id and w.tenant_id = v_caller.tenant_id and w.deleted_at is null
        returning w.* into v_workflow;
        if not found then
            perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow.');
        end if;
    end if;
    insert into public.workflow_versions (workflow_id, version, tenant_id, definition, node_count, created_by, created_at)
    values (
        v_workflow.workflow_id, v_workflow.current_version, v_caller.tenant_id, p_definition, v_node_count, v_created_by, v_now
    );
    perform private.emit_event(
        v_caller.tenant_id,
        case when p_workflow_id is null then 'workflow.created' else 'workflow.updated' end,
        null, null, v_workflow.workflow_id,
        jsonb_build_object('workflow_name', v_workflow.name, 'version', v_workflow.current_version)
    );
    return v_workflow;
end
$$;
comment on function public.submit_workflow is
    'Publishes a new workflow, or a new version of one, and returns it. The definition has nodes or steps: at most 1000, and 50 MB (an upload''s; a request body ends at 10 MB before it comes here). Raises 400 or 413 INVALID_ARGUMENT, 404 WORKFLOW_NOT_FOUND. Needs workflows.write.';
revoke all on function public.submit_workflow from public, anon, authenticated, service_role;
grant execute on function public.submit_workflow to authenticated;
