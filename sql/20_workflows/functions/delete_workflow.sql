create or replace function public.delete_workflow(p_workflow_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('workflows.delete');
    v_now timestamptz := private.clock();
    v_name text;
    v_cancelled integer;
    v_schedules integer;
begin
    -- Nobody makes a schedule of it from here on. Schedules go before the lock below, which those that fire take last.
    perform from public.workflows as w
    where w.workflow_id = p_workflow_id and w.tenant_id = v_caller.tenant_id and w.deleted_at is null
    for no key update;
    v_schedules := private.delete_schedules_of_workflow(v_caller.tenant_id, p_workflow_id);
    -- Waits for those who are enqueueing jobs of it (private.keep_workflow), so that their jobs are found below.
    perform pg_advisory_xact_lock(2003792484, hashtext(p_workflow_id::text));
    update public.workflows as w
    set deleted_at = v_now, updated_at = v_now, is_enabled = false
    where w.workflow_id = p_workflow_id and w.tenant_id = v_caller.tenant_id and w.deleted_at is null
    returning w.name into v_name;
    if not found then
        perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow.');
    end if;
    v_cancelled := private.cancel_jobs_of_workflow(v_caller.tenant_id, p_workflow_id, 'The workflow was deleted.');
    perform private.emit_event(
        v_caller.tenant_id, 'workflow.deleted', null, null, p_workflow_id,
        jsonb_build_object('workflow_name', v_name, 'cancelled_jobs', v_cancelled, 'deleted_schedules', v_schedules)
    );
    return jsonb_build_object(
        'workflow_id', p_workflow_id, 'deleted', true, 'cancelled_jobs', v_cancelled, 'deleted_schedules', v_schedules
    );
end
$$;
comment on function public.delete_workflow(uuid) is
    'Deletes a workflow for its users (history keeps it), deletes its schedules, cancels its waiting jobs and lets its running ones end. Raises 404 WORKFLOW_NOT_FOUND. Needs workflows.delete.';
revoke all on function public.delete_workflow(uuid) from public, anon, authenticated, service_role;
grant execute on function public.delete_workflow(uuid) to authenticated;
