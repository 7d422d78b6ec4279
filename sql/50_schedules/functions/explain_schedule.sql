create or replace function public.explain_schedule(p_schedule_id uuid, p_at timestamptz)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.read');
    v_now timestamptz := private.clock();
    v_schedule public.schedules;
    v_fire public.schedule_fires;
    v_due timestamptz;      -- the due time that p_at, or its minute, is
    v_moved timestamptz;
    v_run public.simulated_run;
    v_kept_from timestamptz;
begin
    select s.* into v_schedule
    from public.schedules as s
    where s.schedule_id = p_schedule_id and s.tenant_id = v_caller.tenant_id and s.deleted_at is null;
    if not found then
        perform private.raise_error(404, 'SCHEDULE_NOT_FOUND', 'There is no such schedule.');
    elsif p_at is null or p_at not between '1970-01-01T00:00:00Z' and '2200-01-01T00:00:00Z' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'at must lie between 1970 and 2200.');
    end if;
    v_due := private.next_planned_time(v_schedule, p_at - interval '1 microsecond');
    if v_due is null or v_due >= p_at + interval '1 minute' then
        v_due := null;
    end if;
    select f.* into v_fire
    from public.schedule_fires as f
    where f.tenant_id = v_schedule.tenant_id and f.schedule_id = p_schedule_id
        and f.fire_time >= p_at and f.fire_time < p_at + interval '1 minute'
    order by f.fire_time
    limit 1;
    if v_fire.schedule_id is null then      -- a row that stands for many
        select f.* into v_fire
        from public.schedule_fires as f
        where f.tenant_id = v_schedule.tenant_id and f.schedule_id = p_schedule_id and f.fire_time <= p_at
            and f.outcome = 'missed' and f.missed_until >= p_at
        order by f.fire_time desc
        limit 1;
    end if;

    if v_fire.schedule_id is not null then
        v_run := (
            v_fire.fire_time, v_fire.outcome::text,
            coalesce(v_fire.reason, case when v_fire.is_manual then 'It was run by hand.' else 'It ran.' end)
        );
    elsif p_at < v_schedule.created_at then
        v_run := (v_due, 'not_made', format('The schedule was made later, %s.', private.to_iso(v_schedule.created_at)));
    elsif p_at < v_schedule.starts_at then
        v_run := (null, 'not_due', format('The schedule starts later, %s.', private.to_iso(v_schedule.starts_at)));
    elsif p_at > v_schedule.ends_at then
        v_run := (null, 'not_due', format('The schedule had ended, %s.', private.to_iso(v_schedule.ends_at)));
    elsif v_due is null then
        v_run := (
            null, 'not_due',
            format(
                '%s is none of the times of the schedule: %s, on the clocks of %s.',
                to_char(p_at at time zone v_schedule.timezone, 'YYYY-MM-DD HH24:MI'),
                case v_schedule.frequency
                    when 'once' then private.to_iso(v_schedule.run_at)
                    when 'interval' then format('every %s seconds', v_schedule.interval_seconds)
                    else v_schedule.cron_expression
                end,
                v_schedule.timezone
            )
        );
        if private.next_due_time(v_schedule, p_at - interval '1 microsecond') < p_at + interval '1 minute' then
            v_run := private.judge_due_time(v_schedule, private.next_due_time(v_schedule, p_at - interval '1 microsecond'));
        end if;
    else
        v_run := private.judge_due_time(v_schedule, v_due);
        if v_run.verdict = 'holiday' and v_schedule.on_closed_day <> 'skip' then
            v_moved := case
                when v_schedule.on_closed_day = 'next' then private.next_due_time(v_schedule, v_due)
                else private.last_due_time(v_schedule, private.next_due_time(v_schedule, v_due - interval '400 days'), v_due)
            end;
            v_run.verdict := 'moved';
            v_run.reason := v_run.reason || coalesce(format(' It runs %s instead.', private.to_iso(v_moved)), '');
        elsif v_run.verdict = 'run' or v_run.verdict = 'moved' then
            v_kept_from := private.retention_horizon('schedule_fires', v_schedule.tenant_id);
            v_run := case
                when p_at < v_kept_from then (
                    v_due, 'unknown', format('What happened before %s is kept no more.', private.to_iso(v_kept_from))
                )::public.simulated_run
                when not v_schedule.is_enabled and v_schedule.auto_disabled_at <= p_at then (
                    v_due, 'disabled',
                    format(
                        'The schedule was disabled %s after %s failures in a row.',
                        private.to_iso(v_schedule.auto_disabled_at), v_schedule.consecutive_failures
                    )
                )::public.simulated_run
                when p_at < v_schedule.paused_until then
                    (v_due, 'paused', format('The schedule is paused until %s.', private.to_iso(v_schedule.paused_until)))::public.simulated_run
                when not v_schedule.is_enabled then (v_due, 'disabled', 'The schedule is not enabled.')::public.simulated_run
                when p_at > v_now then v_run
                when v_schedule.next_run_at <= v_now then
                    (v_due, 'late', 'It is due and has not been served: see the duty fire_due_schedules.')::public.simulated_run
                else (
                    v_due, 'not_planned',
                    'The schedule was disabled, paused or had other times then: the audit log has its changes.'
                )::public.simulated_run
            end;
        end if;
    end if;
    return jsonb_build_object(
        'schedule_id', p_schedule_id,
        'at', private.to_iso(p_at),
        'due', private.to_iso(v_run.run_at),
        'verdict', v_run.verdict,
        'reason', coalesce(v_run.reason, 'It will run.'),
        'job_id', v_fire.job_id,
        'fired_at', private.to_iso(v_fire.fired_at),
        'next_due', private.to_iso(private.next_due_time(v_schedule, greatest(p_at, v_now)))
    );
end
$$;
comment on function public.explain_schedule is
    'Why a schedule ran at a time, or in the minute that begins with it, or why it did not or will not: {schedule_id, at, due, verdict, reason, job_id, fired_at, next_due}. The verdict is the outcome of its fire, or not_due, not_made, not_planned, disabled, paused, late, unknown (kept no more), holiday, blackout, moved or run. Raises 404 SCHEDULE_NOT_FOUND, 400 INVALID_ARGUMENT. Needs schedules.read.';
revoke all on function public.explain_schedule from public, anon, authenticated, service_role;
grant execute on function public.explain_schedule to authenticated;
