"""What people and programs can do with jobs. Every rule is in the SQL functions that are called here."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.jobs import queries
from casare_cloud.domain.jobs.model import (
    Cancellation,
    Filter,
    Job,
    JobPage,
    JobStatus,
    NewJob,
)
from casare_cloud.domain.names import uuid_of
from casare_cloud.domain.permissions import require_found
from casare_cloud.domain.rows import split_page
from casare_cloud.domain.workflows import service as workflows
from casare_cloud.errors import NotFound

_WAITING: frozenset[JobStatus] = frozenset({"queued"})
_IN_HAND: frozenset[JobStatus] = frozenset({"claimed", "running"})


class JobNotFound(NotFound):
    """There is no such job, or it is another tenant's."""

    def __init__(self) -> None:
        super().__init__("JOB_NOT_FOUND", "There is no such job.")


async def enqueue(tx: Transaction, job: NewJob) -> Job:
    """Put a job in the queue and return it, or the unfinished job that has its dedupe key.

    Raises 404 WORKFLOW_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 WORKFLOW_NOT_RUNNABLE, POOL_AMBIGUOUS,
    400 INVALID_ARGUMENT. Needs jobs.create, and workflows.read to name a workflow by its name.
    """
    workflow_id = await workflows.id_of(tx, job.workflow_id, "jobs.create")
    row = await tx.fetch_one(queries.ENQUEUE_JOB, {**asdict(job), "workflow_id": workflow_id})
    assert row is not None
    return Job(**row)


async def run_by_hand(tx: Transaction, job: NewJob) -> Job:
    """Enqueue a job of a workflow that somebody runs by hand, and write that down; raises as `enqueue`."""
    made = await enqueue(tx, job)
    await tx.execute(queries.AUDIT_EXECUTION, {"job_id": made.job_id})
    return made


async def list_page(tx: Transaction, wanted: Filter, limit: int, offset: int) -> tuple[list[Job], int, bool]:
    """(jobs of the page, the newest first; how many match; whether older jobs may match as well). Needs jobs.read.

    Counted are the newest 10,000 jobs of the time asked for, and the jobs up to the end of this page.
    """
    statuses = frozenset(wanted.statuses or ())
    rows = await tx.fetch_all(
        queries.LIST_UNFINISHED_JOBS if _is_unfinished(wanted) else queries.LIST_JOBS,
        {
            **_parameters(wanted),
            "is_leased": statuses <= _IN_HAND,
            "is_narrow": statuses not in (_WAITING, _IN_HAND) or replace(wanted, statuses=None) != Filter(),
            "limit": limit,
            "offset": offset,
        },
    )
    is_capped = bool(rows[0]["is_capped"])
    items, total = split_page(rows, "job_id")
    found = [Job(**{name: value for name, value in item.items() if name != "is_capped"}) for item in items]
    return found, max(total, offset + len(found)) if found else total, is_capped


async def look_through(tx: Transaction, wanted: Filter, limit: int) -> JobPage:
    """The next `limit` jobs that match, among as many as one answer looks through; needs jobs.read.

    So an answer takes no longer however few of however many jobs match. `next` says where to go on; while it is not
    None there may be more, also when the page is not full.
    """
    is_unfinished = _is_unfinished(wanted)
    rows = await tx.fetch_all(
        queries.LOOK_THROUGH_UNFINISHED_JOBS if is_unfinished else queries.LOOK_THROUGH_JOBS,
        {**_parameters(wanted), "is_leased": frozenset(wanted.statuses or ()) <= _IN_HAND, "limit": limit},
    )
    total, is_capped, last = (rows[0][name] for name in ("total", "is_capped", "last_looked_at"))
    named = ("total", "is_capped", "last_looked_at")
    found = [
        Job(**{name: value for name, value in row.items() if name not in named})
        for row in rows
        if row["job_id"] is not None
    ]
    more = found[-1].job_id if len(found) == limit else last if is_capped else None
    return JobPage(found, total, is_capped, more)


async def read_all(
    transaction: Callable[[], AbstractAsyncContextManager[Transaction]], wanted: Filter, batch: int = 1000
) -> AsyncIterator[Job]:
    """Every job that matches, the newest first, however many there are; needs jobs.read.

    Holds one batch at a time, which has a transaction of its own: a reader who is slow holds no connection. Each batch
    goes on after the last job of the one before: no job comes twice, and one that is enqueued meanwhile does not come.
    Nothing is counted.
    """
    asked = wanted.statuses
    if asked is not None:  # the row of a job in hand is still that of a queued one
        stored: dict[JobStatus, None] = dict.fromkeys("queued" if status in _IN_HAND else status for status in asked)
        wanted = replace(wanted, statuses=list(stored))
    while True:
        async with transaction() as tx:
            rows = await tx.fetch_all(queries.READ_JOBS, {**_parameters(wanted), "limit": batch})
        for row in rows:
            if asked is None or row["status"] in asked:
                yield Job(**row)
        if len(rows) < batch:
            return
        wanted = replace(wanted, before=rows[-1]["job_id"])


def _is_unfinished(wanted: Filter) -> bool:
    """Whether the live tables, which are small, hold all that can match."""
    statuses = frozenset(wanted.statuses or ())
    return bool(statuses) and (statuses <= _WAITING or statuses <= _IN_HAND)


def _parameters(wanted: Filter) -> dict[str, Any]:
    bounds = (_id_at(wanted.created_before, timedelta(hours=1)), wanted.before)
    return {
        "statuses": wanted.statuses,
        "workflow_id": wanted.workflow_id,
        "trigger_types": wanted.trigger_types,
        "error_type": wanted.error_type,
        "search": wanted.search,
        "robot": wanted.robot,
        "robot_id": uuid_of(wanted.robot) if wanted.robot else None,
        "created_after": wanted.created_after,
        "created_before": wanted.created_before,
        "first_id": _id_at(wanted.created_after, -timedelta(hours=1)),
        "last_id": min((bound for bound in bounds if bound is not None), default=None),
    }


def _id_at(time: datetime | None, margin: timedelta) -> UUID | None:
    """The smallest UUID of version 7 of a time; None when the time lies outside what such an id can say.

    The margin covers the difference between the clock that ids go by and the one that rules go by.
    """
    if time is None:
        return None
    seconds = (time - datetime(1970, 1, 1, tzinfo=UTC) + margin).total_seconds()
    milliseconds = int(seconds * 1000)
    return UUID(int=milliseconds << 80) if 0 <= milliseconds < 2**48 else None


async def get(tx: Transaction, job_id: UUID) -> Job:
    """A job with its input and result; `JobNotFound`. Needs jobs.read; a robot sees the jobs that it holds."""
    row = await tx.fetch_one(queries.GET_JOB, {"job_id": job_id})
    return Job(**await require_found(tx, row, "jobs.read", JobNotFound))


async def list_by_ids(tx: Transaction, job_ids: Sequence[UUID]) -> list[Job]:
    """Those of the jobs that are there and that the caller may see (jobs.read), in no order, as lists have them."""
    return [Job(**row) for row in await tx.fetch_all(queries.LIST_JOBS_BY_ID, {"job_ids": list(job_ids)})]


async def require_readable(tx: Transaction, job_id: UUID) -> None:
    """Raise `JobNotFound` unless the caller may read the job."""
    await require_found(tx, await tx.fetch_value(queries.HAS_JOB, {"job_id": job_id}), "jobs.read", JobNotFound)


async def cancel(tx: Transaction, job_id: UUID, reason: str | None, *, force: bool) -> Cancellation:
    """Cancel a waiting job, or ask the robot that holds it to stop; a finished job stays as it is.

    With `force` a job is taken from a robot that was asked to stop and did not; 409 CANCEL_NOT_FORCEABLE before its
    grace time is over. Needs jobs.cancel.
    """
    row = await tx.fetch_one(queries.CANCEL_JOB, {"job_id": job_id, "reason": reason, "force": force})
    assert row is not None
    return Cancellation(**row)


async def retry(tx: Transaction, job_id: UUID, job_input: dict[str, Any] | None = None) -> UUID:
    """Enqueue a new job like one that failed, was cancelled or timed out; the new job's id.

    With an input of its own, also like one that was completed; that needs jobs.create as well. Raises 400
    JOB_NOT_RETRYABLE, 404 JOB_NOT_FOUND, 409 DEDUPE_KEY_TAKEN. Needs jobs.retry.
    """
    new_job_id: UUID = await tx.fetch_value(queries.RETRY_JOB, {"job_id": job_id, "input": job_input})
    return new_job_id


async def warnings_of(tx: Transaction, job_id: UUID) -> list[str]:
    """That no registered robot could run a job that was just queued, in a sentence. Needs jobs.create."""
    sentence: str | None = await tx.fetch_value(queries.NAME_MISSING_ROBOT, {"job_id": job_id})
    return [] if sentence is None else [sentence]


async def explain(tx: Transaction, job_id: UUID) -> dict[str, Any]:
    """Why a job waits, who holds it or how it ended, as `public.explain_job` says it; 404 JOB_NOT_FOUND."""
    answer: dict[str, Any] = await tx.fetch_value(queries.EXPLAIN_JOB, {"job_id": job_id})
    return answer


async def list_waiting_reasons(tx: Transaction) -> dict[str, Any]:
    """How many jobs wait for which reason, as `public.list_waiting_reasons` says it. Needs jobs.read."""
    answer: dict[str, Any] = await tx.fetch_value(queries.LIST_WAITING_REASONS)
    return answer
