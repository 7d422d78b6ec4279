create or replace function private.next_planned_time(p_schedule public.schedules, p_after timestamptz)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_after timestamptz := greatest(p_after, p_schedule.starts_at - interval '1 microsecond');
    v_from timestamptz;
    v_due timestamptz;
begin
    if p_schedule.frequency = 'once' then
        v_due := case when p_schedule.run_at > v_after then p_schedule.run_at end;
    elsif p_schedule.frequency = 'interval' then
        -- The first is starts_at itself, or an interval after the schedule was made.
        v_from := coalesce(p_schedule.starts_at, date_trunc('second', p_schedule.created_at));
        v_due := v_from + make_interval(
            secs => greatest(
                floor(extract(epoch from v_after - v_from) / p_schedule.interval_seconds) + 1,
                (p_schedule.starts_at is null)::integer
            ) * p_schedule.interval_seconds
        );
    else
        v_due := private.next_cron_time(p_schedule.cron_expression, p_schedule.timezone, v_after);
    end if;
    return case when p_schedule.ends_at is null or v_due <= p_schedule.ends_at then v_due end;
end
$$;
comment on function private.next_planned_time is
    'The first time after p_after that a schedule means, within its start and end; its calendar may have something to say about it. Null when nothing is left.';
revoke all on function private.next_planned_time from public, anon, authenticated, service_role;
