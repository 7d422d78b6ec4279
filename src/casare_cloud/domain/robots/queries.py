"""SQL of the robots domain."""

_COLUMNS = """
    r.robot_id, r.external_id, r.name, r.hostname, r.mode, r.health, r.is_online, r.is_active, r.is_healthy, r.is_busy,
    r.environment, r.max_concurrent_jobs, r.capabilities, r.attributes, r.tags, r.is_internet, r.pool_id,
    r.current_job_ids, r.last_heartbeat_at, r.created_at, r.updated_at, r.metrics, r.quarantined_at,
    r.quarantine_reason, r.deaf_since, r.last_command, r.other_session_at, r.version
"""

# As the domain's Lifetime reads it.
_STATE = """(
    r.is_online::integer + 2 * r.is_active::integer + 4 * r.is_healthy::integer + 8 * r.is_busy::integer
    + 16 * (r.last_heartbeat_at is not null)::integer
)"""

_WANTED = f"""
    r.tenant_id = caller.tenant_id
    and (%(is_online)s::boolean is null or r.is_online = %(is_online)s)
    and (%(is_active)s::boolean is null or r.is_active = %(is_active)s)
    and (%(is_healthy)s::boolean is null or r.is_healthy = %(is_healthy)s)
    and (%(is_busy)s::boolean is null or r.is_busy = %(is_busy)s)
    and (%(states)s::integer[] is null or {_STATE} = any (%(states)s::integer[]))
    and (%(environment)s::text is null or r.environment = normalize(%(environment)s::text, nfc))
    and (
        %(search)s::text is null
        or strpos(lower(r.name), lower(normalize(%(search)s::text, nfc))) > 0
        or strpos(lower(r.external_id), lower(%(search)s::text)) > 0
    )
"""

LIST_ROBOTS = f"""
select counted.total, page.*
from private.authorize('robots.read') as caller
cross join lateral (
    select count(*) as total from public.live_robots as r where {_WANTED}
) as counted
left join lateral (
    select {_COLUMNS}
    from public.live_robots as r
    where {_WANTED}
    order by r.external_id
    limit %(limit)s offset %(offset)s
) as page on true
order by page.external_id
"""

# A robot's own id goes before an external id that looks like one. No tenant is named: the policy knows the caller's.
GET_ROBOT = f"""
select {_COLUMNS}
from public.live_robots as r
where r.robot_id = %(robot_id)s::uuid or r.external_id = %(external_id)s
order by r.robot_id is not distinct from %(robot_id)s::uuid desc
limit 1
"""

COUNT_ROBOTS = f"""
select {_STATE} as state, count(*) as count
from private.authorize('robots.read') as caller
join public.live_robots as r on r.tenant_id = caller.tenant_id
group by state
"""

REGISTER_ROBOT = f"""
select {_COLUMNS}
from public.register_robot(
    p_external_id => %(external_id)s,
    p_name => %(name)s,
    p_hostname => %(hostname)s,
    p_capabilities => %(capabilities)s::text[],
    p_attributes => %(attributes)s::jsonb,
    p_environment => %(environment)s,
    p_max_concurrent_jobs => %(max_concurrent_jobs)s::integer,
    p_tags => %(tags)s::text[],
    p_is_internet => %(is_internet)s,
    p_session_id => %(session_id)s::uuid,
    p_held_leases => %(held_leases)s::jsonb
) as r
"""

CALLING_ROBOT = """
select private.calling_robot_id()
"""

UPDATE_ROBOT = f"""
select {_COLUMNS} from public.update_robot(%(robot)s, %(changes)s::jsonb) as r
"""

SET_ROBOT_STATUS = f"""
select {_COLUMNS} from public.set_robot_status(%(robot)s, %(status)s, %(session_id)s::uuid) as r
"""

SET_ROBOT_POOL = f"""
select {_COLUMNS} from public.set_robot_pool(%(robot)s, %(pool)s) as r
"""

RECORD_HEARTBEAT = """
select heard.*
from jsonb_to_record(public.record_heartbeat(
    %(robot)s, %(metrics)s::jsonb, %(acknowledged)s::uuid[], %(session_id)s::uuid, %(claims_in_flight)s::uuid[]
)) as heard (
    external_id text, heard_at timestamptz, heartbeat_seconds integer, lease_seconds integer,
    other_session_at timestamptz, is_replaced boolean, pending_commands jsonb
)
"""

APPEND_ROBOT_LOGS = """
select public.append_robot_logs(%(entries)s::jsonb, %(sequence)s::bigint) as accepted
"""

LIST_COMMANDS = """
select k.command_id, k.command, k.reason, k.issued_at, k.acknowledged_at, k.superseded_at
from public.robots as r
join public.robot_commands as k on k.tenant_id = r.tenant_id and k.robot_id = r.robot_id
where r.robot_id = %(robot_id)s::uuid
order by k.command_id desc
limit %(limit)s
"""

# How many lines a list looks at for its total.
COUNTED_LOGS = 10_000

_WANTED_LOGS = """
    l.tenant_id = r.tenant_id and l.robot_id = r.robot_id and (%(level)s::text is null or l.level = %(level)s)
    and (%(since)s::timestamptz is null or l.logged_at > %(since)s)
"""

LIST_ROBOT_LOGS = f"""
select counted.total, page.*
from public.robots as r
cross join lateral (
    select count(*) as total
    from (select from public.robot_logs as l where {_WANTED_LOGS} limit {COUNTED_LOGS}) as found
) as counted
left join lateral (
    select l.robot_log_id, l.level, l.message, l.source, l.extra, l.logged_at
    from public.robot_logs as l
    where {_WANTED_LOGS}
    order by l.robot_log_id desc
    limit %(limit)s offset %(offset)s
) as page on true
where r.robot_id = %(robot_id)s::uuid
order by page.robot_log_id desc
"""

# Each robot's lines after one of its own, or after one of the tenant: what a robot says comes in one order.
LIST_NEW_ROBOT_LOGS = """
select r.external_id, r.robot_id, l.*
from public.robots as r
left join unnest(%(robot_ids)s::uuid[], %(after)s::uuid[]) as w (robot_id, after) on w.robot_id = r.robot_id
cross join lateral (
    select n.robot_log_id, n.level, n.message, n.source, n.extra, n.logged_at
    from public.robot_logs as n
    where n.tenant_id = r.tenant_id
        and n.robot_id = r.robot_id
        and n.robot_log_id > coalesce(w.after, %(first)s::uuid)
    order by n.robot_log_id
    limit %(limit)s
) as l
where r.tenant_id = (select private.permitted_tenant_id('robots.read'))
order by l.robot_log_id
"""

GET_LAST_ROBOT_LOG = """
select l.robot_log_id
from public.robot_logs as l
where l.tenant_id = (select private.permitted_tenant_id('logs.read'))
order by l.robot_log_id desc
limit 1
"""

GET_ROBOT_SESSION = """
select public.get_robot_session() as facts
"""

LEAVE_ROBOT_SESSION = """
select public.leave_robot_session(%(session_id)s::uuid) as kept
"""

COMMAND_ROBOT = """
select told.*
from jsonb_to_record(public.command_robot(%(robot)s, %(command)s, %(reason)s)) as told (command_id uuid, robot_id uuid)
"""

EXPLAIN_ROBOT = """
select public.explain_robot(%(robot)s) as answer
"""

DELETE_ROBOT = """
select gone.external_id from jsonb_to_record(public.delete_robot(%(robot)s)) as gone (external_id text)
"""

WHOAMI = """
select public.whoami() as caller
"""
