"""SQL of the schedules domain."""

_COLUMNS = """
    s.schedule_id, s.workflow_id, w.name as workflow_name, s.name, s.frequency, s.cron_expression, s.run_at,
    s.interval_seconds, s.timezone, s.starts_at, s.ends_at, s.paused_until, s.calendar_id,
    s.on_closed_day, s.jitter_seconds, s.misfire_policy,
    s.misfire_cap, s.overlap_policy, s.max_consecutive_failures, s.is_enabled, s.priority, s.execution_mode,
    s.environment, s.required_capabilities, s.required_tags, s.robot_id, s.pool_id, s.dedupe_key, s.input, s.metadata,
    s.next_run_at, s.last_run_at, s.run_count, s.failure_count, s.consecutive_failures, s.auto_disabled_at,
    s.created_by, s.created_at, s.updated_at
"""

# A caller who may not see workflows sees no name of one.
_WITH_WORKFLOW = """
left join public.workflows as named on named.workflow_id = s.workflow_id and named.tenant_id = s.tenant_id
cross join lateral (select coalesce(named.name, '') as name) as w
"""

_WANTED = """
    s.deleted_at is null
    and (%(workflow_id)s::uuid is null or s.workflow_id = %(workflow_id)s)
    and (%(is_enabled)s::boolean is null or s.is_enabled = %(is_enabled)s)
"""

LIST_SCHEDULES = f"""
select {_COLUMNS}
from public.schedules as s
{_WITH_WORKFLOW}
where {_WANTED}
order by s.schedule_id desc
limit %(limit)s offset %(offset)s
"""

LIST_SCHEDULE_PAGE = f"""
select counted.total, page.*
from private.authorize('schedules.read') as caller
cross join lateral (
    select count(*) as total
    from public.schedules as s
    where s.tenant_id = caller.tenant_id and {_WANTED}
) as counted
left join lateral (
    select {_COLUMNS}
    from public.schedules as s
    {_WITH_WORKFLOW}
    where s.tenant_id = caller.tenant_id and {_WANTED}
    order by s.schedule_id desc
    limit %(limit)s offset %(offset)s
) as page on true
order by page.schedule_id desc
"""

LIST_UPCOMING = f"""
select
    s.schedule_id, s.name as schedule_name, s.workflow_id, w.name as workflow_name, s.frequency, u.run_at
from public.list_upcoming_runs(%(limit)s, %(workflow_id)s::uuid) with ordinality as u (schedule_id, run_at, n)
join public.schedules as s on s.schedule_id = u.schedule_id
{_WITH_WORKFLOW}
order by u.n
"""

EXPLAIN_SCHEDULE = """
select public.explain_schedule(%(schedule_id)s::uuid, %(at)s::timestamptz)
"""

GET_SCHEDULE = f"""
select {_COLUMNS}
from public.schedules as s
{_WITH_WORKFLOW}
where s.schedule_id = %(schedule_id)s and s.deleted_at is null
"""

CREATE_SCHEDULE = f"""
select {_COLUMNS}
from public.create_schedule(%(fields)s::jsonb) as s
{_WITH_WORKFLOW}
"""

UPDATE_SCHEDULE = f"""
select {_COLUMNS}
from public.update_schedule(%(schedule_id)s::uuid, %(changes)s::jsonb) as s
{_WITH_WORKFLOW}
"""

TOGGLE_SCHEDULE = f"""
select {_COLUMNS}
from public.toggle_schedule(%(schedule_id)s::uuid) as s
{_WITH_WORKFLOW}
"""

TRIGGER_SCHEDULE = """
select (public.trigger_schedule(%(schedule_id)s::uuid) ->> 'job_id')::uuid
"""

DELETE_SCHEDULE = """
select public.delete_schedule(%(schedule_id)s::uuid)
"""

LIST_FIRES = """
select counted.total, page.*
from (
    select count(*) as total from public.schedule_fires as f
    where f.tenant_id = %(tenant_id)s and f.schedule_id = %(schedule_id)s
) as counted
left join lateral (
    select f.fire_time, f.fired_at, f.is_manual, f.outcome, f.reason, f.missed_until, f.job_id
    from public.schedule_fires as f
    where f.tenant_id = %(tenant_id)s and f.schedule_id = %(schedule_id)s
    order by f.fire_time desc
    limit %(limit)s offset %(offset)s
) as page on true
"""

LIST_MISSED = """
select s.schedule_id, s.name as schedule_name, s.workflow_id, f.fire_time, f.missed_until, f.reason
from private.authorize('schedules.read') as caller
join public.schedule_fires as f on f.tenant_id = caller.tenant_id and f.outcome = 'missed'
join public.schedules as s on s.tenant_id = f.tenant_id and s.schedule_id = f.schedule_id and s.deleted_at is null
where f.missed_until >= coalesce(%(since)s::timestamptz, private.clock() - interval '24 hours')
order by f.missed_until desc
limit %(limit)s
"""

TENANT_OF_SCHEDULE = """
select s.tenant_id from public.schedules as s where s.schedule_id = %(schedule_id)s and s.deleted_at is null
"""

SIMULATE_SCHEDULE = """
select r.run_at, r.verdict, r.reason
from public.simulate_schedule(
    %(fields)s::jsonb,
    p_count => %(count)s,
    p_after => %(after)s::timestamptz,
    p_expected_seconds => %(expected_seconds)s
) as r
"""
