-- Only the owner may ask: the figures are about all tenants, and about the sessions of the server.
create or replace function private.queue_health()
returns table (figure text, value numeric, most numeric, is_ok boolean, advice text)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_kept uuid := private.uuid_v7_floor(date_trunc('week', private.longest_retention_horizon(), 'UTC'));
begin
    return query
    with figures (figure, value, most, advice) as (
        select
            'oldest_snapshot_seconds',
            (
                select max(extract(epoch from clock_timestamp() - a.xact_start))
                from pg_catalog.pg_stat_activity as a
                where a.backend_xmin is not null and a.backend_type <> 'autovacuum worker' and a.pid <> pg_backend_pid()
            ),
            60,
            'A transaction keeps dead rows alive. End it: select pg_terminate_backend(pid) from pg_stat_activity order by xact_start limit 1. Run reports on a replica.'
        union all
        select
            'oldest_xmin_transactions',
            greatest(
                (select max(age(a.backend_xmin)) from pg_catalog.pg_stat_activity as a),
                (select max(greatest(age(s.xmin), age(s.catalog_xmin))) from pg_catalog.pg_replication_slots as s),
                (select max(age(p.transaction)) from pg_catalog.pg_prepared_xacts as p)
            ),
            1000000,
            'A session, a replication slot or a prepared transaction keeps dead rows alive: see pg_replication_slots and pg_prepared_xacts.'
        union all
        select
            d.relname || '_dead_rows', pg_stat_get_dead_tuples(d.oid), 20000,
            'Vacuum does not keep up or cannot: see oldest_snapshot_seconds, and casare_vacuum_hot_tables in cron.job_run_details.'
        from pg_catalog.pg_class as d
        where d.oid in ('private.ready'::regclass, 'private.leases'::regclass)
        union all
        select
            'oldest_ready_seconds',
            (
                select extract(epoch from clock_timestamp() - min(private.uuid_v7_time(f.job_id)))
                from private.lanes as l
                cross join lateral (
                    select r.job_id
                    from private.ready as r
                    where r.tenant_no = l.tenant_no and r.lane_id = l.lane_id
                    order by r.job_id
                    limit 1
                ) as f
            ),
            null,
            'The oldest job that waits for a robot: its age says whether there are enough robots.'
        union all
        select
            'late_scheduled_seconds',
            (select extract(epoch from v_now - min(s.run_at)) from private.scheduled as s where s.run_at <= v_now),
            90,
            'Delayed jobs and retries are not promoted: does cron run? See cron.job_run_details.'
        union all
        select
            'late_rescue_seconds',
            (
                select extract(epoch from v_now - min(private.lease_over_at(l)))
                from private.leases as l
                where private.lease_over_at(l) <= v_now
            ),
            90,
            'Leases that are over are not taken back: does cron run? See cron.job_run_details.'
        union all
        select
            'late_event_seconds',
            (
                select extract(epoch from v_now - i.occurred_at)
                from private.event_inbox as i
                order by i.inbox_id
                limit 1
            ),
            180,
            'Events wait for their number: does cron run sequence_events?'
        union all
        select
            'missing_partition_rows',
            (select count(*) from (select from private.jobs_default as d where d.job_id >= v_kept limit 10000) as x),
            0,
            'Jobs whose partition was missing lie in jobs_default. place_default_jobs moves them; see its last error.'
        union all
        select
            'kept_rows',
            (select count(*) from (select from private.jobs_default as d where d.job_id < v_kept limit 10000) as x),
            9999,
            'Live jobs and dead letters of weeks that were dropped. Requeue, purge or cancel them.'
        union all
        select
            'weeks_without_partition',
            4 - (
                select count(*)
                from generate_series(0, 3) as w (n)
                where to_regclass(
                    'private.jobs_' || to_char((v_now + make_interval(days => 7 * w.n)) at time zone 'UTC', 'IYYY"w"IW')
                ) is not null
            ),
            0,
            'Run select private.ensure_job_partitions().'
        union all
        select
            'partitions_not_dropped',
            (
                select count(*)
                from pg_catalog.pg_inherits as i
                join pg_catalog.pg_class as c on c.oid = i.inhrelid
                where i.inhparent = 'public.jobs'::regclass
                    and c.relname ~ '^jobs_[0-9]{4}w[0-9]{2}$'
                    and private.uuid_v7_floor(
                        (to_date(right(c.relname, 7), 'IYYY"w"IW') + 14)::timestamp at time zone 'UTC'
                    ) <= v_kept
            ),
            0,
            'Partitions that nobody''s retention holds are still there: export them (casare-cloud db export), or see the last error of drop_job_partitions.'
        union all
        select
            'tenants_without_members',
            (select count(*) from private.list_abandoned_tenants()),
            0,
            'Nobody can sign in to them, and their robots go on: casare-cloud db tenants list, then give or purge.'
        union all
        select
            'behind_duty_seconds',
            (select max(extract(epoch from v_now - r.behind_since)) from private.duty_runs as r),
            900,
            coalesce(
                'More comes than is done of ' || (
                    select string_agg(r.name, ', ' order by r.behind_since)
                    from private.duty_runs as r
                    where r.behind_since is not null
                ) || '. Tenants have their turns all the same.',
                'No duty has anything left to do.'
            )
        union all
        select
            'duty_' || r.name || '_seconds',
            extract(epoch from v_now - r.last_run_at),
            extract(epoch from 3 * greatest(d.every, interval '1 minute')) + 60,
            coalesce('Its last run failed: ' || r.last_error, 'Does cron run? See cron.job_run_details.')
        from private.duty_runs as r
        join private.duties as d on d.name = r.name
    )
    select
        f.figure::text, round(greatest(coalesce(f.value, 0), 0)::numeric, 3), f.most::numeric,
        coalesce(f.value, 0) <= coalesce(f.most, 'infinity') and (
            f.figure not like 'duty\_%' or not exists (
                select from private.duty_runs as d where f.figure = 'duty_' || d.name || '_seconds' and d.last_error is not null
            )
        ),
        f.advice::text
    from figures as f;
end
$$;
comment on function private.queue_health is
    'Figures for operators, each with the most that is normal (null: no bound) and what to do beyond it. No figure names a tenant.';
revoke all on function private.queue_health from public, anon, authenticated, service_role;
