-- An advisory lock, because a lock on the row would write to it at every enqueue. It must be held before the statement that
-- looks at the workflow begins, so it is a call of its own.
create or replace function private.keep_workflow(p_workflow_id uuid)
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    select pg_advisory_xact_lock_shared(2003792484, hashtext(p_workflow_id::text))
$$;
comment on function private.keep_workflow is
    'Keeps a workflow from being deleted until this transaction ends; waits for a deletion that is under way. Many may keep it at once.';
revoke all on function private.keep_workflow from public, anon, authenticated, service_role;
