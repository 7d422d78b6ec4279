create or replace function public.trigger_schedule(p_schedule_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_schedule public.schedules := private.lock_schedule(v_caller.tenant_id, p_schedule_id);
    v_now timestamptz := private.clock();
    v_fire_time timestamptz := v_now;
    v_job_id uuid;
begin
    v_job_id := private.enqueue_job_of_schedule(
        v_schedule, 'manual', coalesce(v_caller.user_id, v_caller.api_key_id), null
    );
    loop
        insert into public.schedule_fires (tenant_id, schedule_id, fire_time, is_manual, outcome, job_id, fired_at)
        values (v_schedule.tenant_id, p_schedule_id, v_fire_time, true, 'enqueued', v_job_id, v_now)
        on conflict do nothing;
        exit when found;
        v_fire_time := v_fire_time + interval '1 microsecond';      -- a due time, or another run by hand, has this one
    end loop;
    update public.schedules as s
    set run_count = s.run_count + 1, last_run_at = v_now
    where s.schedule_id = p_schedule_id;
    perform private.announce_fire(v_schedule, 'triggered', v_fire_time, v_job_id);
    return jsonb_build_object('schedule_id', p_schedule_id, 'job_id', v_job_id);
end
$$;
comment on function public.trigger_schedule is
    'Enqueues a job of a schedule now, enabled or not, and leaves its next run as it is: {schedule_id, job_id}. Raises 404 SCHEDULE_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 WORKFLOW_NOT_RUNNABLE. Needs schedules.write.';
revoke all on function public.trigger_schedule from public, anon, authenticated, service_role;
grant execute on function public.trigger_schedule to authenticated;
