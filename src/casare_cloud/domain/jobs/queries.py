"""SQL of the jobs domain."""

from dataclasses import MISSING, fields

from casare_cloud.domain.jobs.model import Job, NewJob

# How many jobs a list looks at for its total, so that a page costs the same however long the history is.
COUNTED_ROWS = 10_000

# How many jobs an answer looks through for what few of them may match, before it says where to go on; each of those
# that wait or are in hand is read from three tables.
LOOKED_AT, LOOKED_AT_UNFINISHED = 5_000, 1_000

# The fields of a job that lists have, too.
_OF_ROBOTS = {"robot": "r.external_id as robot", "target_robot": "t.external_id as target_robot"}
_SUMMARY = ", ".join(_OF_ROBOTS.get(each.name, f"j.{each.name}") for each in fields(Job) if each.default is MISSING)

_WITH_ROBOTS = """
    left join public.robots as r on r.robot_id = j.robot_id
    left join public.robots as t on t.robot_id = j.target_robot_id
"""

# An id begins with the time of its creation, so the bounds on job_id let partitions and index entries be skipped.
_IN_TIME = """
    j.tenant_id = asked.tenant_id
    and (%(first_id)s::uuid is null or j.job_id >= %(first_id)s)
    and (%(last_id)s::uuid is null or j.job_id < %(last_id)s)
"""

# Of the stored row, which knows no lease: the robot of a job in hand is looked up.
_WANTED = """
    (%(statuses)s::text[] is null or j.status = any (%(statuses)s::text[]::public.job_status[]))
    and (%(workflow_id)s::uuid is null or j.workflow_id = %(workflow_id)s)
    and (%(trigger_types)s::text[] is null or j.trigger_type = any (%(trigger_types)s::text[]))
    and (
        %(robot)s::text is null
        or j.robot_id = any (asked.robot_ids)
        or j.job_id = any (asked.held_job_ids)
    )
    and (%(created_after)s::timestamptz is null or j.created_at >= %(created_after)s)
    and (%(created_before)s::timestamptz is null or j.created_at < %(created_before)s)
    and (%(error_type)s::text is null or j.error_type = %(error_type)s)
    and (
        %(search)s::text is null
        or strpos(
            lower(concat_ws(chr(10), j.workflow_name, j.error_message, j.error_type, j.dedupe_key, j.concurrency_key)),
            lower(normalize(%(search)s::text, nfc))
        ) > 0
    )
"""

# Asked once: what stood inside the walk would be asked again for each row.
_ASKED = """
with asked as materialized (
    select caller.tenant_id, r.robot_ids, array(
        select l.job_id from private.leases as l where l.robot_id = any (r.robot_ids)
    ) as held_job_ids
    from private.authorize('jobs.read') as caller
    cross join lateral (
        select array(
            select o.robot_id
            from public.robots as o
            where o.tenant_id = caller.tenant_id and o.external_id = %(robot)s
            union all
            select %(robot_id)s::uuid
        ) as robot_ids
    ) as r
)
"""

# From the newest on, whatever is filtered: a planner that thinks little of a filter would read all and sort.
_WALK = f"""
    select
        j.job_id, j.status, j.workflow_id, j.robot_id, j.created_at, j.trigger_type, j.workflow_name, j.error_message,
        j.error_type, j.dedupe_key, j.concurrency_key
    from public.jobs as j
    where {_IN_TIME}
    order by j.job_id desc
"""

# `offset 0` keeps this a look-up by id for each row found, whatever the planner thinks of the sizes.
_BY_ID = "select j.* from public.live_jobs as j where j.job_id ="

# The page is found by the index of (tenant_id, job_id), which alone is read when nothing is filtered, and only then are
# its rows read: skipping 100,000 jobs costs no more than their index entries.
LIST_JOBS = f"""
{_ASKED}
select counted.total, counted.is_capped, page.*
from asked
cross join lateral (
    select count(*) filter (where {_WANTED}) as total, count(*) = {COUNTED_ROWS} as is_capped
    from ({_WALK} limit {COUNTED_ROWS}) as j
) as counted
left join lateral (
    select {_SUMMARY}
    from (
        select j.job_id
        from ({_WALK} offset 0) as j
        where {_WANTED}
        order by j.job_id desc
        limit %(limit)s offset %(offset)s
    ) as found
    cross join lateral ({_BY_ID} found.job_id offset 0) as j
    {_WITH_ROBOTS}
) as page on true
order by page.job_id desc
"""


def _looked_through(walk: str, most: int) -> str:
    """The next jobs that match of as many as one answer looks through, and the last job that was looked at."""
    return f"""
{_ASKED}, looked as materialized (
    select j.job_id, {_WANTED} as is_wanted
    from asked
    cross join lateral ({walk} limit {most}) as j
)
select counted.*, page.*
from (
    select
        count(*) filter (where l.is_wanted) as total,
        count(*) = {most} as is_capped,
        (array_agg(l.job_id order by l.job_id))[1] as last_looked_at
    from looked as l
) as counted
left join lateral (
    select {_SUMMARY}
    from (
        select l.job_id
        from looked as l
        where l.is_wanted
        order by l.job_id desc
        limit %(limit)s
    ) as found
    cross join lateral ({_BY_ID} found.job_id offset 0) as j
    {_WITH_ROBOTS}
) as page on true
order by page.job_id desc
"""


LOOK_THROUGH_JOBS = _looked_through(_WALK, LOOKED_AT)

# As LIST_UNFINISHED_JOBS; `last_id` is a bound of the look itself.
LOOK_THROUGH_UNFINISHED_JOBS = _looked_through(
    f"""
    select j.*
    from private.unfinished_job_ids(%(is_leased)s::boolean, {LOOKED_AT_UNFINISHED}, %(last_id)s::uuid) as w (job_id)
    cross join lateral ({_BY_ID} w.job_id offset 0) as j
    where j.tenant_id = asked.tenant_id
    order by j.job_id desc
""",
    LOOKED_AT_UNFINISHED,
)

# The next jobs of an export, the newest first: `last_id` is the last one that was read.
READ_JOBS = f"""
{_ASKED}
select {_SUMMARY}
from asked
cross join lateral (
    select j.job_id
    from ({_WALK} offset 0) as j
    where {_WANTED}
    order by j.job_id desc
    limit %(limit)s
) as found
cross join lateral ({_BY_ID} found.job_id offset 0) as j
{_WITH_ROBOTS}
order by j.job_id desc
"""

# Unfinished jobs are found in the live tables, which are small, and not by a walk through the history.
LIST_UNFINISHED_JOBS = f"""
{_ASKED}
select counted.total, counted.total >= {COUNTED_ROWS} as is_capped, page.*
from asked
cross join lateral (
    select case
        when %(is_narrow)s::boolean then (
            select count(*)
            from (
                select
                from private.unfinished_job_ids(%(is_leased)s::boolean) as w (job_id)
                cross join lateral ({_BY_ID} w.job_id offset 0) as j
                where {_IN_TIME} and {_WANTED}
                limit {COUNTED_ROWS}
            ) as matching
        )
        else (select count(*) from private.unfinished_job_ids(%(is_leased)s::boolean, {COUNTED_ROWS}))
    end as total
) as counted
left join lateral (
    select {_SUMMARY}
    from (
        select j.*
        from private.unfinished_job_ids(
            %(is_leased)s::boolean, case when not %(is_narrow)s::boolean then %(limit)s + %(offset)s end
        ) as w (job_id)
        cross join lateral ({_BY_ID} w.job_id offset 0) as j
        where {_IN_TIME} and {_WANTED}
        order by j.job_id desc
        limit %(limit)s offset %(offset)s
    ) as j
    {_WITH_ROBOTS}
) as page on true
order by page.job_id desc
"""

LIST_JOBS_BY_ID = f"""
select {_SUMMARY}
from unnest(%(job_ids)s::uuid[]) as w (job_id)
cross join lateral ({_BY_ID} w.job_id offset 0) as j
{_WITH_ROBOTS}
"""

GET_JOB = f"""
select {_SUMMARY}, j.input, j.result, j.metadata, j.retry_policy, j.error_details
from public.live_jobs as j
{_WITH_ROBOTS}
where j.job_id = %(job_id)s
"""

# The function's row is all that the caller needs: a caller that may create jobs need not be one that may read them.
_OPTIONS = ", ".join(f"p_{each.name} => %({each.name})s" for each in fields(NewJob))

ENQUEUE_JOB = f"""
select {_SUMMARY}, j.input, j.result, j.metadata, j.retry_policy, j.error_details
from public.enqueue_job({_OPTIONS}) as j
{_WITH_ROBOTS}
"""

ENQUEUE_JOBS = """
select * from public.enqueue_jobs(%(jobs)s::jsonb)
"""

CANCEL_JOBS = """
select * from public.cancel_jobs(%(job_ids)s::uuid[], %(reason)s) order by "position"
"""

RETRY_JOBS = """
select * from public.retry_jobs(%(job_ids)s::uuid[]) order by "position"
"""

COMPLETE_JOBS = """
select * from public.complete_jobs(%(results)s::jsonb) order by "position"
"""

FAIL_JOBS = """
select * from public.fail_jobs(%(failures)s::jsonb) order by "position"
"""

CLAIM_JOBS = """
select *
from public.claim_jobs(
    p_limit => %(limit)s::integer, p_lease_seconds => %(lease_seconds)s::integer, p_environment => %(environment)s,
    p_listening => %(listening)s::boolean, p_claim_id => %(claim_id)s::uuid, p_capabilities => %(capabilities)s::text[],
    p_moves => %(moves)s::boolean
)
"""

WHOAMI = """
select public.whoami() as caller
"""

KEEP_HELD_JOBS = """
select public.keep_held_jobs()
"""

START_JOB = """
select started.*
from jsonb_to_record(public.start_job(%(job_id)s::uuid, %(lease_token)s::bigint)) as started (
    job_id uuid, started_at timestamptz, lease_expires_at timestamptz, cancel_requested boolean
)
"""

RENEW_LEASES = """
select job_id, renewed, lease_expires_at, cancel_requested
from public.renew_leases(%(leases)s::jsonb, %(lease_seconds)s::integer)
"""

REPORT_PROGRESS = """
select noted.*
from jsonb_to_record(public.report_progress(
    %(job_id)s::uuid, %(progress)s::integer, %(current_node)s, %(message)s, %(lease_token)s::bigint,
    %(node_executions)s::jsonb
)) as noted (job_id uuid, progress integer, current_node text, cancel_requested boolean)
"""

RELEASE_JOB = """
select ended.*
from jsonb_to_record(public.release_job(%(job_id)s::uuid, %(lease_token)s::bigint, %(reason)s)) as ended (
    job_id uuid, status text
)
"""

APPEND_JOB_LOGS = """
select public.append_job_logs(
    %(job_id)s::uuid, %(lease_token)s::bigint, %(entries)s::jsonb, %(sequence)s::bigint
) as accepted
"""

CANCEL_JOB = """
select cancellation.*
from jsonb_to_record(public.cancel_job(%(job_id)s::uuid, %(reason)s, %(force)s)) as cancellation (
    job_id uuid, cancelled boolean, cancel_requested boolean, is_forced boolean, previous_status text
)
"""

RETRY_JOB = """
select (public.retry_job(%(job_id)s::uuid, %(input)s::jsonb) ->> 'new_job_id')::uuid as new_job_id
"""

EXPLAIN_JOB = """
select public.explain_job(%(job_id)s::uuid) as answer
"""

NAME_MISSING_ROBOT = """
select public.name_missing_robot(%(job_id)s::uuid) as sentence
"""

LIST_WAITING_REASONS = """
select public.list_waiting_reasons() as answer
"""

HAS_JOB = """
select true from public.jobs as j where j.job_id = %(job_id)s
"""

AUDIT_EXECUTION = """
select private.audit_execution(%(job_id)s::uuid)
"""
