create or replace function private.disable_triggers()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.disable_triggers_of_workflow(new.tenant_id, new.workflow_id, 'The workflow was disabled.');
    return null;
end
$$;
comment on function private.disable_triggers is 'Disables the triggers of a workflow that is disabled.';
revoke all on function private.disable_triggers from public, anon, authenticated, service_role;
