create or replace function private.replan_schedules(p_tenant_id uuid, p_calendar_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_schedule public.schedules;
begin
    for v_schedule in
        select s.*
        from public.schedules as s
        where s.tenant_id = p_tenant_id and s.calendar_id = p_calendar_id and s.on_closed_day <> 'skip' and s.next_run_at > v_now
        order by s.next_run_at, s.schedule_id
        limit 1000
        for update
    loop
        update public.schedules as s
        set next_run_at = private.next_run_time(v_schedule, v_now)
        where s.schedule_id = v_schedule.schedule_id;
    end loop;
end
$$;
comment on function private.replan_schedules is
    'Sets the next run of the schedules that a changed calendar moves; of more than a thousand the soonest, and the others when they come due.';
revoke all on function private.replan_schedules from public, anon, authenticated, service_role;
