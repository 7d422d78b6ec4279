create or replace function private.list_workflow_backups(p_workflow_id uuid)
returns table (version integer, object_key text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('workflows.delete');
begin
    return query
    select b.version, b.object_key
    from public.workflow_backups as b
    where b.tenant_id = v_caller.tenant_id and b.workflow_id = p_workflow_id and b.removed_at is null
    order by b.version;
end
$$;
comment on function private.list_workflow_backups is
    'The copies of a workflow that are, or may be, in the store. Needs workflows.delete.';
revoke all on function private.list_workflow_backups from public, anon, authenticated, service_role;
grant execute on function private.list_workflow_backups to authenticated;
