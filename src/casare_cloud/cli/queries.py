"""SQL of the operator's commands, `casare-cloud db …`, which speak to the database as its owner."""

QUEUE_HEALTH = """
select * from private.queue_health()
"""

READ_ONE_STATE = """
set transaction isolation level repeatable read
"""

FIND_PARTITION = """
select private.clock() - %s::interval as finished_before, exists (
    select
    from pg_inherits as i
    join pg_class as c on c.oid = i.inhrelid
    where i.inhparent = 'public.jobs'::regclass and c.relname = %s
) as is_there
"""

EXPORT_JOBS = """
select row_to_json(j) as job from private.{partition} as j where j.finished_at < %s order by j.job_id
"""

MARK_EXPORTED = """
select private.mark_exported(%s, %s)
"""

LIST_ABANDONED_TENANTS = """
select * from private.list_abandoned_tenants()
"""

GIVE_TENANT = """
select private.give_tenant(%s, %s)
"""

PURGE_TENANT = """
select * from private.purge_tenant(%s)
"""

LIST_SEALED_SECRETS = """
select s.secret_id, s.tenant_id, s.trigger_id, s.sealed
from private.trigger_secrets as s
where s.sealed is not null and (%(after)s::uuid is null or s.secret_id > %(after)s)
order by s.secret_id
limit %(limit)s
"""

# Not one that was replaced or sealed anew meanwhile. Which key sealed it tells nobody anything: it is the same secret.
RESEAL_SECRET = """
update private.trigger_secrets as s
set sealed = %(anew)s
where s.secret_id = %(secret_id)s and s.sealed = %(sealed)s
"""

# One row: whether a clock, cron, robots and the key of this environment's robot are as they should be.
DOCTOR = """
select extract(epoch from clock_timestamp()) as epoch,
    (select count(*) from pg_stat_activity as a where a.backend_type = 'client backend')::integer as connections,
    current_setting('max_connections')::integer as most_connections,
    (select coalesce(array_agg(j.jobname order by j.jobname), '{}') from cron.job as j where j.active) as cron_jobs,
    (
        select extract(epoch from clock_timestamp() - max(r.tried_at))::double precision
        from private.duty_runs as r
        where isfinite(r.tried_at)
    ) as dispatcher_seconds,
    (
        select count(*)
        from public.dead_letters as d
        where d.resolved_at is null and d.dead_lettered_at > private.clock() - interval '1 day'
    )::integer as dead_letters,
    (
        select count(*) from public.robot_heartbeats as h where h.is_online and not h.is_signed_off
    )::integer as robots_online,
    (
        select coalesce(array_agg(r.external_id order by r.external_id), '{}')
        from public.robots as r
        where r.quarantined_at is not null and r.deleted_at is null
    ) as robots_quarantined,
    (
        select coalesce(array_agg(r.external_id order by r.external_id), '{}')
        from public.robots as r
        join public.robot_heartbeats as h on h.robot_id = r.robot_id
        where h.deaf_since is not null and h.is_online and r.deleted_at is null
    ) as robots_deaf,
    (
        select coalesce(array_agg(r.external_id order by r.external_id), '{}')
        from public.robots as r
        join public.robot_heartbeats as h on h.robot_id = r.robot_id
        where h.other_session_at > private.clock() - interval '10 minutes' and r.deleted_at is null
    ) as robots_twice,
    (select count(*) from private.ready)::integer as waiting_jobs,
    case when %(key_hash)s::bytea is not null then coalesce(
        (
            select case
                when k.revoked_at is not null then 'revoked'
                when k.expires_at <= private.clock() then 'expired'
                else 'good'
            end
            from public.api_keys as k
            where k.key_hash = %(key_hash)s
        ),
        'unknown'
    ) end as robot_key
"""
