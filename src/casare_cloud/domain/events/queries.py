"""SQL of the events domain."""

_COLUMNS = """
    e.seq, e.event_id, e.event_type, e.occurred_at, e.job_id, e.robot_id, e.robot_external_id, e.workflow_id,
    e.actor_id, e.data
"""

LIST_EVENTS = f"""
select {_COLUMNS} from public.list_events(%(after)s::bigint, %(limit)s::integer) as e
"""

# Reading past the end numbers pending events and returns no rows.
NUMBER_EVENTS = """
select from public.list_events(9223372036854775807, 1)
"""

GET_CURSOR = """
select public.get_event_cursor() as cursor
"""

LIST_JOB_EVENTS = f"""
select {_COLUMNS}
from public.events as e
where e.tenant_id = (select private.permitted_tenant_id('events.read'))
    and e.job_id = %(job_id)s
    and e.seq > %(after)s
order by e.seq
limit %(limit)s
"""

LIST_NOTIFICATIONS = """
select * from public.list_notifications(%(limit)s::integer, %(offset)s::integer)
"""

READ_NOTIFICATIONS = """
select public.read_notifications(%(seq)s::bigint)
"""

WATCH = """
select public.watch(%(job_id)s::uuid) as answer
"""
