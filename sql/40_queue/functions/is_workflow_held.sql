create or replace function private.is_workflow_held(p_tenant_id uuid, p_workflow_id uuid)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select exists (select from private.leases as l where l.tenant_id = p_tenant_id and l.workflow_id = p_workflow_id)
$$;
comment on function private.is_workflow_held(uuid, uuid) is 'Whether a robot holds a job of a workflow.';
revoke all on function private.is_workflow_held(uuid, uuid) from public, anon, authenticated, service_role;
