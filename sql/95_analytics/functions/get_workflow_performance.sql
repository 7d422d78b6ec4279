create or replace function public.get_workflow_performance(p_days integer default 7, p_limit integer default 10)
returns table (
    workflow_id uuid,
    workflow_name text,
    workflow_status text,
    completed bigint,
    failed bigint,
    timed_out bigint,
    cancelled bigint,
    duration_ms_sum bigint,
    last_hour timestamptz
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_caller private.caller := private.authorize('analytics.read');
    v_now timestamptz := private.clock();
    v_since timestamptz := date_trunc('hour', v_now, 'UTC') - make_interval(hours => 24 * p_days);
    v_midnight timestamptz := date_trunc('day', v_since + interval '1 day' - interval '1 microsecond', 'UTC');
begin
    if p_days is null or p_days not between 1 and 365 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'days must lie between 1 and 365.');
    end if;
    perform private.sequence_tenant_events(v_caller.tenant_id);
    return query
    with mine as (
        select r.*
        from public.job_rollups as r
        where r.tenant_id = v_caller.tenant_id and r.level = 'workflow_day' and r.starts_at >= v_midnight
        union all
        select r.*
        from public.job_rollups as r
        where r.tenant_id = v_caller.tenant_id and r.level = 'workflow_hour'
            and r.starts_at >= v_since and r.starts_at < v_midnight
    )
    select
        w.workflow_id,
        w.name,
        w.status::text,
        coalesce(s.completed, 0)::bigint,
        coalesce(s.failed, 0)::bigint,
        coalesce(s.timed_out, 0)::bigint,
        coalesce(s.cancelled, 0)::bigint,
        coalesce(s.duration_ms_sum, 0)::bigint,
        (
            select max(h.starts_at)
            from public.job_rollups as h
            where h.tenant_id = v_caller.tenant_id and h.level = 'workflow_hour' and h.subject_id = w.workflow_id
                and h.starts_at >= s.last_day
        )
    from public.workflows as w
    left join (
        select
            m.subject_id,
            sum(m.completed) as completed,
            sum(m.failed) as failed,
            sum(m.timed_out) as timed_out,
            sum(m.cancelled) as cancelled,
            sum(m.duration_ms_sum) as duration_ms_sum,
            max(m.starts_at) as last_day
        from mine as m
        group by m.subject_id
    ) as s on s.subject_id = w.workflow_id
    where w.tenant_id = v_caller.tenant_id and w.deleted_at is null
    order by coalesce(s.completed + s.failed + s.timed_out + s.cancelled, 0) desc, w.workflow_id
    limit p_limit;
end
$$;
comment on function public.get_workflow_performance is
    'How the jobs of each workflow of the tenant ended in the last p_days times 24 hours, the busiest first, and the hour in which the last one did. Read from rollups only. Needs analytics.read.';
revoke all on function public.get_workflow_performance from public, anon, authenticated, service_role;
grant execute on function public.get_workflow_performance to authenticated;
