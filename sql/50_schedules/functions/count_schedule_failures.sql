create or replace function private.count_schedule_failures(p_schedule_id uuid, p_failures integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_schedule public.schedules;
begin
    update public.schedules as s
    set consecutive_failures = s.consecutive_failures + p_failures
    where s.schedule_id = p_schedule_id
    returning s.* into v_schedule;
    if v_schedule.max_consecutive_failures = 0 or not v_schedule.is_enabled or v_schedule.deleted_at is not null
        or v_schedule.consecutive_failures < v_schedule.max_consecutive_failures
    then
        return;
    end if;
    update public.schedules as s
    set is_enabled = false, next_run_at = null, auto_disabled_at = private.clock(), updated_at = private.clock()
    where s.schedule_id = p_schedule_id;
    perform private.drop_waiting_fires(
        v_schedule.tenant_id, array[p_schedule_id], 'The schedule was disabled after too many failures while this run waited.'
    );
    perform private.emit_event(
        v_schedule.tenant_id, 'schedule.auto_disabled', null, null, v_schedule.workflow_id,
        jsonb_build_object(
            'schedule_id', p_schedule_id, 'schedule_name', v_schedule.name,
            'consecutive_failures', v_schedule.consecutive_failures
        )
    );
end
$$;
comment on function private.count_schedule_failures is
    'Counts failures in a row of a schedule that the caller has locked, and disables it when they are as many as it allows: schedule.auto_disabled.';
revoke all on function private.count_schedule_failures from public, anon, authenticated, service_role;
