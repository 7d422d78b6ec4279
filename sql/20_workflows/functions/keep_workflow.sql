-- An advisory lock, because a lock on the row would write to it at every enqueue. It must be held before the statement that
-- looks at the workflow begins, so it is a call of its own.
create or replace function private.keep_workflow(p_workflow_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_advisory_xact_lock_shared(private.workflow_lock(), hashtext(p_workflow_id::text));
end
$$;
comment on function private.keep_workflow is
    'Keeps a workflow from being deleted until this transaction ends; waits for a deletion that is under way. Many may keep it at once.';
revoke all on function private.keep_workflow from public, anon, authenticated, service_role;
