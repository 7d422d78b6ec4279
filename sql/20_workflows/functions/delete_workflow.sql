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
    v_turn private.turn;
    v_cancelling integer := 0;      -- looked for among 50,000 waiting jobs at most
    v_schedules integer;
    v_triggers integer;
begin
    -- Nobody makes a schedule or a trigger of it from here on. They go before the lock below, which those that fire take last.
    perform from public.workflows as w
    where w.workflow_id = p_workflow_id and w.tenant_id = v_caller.tenant_id and w.deleted_at is null
    for no key update;
    v_triggers := private.disable_triggers_of_workflow(v_caller.tenant_id, p_workflow_id, 'The workflow was deleted.');
    v_schedules := private.delete_schedules_of_workflow(v_caller.tenant_id, p_workflow_id);
    -- Waits for those who are enqueueing jobs of it (private.keep_workflow), so that their jobs are found below.
    perform pg_advisory_xact_lock(private.workflow_lock(), hashtext(p_workflow_id::text));
    update public.workflows as w
    set deleted_at = v_now, updated_at = v_now, is_enabled = false
    where w.workflow_id = p_workflow_id and w.tenant_id = v_caller.tenant_id and w.deleted_at is null
    returning w.name into v_name;
    if not found then
        perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow.');
    end if;
    insert into private.workflow_removals (tenant_id, workflow_id, removed_at, held)
    values (v_caller.tenant_id, p_workflow_id, v_now, private.count_leases_of_workflow(v_caller.tenant_id, p_workflow_id));
    -- A few are cancelled here, in the order of the look; a duty does the others.
    v_turn := private.cancel_jobs_of_deleted_workflows(v_caller.tenant_id, 500, null);
    perform from private.workflow_removals as r
    where r.tenant_id = v_caller.tenant_id and r.workflow_id = p_workflow_id and not r.is_idle;
    if found then
        v_cancelling := private.count_jobs_of_workflow(v_caller.tenant_id, p_workflow_id, 50000);
    end if;
    perform private.emit_event(
        v_caller.tenant_id, 'workflow.deleted', null, null, p_workflow_id,
        jsonb_build_object(
            'workflow_name', v_name, 'cancelled_jobs', v_turn.done, 'cancelling_jobs', v_cancelling,
            'deleted_schedules', v_schedules, 'disabled_triggers', v_triggers
        )
    );
    return jsonb_build_object(
        'workflow_id', p_workflow_id, 'deleted', true, 'cancelled_jobs', v_turn.done, 'cancelling_jobs', v_cancelling,
        'deleted_schedules', v_schedules, 'disabled_triggers', v_triggers
    );
end
$$;
comment on function public.delete_workflow is
    'Deletes a workflow for its users (history keeps it) and its schedules at once, disables its triggers (disabled_triggers), lets its running jobs end, and cancels its waiting ones: a few at once (cancelled_jobs), the others soon (cancelling_jobs, those among the first 50,000 that the tenant has waiting); robots get none of them. Raises 404 WORKFLOW_NOT_FOUND. Needs workflows.delete.';
revoke all on function public.delete_workflow from public, anon, authenticated, service_role;
grant execute on function public.delete_workflow to authenticated;
