create or replace function private.delete_schedules_of_workflow(p_tenant_id uuid, p_workflow_id uuid)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_deleted uuid[];
begin
    with deleted as (
        update public.schedules as s
        set deleted_at = v_now, updated_at = v_now, next_run_at = null
        where s.tenant_id = p_tenant_id and s.workflow_id = p_workflow_id and s.deleted_at is null
        returning s.schedule_id
    )
    select coalesce(array_agg(d.schedule_id), '{}') into v_deleted from deleted as d;
    perform private.drop_waiting_fires(p_tenant_id, v_deleted, 'The workflow was deleted while this run waited.');
    return cardinality(v_deleted);
end
$$;
comment on function private.delete_schedules_of_workflow is
    'Takes every schedule of a workflow away and returns how many.';
revoke all on function private.delete_schedules_of_workflow from public, anon, authenticated, service_role;
