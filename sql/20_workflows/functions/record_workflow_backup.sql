create or replace function private.record_workflow_backup(p_workflow_id uuid, p_version integer)
returns text
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('workflows.write');
    -- Made here and not taken from the caller: what a row names is removed from the store one day.
    v_object_key text := format('%s/%s/%s.json', v_caller.tenant_id, p_workflow_id, p_version);
begin
    -- Whoever deletes the workflow waits, and finds this row.
    perform from public.workflows as w
    join public.workflow_versions as v on v.workflow_id = w.workflow_id
    where w.tenant_id = v_caller.tenant_id
        and w.workflow_id = p_workflow_id
        and w.deleted_at is null
        and v.version = p_version
    for share of w;
    if not found then
        perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow.');
    end if;
    insert into public.workflow_backups (workflow_id, version, tenant_id, object_key, stored_at)
    values (p_workflow_id, p_version, v_caller.tenant_id, v_object_key, private.clock())
    on conflict (workflow_id, version) do update set stored_at = excluded.stored_at, removed_at = null;
    return v_object_key;
end
$$;
comment on function private.record_workflow_backup is
    'Writes down where the copy of a version goes, before the store has it and again when it has, and returns its key there. Raises 404 WORKFLOW_NOT_FOUND. Needs workflows.write.';
revoke all on function private.record_workflow_backup from public, anon, authenticated, service_role;
grant execute on function private.record_workflow_backup to authenticated;
