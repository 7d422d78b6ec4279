create or replace function private.change_schedule(p_old public.schedules, p_changes jsonb, p_is_new boolean)
returns public.schedules
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_new public.schedules := private.read_schedule_changes(p_old, p_changes);
    v_problem text := case when v_new.timezone <> p_old.timezone then private.find_timezone_problem(v_new.timezone) end;
begin
    if v_problem is not null then    -- before anything is reckoned in it
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    v_new := private.compile_times(
        case when not p_is_new then p_old end, v_new, nullif(p_changes ->> 'frequency', '')
    );
    if nullif(p_changes ->> 'robot_id', '') is not null then
        v_new.robot_id := (private.find_robot(v_new.tenant_id, p_changes ->> 'robot_id')).robot_id;
    end if;
    if nullif(p_changes ->> 'pool', '') is not null then
        v_new.pool_id := (private.find_pool(v_new.tenant_id, p_changes ->> 'pool', 'member')).pool_id;
    end if;
    if v_new.calendar_id is distinct from p_old.calendar_id and v_new.calendar_id is not null then
        perform private.find_calendar(v_new.tenant_id, v_new.calendar_id);
    end if;
    v_problem := private.find_schedule_problem(v_new, p_changes);
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    v_new.updated_at := v_now;
    if v_new.is_enabled and not p_old.is_enabled then
        v_new.consecutive_failures := 0;
    end if;
    if p_is_new or v_new.is_enabled <> p_old.is_enabled or (
        v_new.frequency, v_new.cron_expression, v_new.run_at, v_new.interval_seconds, v_new.timezone, v_new.starts_at,
        v_new.ends_at, v_new.paused_until, v_new.jitter_seconds, v_new.calendar_id, v_new.on_closed_day
    ) is distinct from (
        p_old.frequency, p_old.cron_expression, p_old.run_at, p_old.interval_seconds, p_old.timezone, p_old.starts_at,
        p_old.ends_at, p_old.paused_until, p_old.jitter_seconds, p_old.calendar_id, p_old.on_closed_day
    ) then
        v_new.next_run_at := private.next_run_time(v_new, v_now);
        if v_new.is_enabled and v_new.next_run_at is null then
            perform private.raise_error(
                400, 'INVALID_ARGUMENT',
                case
                    when v_new.frequency = 'once' then 'run_at must lie in the future, and not in a pause.'
                    when v_new.on_closed_day <> 'skip' then 'calendar_id leaves the schedule no day on which it runs.'
                    when v_new.ends_at is not null then 'ends_at leaves the schedule no time at which it runs.'
                    else 'cron_expression has no time within 40 years.'
                end
            );
        end if;
    end if;
    return v_new;
end
$$;
comment on function private.change_schedule is
    'A schedule with changes, judged, and with the next run that they bring; writes nothing. Raises 400 INVALID_ARGUMENT, which names the field, 404 CALENDAR_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 POOL_AMBIGUOUS.';
revoke all on function private.change_schedule from public, anon, authenticated, service_role;
