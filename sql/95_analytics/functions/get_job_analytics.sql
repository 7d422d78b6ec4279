-- Whole days from the rows of days, and the hours of the first day, which the period cuts, from the rows of hours: at most
-- 90 + 24 rows for the tenant and for each workflow, however many jobs there were.
create or replace function public.get_job_analytics(p_days integer default 7, p_hours integer default null)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('analytics.read');
    v_since timestamptz := date_trunc('hour', private.clock(), 'UTC') - make_interval(hours => coalesce(p_hours, 24 * p_days));
    v_midnight timestamptz := date_trunc('day', v_since + interval '1 day' - interval '1 microsecond', 'UTC');
    v_answer jsonb;
begin
    if p_days is null or p_days not between 1 and 90 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'days must lie between 1 and 90.');
    end if;
    if p_hours not between 1 and 2160 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'hours must lie between 1 and 2160.');
    end if;
    perform private.sequence_tenant_events(v_caller.tenant_id);

    with mine as materialized (
        select r.*
        from public.job_rollups as r
        where r.tenant_id = v_caller.tenant_id and r.level = 'tenant_day' and r.starts_at >= v_midnight
        union all
        select r.*
        from public.job_rollups as r
        where r.tenant_id = v_caller.tenant_id and r.level = 'tenant_hour'
            and r.starts_at >= v_since and r.starts_at < v_midnight
    ),
    by_workflow as (
        select w.subject_id, sum(w.completed) as completed, sum(w.duration_ms_sum) / sum(w.completed) as average_duration_ms
        from (
            select r.subject_id, r.completed, r.duration_ms_sum
            from public.job_rollups as r
            where r.tenant_id = v_caller.tenant_id and r.level = 'workflow_day' and r.starts_at >= v_midnight
            union all
            select r.subject_id, r.completed, r.duration_ms_sum
            from public.job_rollups as r
            where r.tenant_id = v_caller.tenant_id and r.level = 'workflow_hour'
                and r.starts_at >= v_since and r.starts_at < v_midnight
        ) as w
        group by w.subject_id
        having sum(w.completed) > 0
    ),
    slowest as (
        select b.subject_id, f.name, b.completed, b.average_duration_ms
        from by_workflow as b
        join public.workflows as f on f.workflow_id = b.subject_id and f.deleted_at is null
        order by b.average_duration_ms desc, b.subject_id
        limit 10
    ),
    errors as (
        select e.key as error_type, sum(e.value::bigint)::bigint as times
        from mine as m
        cross join lateral jsonb_each_text(m.error_types) as e
        group by e.key
        order by times desc, e.key
        limit 100
    ),
    histogram as (
        select coalesce(jsonb_object_agg(d.bucket, d.times), '{}') as durations
        from (
            select h.key as bucket, sum(h.value::bigint) as times
            from mine as m
            cross join lateral jsonb_each_text(m.durations) as h
            group by h.key
        ) as d
    )
    select jsonb_build_object(
        'since', private.to_iso(v_since),
        'completed', coalesce(sum(m.completed), 0),
        'failed', coalesce(sum(m.failed), 0),
        'timed_out', coalesce(sum(m.timed_out), 0),
        'cancelled', coalesce(sum(m.cancelled), 0),
        'duration_ms_sum', coalesce(sum(m.duration_ms_sum), 0),
        'healed', coalesce(sum(m.healed), 0),
        'not_healed', coalesce(sum(m.not_healed), 0),
        'percentiles', (
            select jsonb_build_object(
                'p50', private.duration_percentile(h.durations, 0.5),
                'p90', private.duration_percentile(h.durations, 0.9),
                'p99', private.duration_percentile(h.durations, 0.99)
            )
            from histogram as h
        ),
        'slowest_workflows', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'workflow_id', s.subject_id,
                'workflow_name', s.name,
                'completed', s.completed,
                'average_duration_ms', round(s.average_duration_ms)
            ) order by s.average_duration_ms desc, s.subject_id), '[]')
            from slowest as s
        ),
        'error_counts', (
            select coalesce(jsonb_agg(
                jsonb_build_object('error_type', e.error_type, 'count', e.times) order by e.times desc, e.error_type
            ), '[]')
            from errors as e
        )
    )
    into v_answer
    from mine as m;
    return v_answer;
end
$$;
comment on function public.get_job_analytics is
    'How the tenant''s jobs of the last p_hours or else p_days times 24 hours, from a full hour on, ended: counts, durations of completed jobs, error types, the slowest workflows. Read from rollups only. Needs analytics.read.';
revoke all on function public.get_job_analytics from public, anon, authenticated, service_role;
grant execute on function public.get_job_analytics to authenticated;
