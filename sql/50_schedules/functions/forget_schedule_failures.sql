create or replace function private.forget_schedule_failures(p_schedule_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_schedule public.schedules;
begin
    select s.* into v_schedule
    from public.schedules as s
    where s.schedule_id = p_schedule_id and (s.consecutive_failures > 0 or s.auto_disabled_at is not null);
    if not found then
        return;
    end if;
    update public.schedules as s
    set consecutive_failures = 0,
        auto_disabled_at = case when not s.is_enabled then s.auto_disabled_at end
    where s.schedule_id = p_schedule_id;
    if v_schedule.auto_disabled_at is not null and v_schedule.is_enabled then
        perform private.emit_event(
            v_schedule.tenant_id, 'schedule.recovered', null, null, v_schedule.workflow_id,
            jsonb_build_object(
                'schedule_id', p_schedule_id, 'schedule_name', v_schedule.name,
                'auto_disabled_at', private.to_iso(v_schedule.auto_disabled_at)
            )
        );
    end if;
end
$$;
comment on function private.forget_schedule_failures is
    'Begins the count of failures in a row again, as a job of the schedule succeeded; emits schedule.recovered for one that they had disabled and somebody enabled again.';
revoke all on function private.forget_schedule_failures from public, anon, authenticated, service_role;
