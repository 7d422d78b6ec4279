create or replace function private.fire_schedule(p_schedule public.schedules)
returns public.schedule_outcome
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_first timestamptz := p_schedule.next_run_at;
    v_fire_time timestamptz := p_schedule.next_run_at;
    v_next timestamptz := private.next_cron_time(p_schedule.cron_expression, p_schedule.timezone, p_schedule.next_run_at);
    v_job_id uuid;
    v_reason text;
begin
    if v_next <= v_now then
        v_fire_time := private.last_cron_time(p_schedule.cron_expression, p_schedule.timezone, v_next, v_now);
        v_next := private.next_cron_time(p_schedule.cron_expression, p_schedule.timezone, v_now);
        insert into public.schedule_fires (tenant_id, schedule_id, fire_time, outcome, reason, fired_at)
        values (
            p_schedule.tenant_id, p_schedule.schedule_id, v_first, 'missed',
            format(
                'Nobody served the due times from here until %s; that one was made up for, once.', private.to_iso(v_fire_time)
            ),
            v_now
        )
        on conflict do nothing;
    end if;

    -- Not there a second time: clocks of the server that go back, or a schedule that somebody set back by hand.
    perform from public.schedule_fires as f
    where f.tenant_id = p_schedule.tenant_id and f.schedule_id = p_schedule.schedule_id and f.fire_time = v_fire_time;
    if not found then
        begin
            v_job_id := private.enqueue_job_of_schedule(
                p_schedule, 'scheduled', p_schedule.created_by,
                'schedule:' || p_schedule.schedule_id || ':' || private.to_iso(v_fire_time)
            );
        exception
            when others then
                if sqlstate not like 'PT%' then
                    raise;
                end if;
                v_reason := sqlerrm;    -- a refusal
        end;
        insert into public.schedule_fires (tenant_id, schedule_id, fire_time, outcome, reason, job_id, fired_at)
        values (
            p_schedule.tenant_id, p_schedule.schedule_id, v_fire_time,
            case when v_reason is null then 'enqueued' else 'failed' end::public.schedule_outcome, v_reason, v_job_id, v_now
        );
        perform private.announce_fire(p_schedule, v_fire_time, false, v_job_id, v_reason);
    end if;

    update public.schedules as s
    set next_run_at = v_next,
        last_run_at = case when v_job_id is null then s.last_run_at else v_now end,
        run_count = s.run_count + (v_job_id is not null)::integer,
        failure_count = s.failure_count + (v_reason is not null)::integer
    where s.schedule_id = p_schedule.schedule_id;
    return case
        when v_job_id is not null then 'enqueued'
        when v_reason is not null then 'failed'
    end;
end
$$;
comment on function private.fire_schedule is
    'Serves the newest due time of a schedule that the caller has locked, once, writes the outcome down and sets the next run. Null: that time had its turn.';
revoke all on function private.fire_schedule from public, anon, authenticated, service_role;
