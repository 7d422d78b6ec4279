create or replace function public.update_schedule(p_schedule_id uuid, p_changes jsonb)
returns public.schedules
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_old public.schedules := private.lock_schedule(v_caller.tenant_id, p_schedule_id);
    v_new public.schedules := private.change_schedule(v_old, p_changes, false);
begin
    if v_new.workflow_id <> v_old.workflow_id then
        perform private.require_schedulable_workflow(v_caller.tenant_id, v_new.workflow_id);
    end if;
    update public.schedules as s
    set workflow_id = v_new.workflow_id,
        name = v_new.name,
        frequency = v_new.frequency,
        cron_expression = v_new.cron_expression,
        run_at = v_new.run_at,
        interval_seconds = v_new.interval_seconds,
        timezone = v_new.timezone,
        starts_at = v_new.starts_at,
        ends_at = v_new.ends_at,
        paused_until = v_new.paused_until,
        calendar_id = v_new.calendar_id,
        on_closed_day = v_new.on_closed_day,
        jitter_seconds = v_new.jitter_seconds,
        misfire_policy = v_new.misfire_policy,
        misfire_cap = v_new.misfire_cap,
        overlap_policy = v_new.overlap_policy,
        max_consecutive_failures = v_new.max_consecutive_failures,
        is_enabled = v_new.is_enabled,
        priority = v_new.priority,
        execution_mode = v_new.execution_mode,
        environment = v_new.environment,
        required_capabilities = v_new.required_capabilities,
        required_tags = v_new.required_tags,
        robot_id = v_new.robot_id,
        pool_id = v_new.pool_id,
        dedupe_key = v_new.dedupe_key,
        input = v_new.input,
        metadata = v_new.metadata,
        next_run_at = v_new.next_run_at,
        consecutive_failures = v_new.consecutive_failures,
        updated_at = v_new.updated_at
    where s.schedule_id = p_schedule_id;
    if not v_new.is_enabled then
        perform private.drop_waiting_fires(v_new.tenant_id, array[p_schedule_id], 'The schedule was disabled while this run waited.');
    end if;
    if private.is_followed(v_new) and not private.is_followed(v_old) then
        insert into private.schedule_jobs (job_id, tenant_id, schedule_id)
        select f.job_id, f.tenant_id, f.schedule_id
        from public.schedule_fires as f
        join public.jobs as j on j.job_id = f.job_id and j.finished_at is null
        where f.tenant_id = v_new.tenant_id and f.schedule_id = p_schedule_id
        on conflict do nothing;
    end if;
    return v_new;
end
$$;
comment on function public.update_schedule is
    'Changes the named fields of a schedule and returns it; a null leaves a field as it is, and an empty text takes away starts_at, ends_at, paused_until, calendar_id, robot_id, pool or dedupe_key. Disabled it has no next run; enabled, or with other times, it has a new one. Raises 404 SCHEDULE_NOT_FOUND, WORKFLOW_NOT_FOUND, CALENDAR_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 POOL_AMBIGUOUS, 400 INVALID_ARGUMENT. Needs schedules.write.';
revoke all on function public.update_schedule from public, anon, authenticated, service_role;
grant execute on function public.update_schedule to authenticated;
