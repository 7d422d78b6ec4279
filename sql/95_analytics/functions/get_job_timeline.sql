create or replace function public.get_job_timeline(p_days integer default 7, p_interval text default 'day')
returns table (
    starts_at timestamptz,
    completed bigint,
    failed bigint,
    timed_out bigint,
    cancelled bigint,
    duration_ms_sum bigint
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_caller private.caller := private.authorize('analytics.read');
    v_level public.rollup_level := case p_interval when 'hour' then 'tenant_hour' else 'tenant_day' end;
    v_now timestamptz := private.clock();
    v_first timestamptz;
begin
    if p_interval is null or p_interval not in ('hour', 'day', 'week') then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'interval must be hour, day or week.');
    end if;
    if p_days is null or p_days not between 1 and 365 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'days must lie between 1 and 365.');
    end if;
    v_first := date_trunc(p_interval, v_now - make_interval(hours => 24 * p_days), 'UTC');
    perform private.sequence_tenant_events(v_caller.tenant_id);
    return query
    select
        g.starts_at,
        coalesce(sum(r.completed), 0)::bigint,
        coalesce(sum(r.failed), 0)::bigint,
        coalesce(sum(r.timed_out), 0)::bigint,
        coalesce(sum(r.cancelled), 0)::bigint,
        coalesce(sum(r.duration_ms_sum), 0)::bigint
    from generate_series(v_first, v_now, ('1 ' || p_interval)::interval) as g (starts_at)
    left join public.job_rollups as r
        on r.tenant_id = v_caller.tenant_id
        and r.level = v_level
        and r.starts_at >= g.starts_at
        and r.starts_at < g.starts_at + ('1 ' || p_interval)::interval
    group by g.starts_at
    order by g.starts_at;
end
$$;
comment on function public.get_job_timeline is
    'How the tenant''s jobs of the last days ended, by hour, day or week of UTC, from the whole one that p_days times 24 hours ago lies in; quiet ones as well. Needs analytics.read.';
revoke all on function public.get_job_timeline from public, anon, authenticated, service_role;
grant execute on function public.get_job_timeline to authenticated;
