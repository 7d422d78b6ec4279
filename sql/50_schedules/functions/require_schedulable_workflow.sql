create or replace function private.require_schedulable_workflow(p_tenant_id uuid, p_workflow_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    -- Shared, so that deleting the workflow waits for the schedule that is being made and takes it along.
    perform from public.workflows as w
    where w.workflow_id = p_workflow_id and w.tenant_id = p_tenant_id and w.deleted_at is null
    for share;
    if not found then
        perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow.');
    end if;
end
$$;
comment on function private.require_schedulable_workflow is
    'Returns when the tenant has the workflow, and keeps it from being deleted until the transaction ends. Raises 404 WORKFLOW_NOT_FOUND.';
revoke all on function private.require_schedulable_workflow from public, anon, authenticated, service_role;
