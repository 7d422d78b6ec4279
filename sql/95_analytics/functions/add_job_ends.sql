-- The caller holds the row of the tenant's event counter, so that there is one writer for each tenant.
create or replace function private.add_job_ends(p_tenant_id uuid, p_ends private.job_end[])
returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
    insert into public.job_rollups as r (
        tenant_id, level, starts_at, subject_id, created, completed, failed, timed_out, cancelled, duration_ms_sum, durations,
        error_types, healed, not_healed
    )
    select
        p_tenant_id,
        s.level,
        s.starts_at,
        s.subject_id,
        count(*) filter (where e.status = 'created'),
        count(*) filter (where e.status = 'completed'),
        count(*) filter (where e.status = 'failed'),
        count(*) filter (where e.status = 'timeout'),
        count(*) filter (where e.status = 'cancelled'),
        coalesce(sum(greatest(e.duration_ms, 0)) filter (where e.status = 'completed'), 0),  -- a sum that never falls
        private.count_words(
            array_agg(e.bucket) filter (where e.status = 'completed' and s.level <> 'tenant_minute')
        ),
        private.count_words(
            array_agg(coalesce(nullif(e.error_type, ''), 'UNKNOWN')) filter (
                where e.status in ('failed', 'timeout') and s.level <> 'tenant_minute'
            )
        ),
        coalesce(sum(e.healed), 0),
        coalesce(sum(e.not_healed), 0)
    from (
        select u.*, case when u.status = 'completed' then private.duration_bucket(u.duration_ms)::text end as bucket
        from unnest(p_ends) as u
        offset 0    -- once for each end, not for each of its rollups
    ) as e
    cross join lateral (
        values
            ('tenant', 'epoch', p_tenant_id),
            ('tenant_day', date_trunc('day', e.ended_at, 'UTC'), p_tenant_id),
            ('tenant_hour', date_trunc('hour', e.ended_at, 'UTC'), p_tenant_id),
            (
                'tenant_minute',
                date_trunc('minute', e.ended_at, 'UTC'),
                case when e.ended_at > (select private.clock()) - interval '2 days' then p_tenant_id end
            ),
            ('workflow_day', date_trunc('day', e.ended_at, 'UTC'), e.workflow_id),
            ('workflow_hour', date_trunc('hour', e.ended_at, 'UTC'), e.workflow_id),
            ('robot_hour', date_trunc('hour', e.ended_at, 'UTC'), e.robot_id)
    ) as w (level, starts_at, subject_id)
    cross join lateral (select w.level::public.rollup_level, w.starts_at, w.subject_id) as s
    where s.subject_id is not null
    group by s.level, s.starts_at, s.subject_id
    on conflict (tenant_id, level, starts_at, subject_id) do update set
        created = r.created + excluded.created,
        completed = r.completed + excluded.completed,
        failed = r.failed + excluded.failed,
        timed_out = r.timed_out + excluded.timed_out,
        cancelled = r.cancelled + excluded.cancelled,
        duration_ms_sum = r.duration_ms_sum + excluded.duration_ms_sum,
        durations = case
            when excluded.durations = '{}' then r.durations else private.add_counts(r.durations, excluded.durations)
        end,
        error_types = case
            when excluded.error_types = '{}' then r.error_types
            else private.add_counts(r.error_types, excluded.error_types, 200)
        end,
        healed = r.healed + excluded.healed,
        not_healed = r.not_healed + excluded.not_healed
$$;
comment on function private.add_job_ends is
    'Counts the ends of a tenant''s jobs in the rollups of their minutes, hours, days, workflows and robots, and beginnings in those of the tenant.';
revoke all on function private.add_job_ends from public, anon, authenticated, service_role;
