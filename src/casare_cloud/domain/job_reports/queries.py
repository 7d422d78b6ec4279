"""SQL of the reports of robots."""

# Of the last attempt that said something of its nodes.
GET_NODE_EXECUTIONS = """
select x.node_executions
from public.job_node_executions as x
where x.job_id = %(job_id)s
order by x.attempt desc
limit 1
"""

# The lines of each job after one of its own: what a job's robot says comes in one order, that of two robots in none.
LIST_NEW_LOGS = """
select l.*
from unnest(%(job_ids)s::uuid[], %(after)s::uuid[]) as w (job_id, after)
cross join lateral (
    select n.job_id, n.job_log_id, n.attempt, n.level, n.message, n.node_id, n.extra, n.logged_at
    from public.job_logs as n
    where n.job_id = w.job_id and n.job_log_id > w.after
    order by n.job_log_id
    limit %(limit)s
) as l
order by l.job_log_id
"""

LIST_LAST_LOGS = """
select w.job_id, l.job_log_id
from unnest(%(job_ids)s::uuid[]) as w (job_id)
cross join lateral (
    select n.job_log_id
    from public.job_logs as n
    where n.job_id = w.job_id
    order by n.job_log_id desc
    limit 1
) as l
"""

# What each attempt's robot said of its nodes, if it did.
LIST_ATTEMPTS = """
select x.attempt, x.reported_at, x.node_executions
from public.job_node_executions as x
where x.job_id = %(job_id)s
order by x.attempt
"""

_LOGS_WANTED = """
    l.job_id = %(job_id)s
    and (%(level)s::text is null or l.level = %(level)s)
    and (%(after)s::uuid is null or l.job_log_id > %(after)s)
    and (%(before)s::uuid is null or l.job_log_id < %(before)s)
"""


def _job_logs(order: str) -> str:
    return f"""
select counted.total, page.*
from (
    select count(*) as total from public.job_logs as l where {_LOGS_WANTED}
) as counted
left join lateral (
    select l.job_log_id, l.attempt, l.level, l.message, l.node_id, l.extra, l.logged_at
    from public.job_logs as l
    where {_LOGS_WANTED}
    order by l.job_log_id {order}
    limit %(limit)s offset %(offset)s
) as page on true
order by page.job_log_id {order}
"""


LIST_JOB_LOGS = {"oldest": _job_logs("asc"), "newest": _job_logs("desc")}
