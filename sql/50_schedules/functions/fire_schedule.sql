create or replace function private.fire_schedule(p_schedule public.schedules)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_jitter interval := private.jitter_of(p_schedule.schedule_id, p_schedule.jitter_seconds);
    v_first timestamptz := p_schedule.next_run_at - v_jitter;
    v_due record;
    v_fire_time timestamptz;
    v_outcome public.schedule_outcome;
    v_enqueued integer := 0;
    v_failed integer := 0;
begin
    v_due := private.find_misfires(p_schedule, v_first, v_now - v_jitter);
    if v_due.missed_until is not null then
        insert into public.schedule_fires (tenant_id, schedule_id, fire_time, outcome, reason, missed_until, fired_at)
        values (
            p_schedule.tenant_id, p_schedule.schedule_id, v_first, 'missed',
            format(
                'Nobody served the due times from here until %s, and by the misfire policy %s they were not made up for.',
                private.to_iso(v_due.missed_until), p_schedule.misfire_policy
            ),
            v_due.missed_until, v_now
        )
        on conflict do nothing;
        if found then
            perform private.announce_fire(
                p_schedule, 'missed', v_first, null, jsonb_build_object('missed_until', private.to_iso(v_due.missed_until))
            );
        end if;
    end if;
    foreach v_fire_time in array v_due.served loop
        v_outcome := private.serve_due_time(p_schedule, v_fire_time, v_fire_time + v_jitter < v_now - interval '5 minutes');
        v_enqueued := v_enqueued + (v_outcome in ('enqueued', 'caught_up') and v_outcome is not null)::integer;
        v_failed := v_failed + (v_outcome = 'failed' and v_outcome is not null)::integer;
    end loop;
    update public.schedules as s
    set next_run_at = v_due.next_due + v_jitter,
        last_run_at = case when v_enqueued > 0 then v_now else s.last_run_at end,
        run_count = s.run_count + v_enqueued,
        failure_count = s.failure_count + v_failed
    where s.schedule_id = p_schedule.schedule_id;
    if v_failed > 0 then
        perform private.count_schedule_failures(p_schedule.schedule_id, v_failed);
    end if;
    return v_enqueued;
end
$$;
comment on function private.fire_schedule is
    'Serves what is due of a schedule that the caller has locked, by its misfire policy, each due time once, writes the outcomes down and sets the next run; returns the number of its jobs.';
revoke all on function private.fire_schedule from public, anon, authenticated, service_role;
