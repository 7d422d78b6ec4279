create or replace function private.find_schedule_problem(p_schedule public.schedules, p_changes jsonb)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_min_seconds integer;
begin
    if p_schedule.name is null or length(p_schedule.name) not between 1 and 255 or p_schedule.name !~ '\S' then
        return 'schedule_name must have 1 to 255 characters, and not blanks only.';
    elsif p_schedule.environment is null then      -- a schedule has these itself; the job's own would be defaults
        return 'environment must have 1 to 64 characters.';
    elsif jsonb_typeof(p_schedule.input) is distinct from 'object' then
        return 'input must be an object.';
    elsif jsonb_typeof(p_schedule.metadata) is distinct from 'object' then
        return 'metadata must be an object.';
    elsif pg_column_size(p_schedule.metadata) > 32768 then
        return 'metadata must not be larger than 32 KB.';
    elsif not private.is_calendar_time(p_schedule.starts_at) then
        return 'starts_at must lie in the years 1 to 9999.';
    elsif not private.is_calendar_time(p_schedule.ends_at) then
        return 'ends_at must lie in the years 1 to 9999.';
    elsif not private.is_calendar_time(p_schedule.paused_until) then
        return 'paused_until must lie in the years 1 to 9999.';
    elsif p_schedule.ends_at <= p_schedule.starts_at then
        return 'ends_at must be later than starts_at.';
    elsif p_schedule.run_at < p_schedule.starts_at or p_schedule.run_at > p_schedule.ends_at then
        return 'run_at must lie between starts_at and ends_at.';
    elsif p_schedule.jitter_seconds not between 0 and 86400 then
        return 'jitter_seconds must be between 0 and 86400.';
    elsif p_schedule.misfire_cap not between 1 and 100 then
        return 'misfire_cap must be between 1 and 100.';
    elsif p_changes ->> 'misfire_cap' is not null and p_schedule.misfire_policy <> 'all' and p_schedule.misfire_cap <> 10 then
        return 'misfire_cap goes with the misfire_policy all only.';
    elsif p_schedule.max_consecutive_failures not between 0 and 1000 then
        return 'max_consecutive_failures must be between 0 and 1000.';
    elsif p_schedule.on_closed_day <> 'skip' and p_schedule.calendar_id is null then
        return 'on_closed_day needs a calendar_id.';
    elsif p_schedule.on_closed_day <> 'skip' and (
        p_schedule.frequency in ('interval', 'hourly')
        or p_schedule.frequency = 'cron' and (private.cron_fields(p_schedule.cron_expression))[2] ~ '^\*'
    ) then
        return 'on_closed_day next and previous are for schedules whose hour is fixed: what comes every hour is not moved to another day.';
    elsif p_schedule.robot_id is not null and p_schedule.pool_id is not null then
        return 'robot_id and pool contradict each other: a pool''s owner says which of its robots run a job.';
    end if;
    select q.min_interval_seconds into v_min_seconds
    from public.tenants as t
    join private.schedule_quotas as q on q.plan = t.plan
    where t.tenant_id = p_schedule.tenant_id and q.min_interval_seconds > p_schedule.interval_seconds;
    if found then
        return format('interval_seconds must be at least %s in your plan.', v_min_seconds);
    end if;
    return private.find_job_problem(private.job_of_schedule(p_schedule));
end
$$;
comment on function private.find_schedule_problem is
    'What is wrong with a schedule that somebody''s changes come to, as a sentence that names the field; null when nothing is. Not its times and time zone: see compile_times and find_timezone_problem.';
revoke all on function private.find_schedule_problem from public, anon, authenticated, service_role;
