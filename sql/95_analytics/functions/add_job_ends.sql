-- The caller holds the row of the tenant's event counter, so that there is one writer for each tenant.
create or replace function private.add_job_ends(p_tenant_id uuid, p_ends private.job_end[])
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into public.job_rollups as r (
        tenant_id, level, starts_at, subject_id, completed, failed, timed_out, cancelled, duration_ms_sum, durations,
        error_types, healed, not_healed
    )
    select
        p_tenant_id,
        s.level,
        s.starts_at,
        s.subject_id,
        count(*) filter (where e.status = 'completed'),
        count(*) filter (where e.status = 'failed'),
        count(*) filter (where e.status = 'timeout'),
        count(*) filter (where e.status = 'cancelled'),
        coalesce(sum(greatest(e.duration_ms, 0)) filter (where e.status = 'completed'), 0),  -- a sum that never falls
        private.count_words(
            array_agg(e.bucket) filter (where e.status = 'completed')
        ),
        private.count_words(
            array_agg(coalesce(nullif(e.error_type, ''), 'UNKNOWN')) filter (where e.status in ('failed', 'timeout'))
        ),
        coalesce(sum(e.healed), 0),
        coalesce(sum(e.not_healed), 0)
    from (
        select u.*, private.duration_bucket(u.duration_ms)::text as bucket
        from unnest(p_ends) as u
        offset 0    -- once for each end, not for each of its rollups
    ) as e
    cross join lateral (
        values
            ('tenant', 'epoch', p_tenant_id),
            ('tenant_day', date_trunc('day', e.ended_at, 'UTC'), p_tenant_id),
            ('tenant_hour', date_trunc('hour', e.ended_at, 'UTC'), p_tenant_id),
            ('workflow_day', date_trunc('day', e.ended_at, 'UTC'), e.workflow_id),
            ('workflow_hour', date_trunc('hour', e.ended_at, 'UTC'), e.workflow_id),
            ('robot_hour', date_trunc('hour', e.ended_at, 'UTC'), e.robot_id)
    ) as w (level, starts_at, subject_id)
    cross join lateral (select w.level::public.rollup_level, w.starts_at, w.subject_id) as s
    where s.subject_id is not null
    group by s.level, s.starts_at, s.subject_id
    on conflict (tenant_id, level, starts_at, subject_id) do update set
        completed = r.completed + excluded.completed,
        failed = r.failed + excluded.failed,
        timed_out = r.timed_out + excluded.timed_out,
        cancelled = r.cancelled + excluded.cancelled,
        duration_ms_sum = r.duration_ms_sum + excluded.duration_ms_sum,
        durations = private.add_counts(r.durations, excluded.durations),
        error_types = private.add_counts(r.error_types, excluded.error_types, 200),
        healed = r.healed + excluded.healed,
        not_healed = r.not_healed + excluded.not_healed
$$;
comment on function private.add_job_ends is
    'Counts the ends of a tenant''s jobs in the rollups of their hours, days, workflows and robots.';
revoke all on function private.add_job_ends from public, anon, authenticated, service_role;
