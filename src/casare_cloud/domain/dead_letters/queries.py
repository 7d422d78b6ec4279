"""SQL of the dead letters domain."""

_COLUMNS = """
    d.job_id, d.workflow_id, w.name as workflow_name, d.reason, d.attempts, d.error_type, d.error_message,
    d.dead_lettered_at, d.resolved_at, d.resolved_by, d.requeued_job_id, j.error_stack, j.input, j.job_created_at
"""

_WITH_JOB = """
left join lateral (
    select
        o.error_details ->> 'stack_trace' as error_stack,
        case when pg_column_size(o.input) <= 65536 then o.input end as input,
        o.created_at as job_created_at
    from public.jobs as o
    where o.job_id = d.job_id
    offset 0
) as j on true
"""

_WANTED = """
    d.tenant_id = caller.tenant_id
    and (%(is_resolved)s::boolean is null or (d.resolved_at is not null) = %(is_resolved)s)
    and (%(workflow_id)s::uuid is null or d.workflow_id = %(workflow_id)s)
    and (%(reason)s::text is null or d.reason = %(reason)s)
"""

LIST_DEAD_LETTERS = f"""
select counted.total, page.*
from private.authorize('jobs.read') as caller
cross join lateral (
    select count(*) as total from public.dead_letters as d where {_WANTED}
) as counted
left join lateral (
    select {_COLUMNS}
    from public.dead_letters as d
    left join public.workflows as w on w.workflow_id = d.workflow_id
    {_WITH_JOB}
    where {_WANTED}
    order by d.job_id desc
    limit %(limit)s offset %(offset)s
) as page on true
order by page.job_id desc
"""

GET_DEAD_LETTER = f"""
select {_COLUMNS}
from public.dead_letters as d
left join public.workflows as w on w.workflow_id = d.workflow_id
{_WITH_JOB}
where d.job_id = %(job_id)s
"""

COUNT_DEAD_LETTERS = """
with letters as (
    select d.*
    from private.authorize('jobs.read') as caller
    join public.dead_letters as d on d.tenant_id = caller.tenant_id
), by_reason as (
    select l.reason, count(*) as letters from letters as l where l.resolved_at is null group by l.reason
), by_workflow as (
    select l.workflow_id, w.name as workflow_name, count(*) as letters
    from letters as l
    left join public.workflows as w on w.workflow_id = l.workflow_id
    where l.resolved_at is null
    group by l.workflow_id, w.name
    order by count(*) desc, l.workflow_id
    limit 20
)
select
    (select count(*) from letters as l where l.resolved_at is null) as open,
    (select count(*) from letters as l where l.resolved_at is not null) as resolved,
    (select min(l.dead_lettered_at) from letters as l where l.resolved_at is null) as oldest_at,
    (select coalesce(jsonb_object_agg(r.reason, r.letters), '{}') from by_reason as r) as by_reason,
    (
        select coalesce(jsonb_agg(to_jsonb(b) order by b.letters desc, b.workflow_id), '[]') from by_workflow as b
    ) as by_workflow
"""

REQUEUE_DEAD_LETTER = """
select (public.requeue_dead_letter(%(job_id)s::uuid) ->> 'new_job_id')::uuid as new_job_id
"""

PURGE_DEAD_LETTER = """
select public.purge_dead_letter(%(job_id)s::uuid) as answer
"""

REQUEUE_DEAD_LETTERS = """
select * from public.requeue_dead_letters(%(job_ids)s::uuid[])
"""

PURGE_DEAD_LETTERS = """
select * from public.purge_dead_letters(%(job_ids)s::uuid[])
"""
