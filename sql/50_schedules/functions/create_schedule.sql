create or replace function public.create_schedule(p_schedule jsonb)
returns public.schedules
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_schedule public.schedules := private.change_schedule(private.draft_schedule(v_caller), p_schedule, true);
begin
    perform private.require_schedulable_workflow(v_caller.tenant_id, v_schedule.workflow_id);
    insert into public.schedules values (v_schedule.*);
    return v_schedule;
end
$$;
comment on function public.create_schedule is
    'Makes a schedule of a workflow, {workflow_id, name, cron_expression | frequency | run_at | interval_seconds, …}, and returns it with the time of its next run; the time zone is the tenant''s unless it is given. With a pool (id or name) its robots run the jobs. Raises 404 WORKFLOW_NOT_FOUND, CALENDAR_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 POOL_AMBIGUOUS, 400 INVALID_ARGUMENT. Needs schedules.write.';
revoke all on function public.create_schedule from public, anon, authenticated, service_role;
grant execute on function public.create_schedule to authenticated;
