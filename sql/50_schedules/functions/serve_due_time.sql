create or replace function private.serve_due_time(
    p_schedule public.schedules,
    p_fire_time timestamptz,
    p_is_late boolean,
    p_is_waiting boolean default false  -- it has its row, and its turn has come
)
returns public.schedule_outcome
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_outcome public.schedule_outcome;
    v_reason text;
    v_job_id uuid;
    v_key text := coalesce(p_schedule.dedupe_key, 'schedule:' || p_schedule.schedule_id || ':' || private.to_iso(p_fire_time));
begin
    if not p_is_waiting then
        -- Not there a second time: clocks of the server that go back, or a schedule that somebody set back by hand.
        perform from public.schedule_fires as f
        where f.tenant_id = p_schedule.tenant_id and f.schedule_id = p_schedule.schedule_id and f.fire_time = p_fire_time;
        if found then
            return null;
        end if;
        if p_schedule.calendar_id is not null then
            select 'skipped_' || c.verdict, c.reason
            into v_outcome, v_reason
            from private.find_closure(
                private.find_calendar(p_schedule.tenant_id, p_schedule.calendar_id), p_schedule.timezone, p_fire_time
            ) as c;
        end if;
        if v_outcome is null then
            select o.outcome, o.reason into v_outcome, v_reason from private.find_overlap(p_schedule) as o;
        end if;
    end if;
    if v_outcome is null and p_schedule.dedupe_key is not null then
        select 'skipped_overlap', format('The job %s with the same dedupe_key was not finished.', d.job_id)
        into v_outcome, v_reason
        from private.dedupe_keys as d
        where d.tenant_id = p_schedule.tenant_id and d.dedupe_key = v_key;
    end if;
    if v_outcome is null then
        begin
            v_job_id := private.enqueue_job_of_schedule(p_schedule, 'scheduled', p_schedule.created_by, v_key);
            v_outcome := case when p_is_late then 'caught_up' else 'enqueued' end;
            v_reason := case when p_is_late then 'Nobody served the due time in time; it was made up for.' end;
        exception
            when others then
                if sqlstate not like 'PT%' then
                    raise;
                end if;
                v_outcome := 'failed';
                v_reason := sqlerrm;    -- a refusal
        end;
    end if;
    insert into public.schedule_fires as f (tenant_id, schedule_id, fire_time, outcome, reason, job_id, fired_at)
    values (p_schedule.tenant_id, p_schedule.schedule_id, p_fire_time, v_outcome, v_reason, v_job_id, v_now)
    on conflict (tenant_id, schedule_id, fire_time) do update
    set outcome = v_outcome, reason = v_reason, job_id = v_job_id, fired_at = v_now;
    if v_outcome <> 'waiting' then
        perform private.announce_fire(
            p_schedule,
            case when v_job_id is not null then 'fired' when v_outcome = 'failed' then 'failed' else 'skipped' end,
            p_fire_time, v_job_id, jsonb_build_object('outcome', v_outcome, 'reason', v_reason)
        );
    end if;
    return v_outcome;
end
$$;
comment on function private.serve_due_time is
    'Serves a due time of a schedule that the caller has locked, and writes down the outcome that it returns: the job, or why there is none. Null: that time had its turn.';
revoke all on function private.serve_due_time from public, anon, authenticated, service_role;
