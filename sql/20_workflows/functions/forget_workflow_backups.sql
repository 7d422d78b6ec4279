create or replace function private.forget_workflow_backups(p_workflow_id uuid, p_versions integer[])
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('workflows.delete');
begin
    update public.workflow_backups as b
    set removed_at = private.clock()
    where b.tenant_id = v_caller.tenant_id
        and b.workflow_id = p_workflow_id
        and b.version = any (p_versions)
        and b.removed_at is null;
end
$$;
comment on function private.forget_workflow_backups is
    'Writes down that copies are gone from the store. Needs workflows.delete.';
revoke all on function private.forget_workflow_backups from public, anon, authenticated, service_role;
grant execute on function private.forget_workflow_backups to authenticated;
