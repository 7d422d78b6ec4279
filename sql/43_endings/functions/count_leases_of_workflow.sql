create or replace function private.count_leases_of_workflow(p_tenant_id uuid, p_workflow_id uuid)
returns integer
language sql
stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
    select count(*)::integer from private.leases as l where l.tenant_id = p_tenant_id and l.workflow_id = p_workflow_id
$$;
comment on function private.count_leases_of_workflow is 'How many jobs of a workflow robots hold.';
revoke all on function private.count_leases_of_workflow from public, anon, authenticated, service_role;
