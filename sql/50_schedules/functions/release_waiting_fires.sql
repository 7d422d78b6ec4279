create or replace function private.release_waiting_fires(p_schedule public.schedules)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_fire_time timestamptz;
    v_outcome public.schedule_outcome;
    v_released integer := 0;
begin
    loop
        perform from private.schedule_jobs as g
        where g.tenant_id = p_schedule.tenant_id and g.schedule_id = p_schedule.schedule_id;
        exit when found and p_schedule.overlap_policy <> 'allow';
        select min(f.fire_time) into v_fire_time
        from public.schedule_fires as f
        where f.tenant_id = p_schedule.tenant_id and f.schedule_id = p_schedule.schedule_id and f.outcome = 'waiting';
        exit when v_fire_time is null;
        v_outcome := private.serve_due_time(p_schedule, v_fire_time, false, true);
        v_released := v_released + 1;
        update public.schedules as s
        set last_run_at = case when v_outcome = 'enqueued' then private.clock() else s.last_run_at end,
            run_count = s.run_count + (v_outcome = 'enqueued')::integer,
            failure_count = s.failure_count + (v_outcome = 'failed')::integer
        where s.schedule_id = p_schedule.schedule_id;
        if v_outcome = 'failed' then
            perform private.count_schedule_failures(p_schedule.schedule_id, 1);
        end if;
    end loop;
    return v_released;
end
$$;
comment on function private.release_waiting_fires is
    'Serves the due times that wait, of a schedule that the caller has locked, the oldest first, until one has a job again; returns how many it served.';
revoke all on function private.release_waiting_fires from public, anon, authenticated, service_role;
