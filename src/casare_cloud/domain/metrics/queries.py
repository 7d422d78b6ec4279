"""SQL of the metrics domain."""

from casare_cloud.domain.metrics.model import ACTIVITY_TYPES, COUNTED_EVENTS

GET_FLEET = """
select public.get_fleet_metrics() as answer
"""

GET_QUEUE_DEPTH = """
select public.get_queue_depth() as answer
"""

GET_ROBOT_TODAY = """
select public.get_robot_metrics(%(robot_id)s::uuid) as answer
"""

GET_ANALYTICS = """
select public.get_job_analytics(p_hours => %(hours)s::integer) as answer
"""

GET_TIMELINE = """
select * from public.get_job_timeline(%(days)s::integer, %(interval)s)
"""

GET_SERIES = """
select * from public.get_job_series(%(interval)s, %(count)s::integer, %(timezone)s, %(robot_id)s::uuid)
"""

GET_MEASUREMENTS = """
select * from public.get_robot_measurements(
    %(robot_id)s::text, %(since)s::timestamptz, %(until)s::timestamptz, %(step_minutes)s::integer
)
"""

GET_PERFORMANCE = """
select * from public.get_workflow_performance(%(days)s::integer, %(limit)s::integer)
"""

LIST_ACTS = """
select * from public.list_acts(%(days)s::integer, %(limit)s::integer, %(actor_id)s::uuid, %(kinds)s::text[])
"""

COUNT_DEFINITIONS = """
select
    (
        select count(*) from public.workflows as w where w.tenant_id = caller.tenant_id and w.deleted_at is null
    ) as workflows,
    (
        select count(*)
        from public.workflows as w
        where w.tenant_id = caller.tenant_id and w.deleted_at is null and w.is_enabled and w.status = 'published'
    ) as active_workflows,
    (
        select count(*)
        from public.schedules as s
        where s.tenant_id = caller.tenant_id and s.deleted_at is null and s.is_enabled
    ) as active_schedules
from private.authorize('workflows.read') as caller
cross join private.authorize('schedules.read') as schedules_reader
"""

COUNT_RUNNING = """
select j.workflow_id, count(*) as running
from private.unfinished_job_ids(true, 10000) as w (job_id)
join public.jobs as j on j.job_id = w.job_id
group by j.workflow_id
"""

# The list of types stands here word for word, so that the planner knows the feed's own index to be enough.
_SHOWN = f"e.event_type in ({', '.join(repr(word) for word in ACTIVITY_TYPES)})"

_MATCHING = f"""
    e.tenant_id = caller.tenant_id
    and {_SHOWN}
    and (%(since)s::timestamptz is null or e.told_at > %(since)s)
"""


def _feed(order: str) -> str:
    """The page that comes first by `told_at` in this order, the newest first.

    Each type's first events are the head of its part of the index; the first of all are among them.
    """
    return f"""
with caller as materialized (
    select (private.authorize('events.read')).tenant_id as tenant_id
)
select counted.total, page.*, r.external_id as robot
from caller
cross join lateral (
    select count(*) as total
    from (
        select
        from public.events as e
        where e.event_type = any (%(types)s::text[]) and {_MATCHING}
        limit {COUNTED_EVENTS}
    ) as matching
) as counted
left join lateral (
    select f.*
    from unnest(%(types)s::text[]) as t (event_type)
    cross join lateral (
        select
            e.seq, e.event_id, e.event_type, e.told_at as occurred_at, e.job_id, e.robot_id, e.robot_external_id,
            e.workflow_id, e.actor_id, e.data
        from public.events as e
        where e.event_type = t.event_type and {_MATCHING}
        order by e.told_at {order}
        limit %(limit)s
    ) as f
    order by f.occurred_at {order}
    limit %(limit)s
) as page on true
left join public.robots as r on r.robot_id = page.robot_id
order by page.occurred_at desc
"""


# A client that asks for events after a time goes on after the last one it read, so the next ones come first.
LIST_ACTIVITY = _feed("desc")
LIST_ACTIVITY_SINCE = _feed("asc")
