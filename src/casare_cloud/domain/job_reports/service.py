"""What people and programs can read of what robots reported of jobs."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.job_reports import queries
from casare_cloud.domain.job_reports.model import Attempt, LogEntry, LogFilter
from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.jobs.model import Job
from casare_cloud.domain.permissions import require
from casare_cloud.domain.rows import split_page


async def list_node_executions(tx: Transaction, job: Job) -> list[dict[str, Any]]:
    """What each node or step of a job did, in their order: from its result, which is whole, else as reported."""
    own = job.result.get("node_executions") if isinstance(job.result, dict) else None
    found = own if isinstance(own, list) else await list_last_node_executions(tx, job.job_id)
    return [item for item in found if isinstance(item, dict)]


async def list_last_node_executions(tx: Transaction, job_id: UUID) -> list[Any]:
    """The nodes of the last attempt whose robot said something of them; none of a job that the caller may not see."""
    return await tx.fetch_value(queries.GET_NODE_EXECUTIONS, {"job_id": job_id}) or []


async def list_attempts(tx: Transaction, job_id: UUID) -> list[Attempt]:
    """What robots said of the nodes of each attempt, the first one first. `JobNotFound`. Needs jobs.read."""
    await jobs.require_readable(tx, job_id)
    return [Attempt(**row) for row in await tx.fetch_all(queries.LIST_ATTEMPTS, {"job_id": job_id})]


async def list_logs(
    tx: Transaction, job_id: UUID, wanted: LogFilter, limit: int, offset: int
) -> tuple[list[LogEntry], int]:
    """(lines of the page; how many match in all). `JobNotFound`. Needs jobs.read and logs.read."""
    await jobs.require_readable(tx, job_id)
    await require(tx, "logs.read")
    bounds = {"level": wanted.level, "after": wanted.after, "before": wanted.before}
    rows = await tx.fetch_all(
        queries.LIST_JOB_LOGS[wanted.order], {"job_id": job_id, **bounds, "limit": limit, "offset": offset}
    )
    items, total = split_page(rows, "job_log_id")
    return [LogEntry(**item) for item in items], total


async def list_new_logs(tx: Transaction, after: Mapping[UUID, UUID], limit: int) -> list[tuple[UUID, LogEntry]]:
    """(job, line) of what was logged of each job after one of its lines, `limit` of a job at most, the oldest first.

    Nothing of jobs that the caller may not see; needs logs.read.
    """
    wanted = {"job_ids": list(after), "after": list(after.values()), "limit": limit}
    rows = await tx.fetch_all(queries.LIST_NEW_LOGS, wanted)
    return [(row.pop("job_id"), LogEntry(**row)) for row in rows]


async def list_last_logs(tx: Transaction, job_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The last line of each of the jobs that have one; needs logs.read."""
    rows = await tx.fetch_all(queries.LIST_LAST_LOGS, {"job_ids": list(job_ids)})
    return {row["job_id"]: row["job_log_id"] for row in rows}
