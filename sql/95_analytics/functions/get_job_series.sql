-- Each minute or hour is looked up by its key, so a year of robots beside it costs nothing. Days are those of the caller's zone,
-- made of the UTC hours that begin in them: where midnight is no full hour of UTC, a day begins with the full hour before.
create or replace function public.get_job_series(
    p_interval text default 'hour',
    p_count integer default null,
    p_timezone text default null,
    p_robot_id uuid default null
)
returns table (
    starts_at timestamptz,
    created bigint,         -- null of a robot
    completed bigint,
    failed bigint,
    timed_out bigint,
    cancelled bigint,
    duration_ms_sum bigint, -- of completed jobs
    unfinished bigint       -- at the end of the time; null of a robot
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
#variable_conflict use_column
declare
    v_caller private.caller := private.caller();
    v_now timestamptz := private.clock();
    v_most integer := case p_interval when 'minute' then 1440 when 'hour' then 744 when 'day' then 90 end;
    v_count integer := coalesce(p_count, case p_interval when 'minute' then 60 when 'hour' then 24 when 'day' then 30 end);
    v_step interval := case when p_interval = 'minute' then interval '1 minute' else interval '1 hour' end;
    v_grain text := case when p_interval = 'minute' then 'minute' else 'hour' end;
    v_level public.rollup_level;
    v_today timestamp;
    v_unfinished bigint;
begin
    if p_robot_id is null or v_caller.robot_id is distinct from p_robot_id then   -- a robot may look at itself
        v_caller := private.authorize('analytics.read');
    end if;
    if v_most is null or p_robot_id is not null and p_interval = 'minute' then
        perform private.raise_error(400, 'INVALID_ARGUMENT', case
            when p_robot_id is null then 'interval must be minute, hour or day.' else 'interval must be hour or day.'
        end);
    end if;
    if v_count not between 1 and v_most then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', format('count must lie between 1 and %s for the interval %s.', v_most, p_interval)
        );
    end if;
    p_timezone := coalesce(p_timezone, (select t.timezone from public.tenants as t where t.tenant_id = v_caller.tenant_id));
    v_today := date_trunc('day', private.at_timezone(v_now, p_timezone));
    perform private.sequence_tenant_events(v_caller.tenant_id);
    v_level := case when p_robot_id is not null then 'robot_' else 'tenant_' end || v_grain;
    if p_robot_id is null then
        select r.created - r.completed - r.failed - r.timed_out - r.cancelled
        into v_unfinished
        from public.job_rollups as r
        where r.tenant_id = v_caller.tenant_id and r.level = 'tenant' and r.starts_at = 'epoch' and r.subject_id = v_caller.tenant_id;
        v_unfinished := coalesce(v_unfinished, 0);
    end if;
    return query
    select
        c.starts_at,
        case when p_robot_id is null then c.created end,
        c.completed,
        c.failed,
        c.timed_out,
        c.cancelled,
        c.duration_ms_sum,
        case
            when p_robot_id is null then greatest(v_unfinished - coalesce(
                sum(c.created - c.completed - c.failed - c.timed_out - c.cancelled) over (
                    order by c.starts_at desc rows between unbounded preceding and 1 preceding
                ), 0
            ), 0)::bigint
        end
    from (
        select
            b.starts_at,
            coalesce(sum(r.created), 0)::bigint as created,
            coalesce(sum(r.completed), 0)::bigint as completed,
            coalesce(sum(r.failed), 0)::bigint as failed,
            coalesce(sum(r.timed_out), 0)::bigint as timed_out,
            coalesce(sum(r.cancelled), 0)::bigint as cancelled,
            coalesce(sum(r.duration_ms_sum), 0)::bigint as duration_ms_sum
        from (
            select
                case
                    when p_interval = 'day' then (v_today - make_interval(days => n)) at time zone p_timezone
                    else date_trunc(v_grain, v_now, 'UTC') - n * v_step
                end as starts_at,
                case
                    when p_interval = 'day' then (v_today - make_interval(days => n - 1)) at time zone p_timezone
                    else date_trunc(v_grain, v_now, 'UTC') - (n - 1) * v_step
                end as ends_at
            from generate_series(0, v_count - 1) as n
        ) as b
        cross join lateral generate_series(
            date_trunc(v_grain, b.starts_at, 'UTC'), least(date_trunc(v_grain, b.ends_at, 'UTC') - v_step, v_now), v_step
        ) as h (starts_at)
        left join lateral (
            select k.*
            from public.job_rollups as k
            where k.tenant_id = v_caller.tenant_id
                and k.level = v_level
                and k.starts_at = h.starts_at
                and k.subject_id = coalesce(p_robot_id, v_caller.tenant_id)
            limit 1
        ) as r on true
        group by b.starts_at
    ) as c
    order by c.starts_at;
end
$$;
comment on function public.get_job_series is
    'How the tenant''s jobs, or those that a robot had, began and ended in each of the last p_count minutes (1,440 at most; of the last two days), hours (744) or days (90), the running one included, with zeros where nothing was. Days are those of p_timezone, default the tenant''s. unfinished: jobs that waited or were in hand at the end of it. Needs analytics.read, but for a robot that asks for itself.';
revoke all on function public.get_job_series from public, anon, authenticated, service_role;
grant execute on function public.get_job_series to authenticated;
