"""What a robot does with jobs: claims them, works on them under a lease, and says how they ended.

Every call but a claim names the job and the token of its lease, or no token: the calling robot's one live lease of the
job is meant then (docs/queue.md). With another token than the newest it is 409 LEASE_LOST (JOB_ALREADY_FINISHED when
the job has ended) and changes nothing; a late result is stored beside the job.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from casare_cloud.database import Transaction
from casare_cloud.domain.jobs import queries
from casare_cloud.domain.jobs.doorbells import Doorbells
from casare_cloud.domain.jobs.model import ClaimedJob, ClaimOrder, Ended, Failure, Progress, RenewedLease, Started
from casare_cloud.errors import Conflict
from casare_cloud.waiting import happens_within

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 1.0
# While the bell is heard: soon after the first empty answer, as a job that is enqueued beside it rings nobody.
_LOOK_SECONDS = (1.0, 5.0, 15.0)

NodeExecutions = list[dict[str, Any]] | None  # [{node_id, node_type?, status?, duration_ms?, runs?, healing?}]


async def claim(
    transaction: Callable[[], AbstractAsyncContextManager[Transaction]],
    order: ClaimOrder,
    has_left: Callable[[], Awaitable[bool]],
    bells: Doorbells | None = None,
    key_hash: bytes | None = None,
) -> list[ClaimedJob]:
    """Every job that was claimed for the calling robot; with `wait_seconds`, waits that long for the first one.

    Each try is a transaction of its own, and none is open while this waits. It waits for the bell of the robot with
    this key, and looks now and then besides, as a ring may be lost. Without a bell the pauses grow from 0.1 s to 1 s
    with jitter, so that waiting robots neither come all at once nor wear the database out. Takes nothing once
    `has_left` says that nobody waits for the answer any more.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + order.wait_seconds
    pause = _FIRST_PAUSE_SECONDS
    looks = iter(_LOOK_SECONDS)
    bell = bells.find(key_hash) if bells is not None and order.wait_seconds > 0 else None
    may_hang = bells is not None and bell is None
    while True:
        is_heard = bell is not None and bell.is_heard
        if bell is not None:
            bell.rung.clear()
            bell.used_at = loop.time()
        async with transaction() as tx:
            if await has_left():  # asked last: the connection may have been waited for
                return []
            jobs = await claim_now(tx, order, is_heard)
            left = deadline - loop.time()
            if may_hang and bells is not None and not jobs and left > 0:
                may_hang = False
                bell = bells.hang(key_hash, await tx.fetch_value(queries.WHOAMI))
        if jobs or left <= 0:
            return jobs
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 — jitter is no secret
        if bell is not None and is_heard:
            await happens_within(bell.rung, min(left, next(looks, _LOOK_SECONDS[-1]) * jitter))
            continue
        if bell is not None:
            await bell.heard_within(min(left, pause * jitter))
        else:
            await asyncio.sleep(min(left, pause * jitter))
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)


async def claim_now(tx: Transaction, order: ClaimOrder, is_listening: bool) -> list[ClaimedJob]:
    """Every job that was claimed for the calling robot; one that gets none and listens is rung for the next."""
    params = {
        "limit": order.limit,
        "lease_seconds": order.lease_seconds,
        "environment": order.environment,
        "claim_id": order.claim_id,
        "listening": is_listening,
        "capabilities": order.capabilities,
        "moves": order.moves,
    }
    rows = await tx.fetch_all(queries.CLAIM_JOBS, params)
    if order.starts:
        for row in rows:
            await start(tx, row["job_id"], row["lease_token"])
    return [ClaimedJob(**row) for row in rows]


AGENT_LEASE_SECONDS = 300  # the least; private.silence_seconds() has the rule


async def claim_for_agent(tx: Transaction, capabilities: list[str] | None) -> ClaimedJob | None:
    """A job for the calling robot, begun at once, or None; and what it holds is renewed.

    For programs that know no lease: it holds its jobs as long as it is heard of.
    """
    order = ClaimOrder(lease_seconds=AGENT_LEASE_SECONDS, capabilities=capabilities)
    jobs = await claim_now(tx, order, is_listening=False)
    for job in jobs:
        await start(tx, job.job_id, job.lease_token)
    await keep_held_jobs(tx)
    return jobs[0] if jobs else None


async def keep_held_jobs(tx: Transaction) -> list[UUID]:
    """Renew whatever the calling robot holds; which jobs that is."""
    kept: list[UUID] = await tx.fetch_value(queries.KEEP_HELD_JOBS)
    return kept


async def start(tx: Transaction, job_id: UUID, lease_token: int | None) -> Started:
    """Say that a claimed job runs now."""
    return Started(**await _row(tx, queries.START_JOB, job_id, lease_token=lease_token))


async def renew_lease(tx: Transaction, job_id: UUID, lease_token: int | None, lease_seconds: int) -> RenewedLease:
    """Keep a job for `lease_seconds` from now."""
    row = await tx.fetch_one(
        queries.RENEW_LEASES,
        {"leases": [{"job_id": str(job_id), "lease_token": lease_token}], "lease_seconds": lease_seconds},
    )
    if row is None or not row["renewed"]:
        # A renewal only says no. Starting says why, 404 or 409, and changes nothing without a lease.
        await start(tx, job_id, lease_token)
        raise Conflict("LEASE_LOST", "This lease token does not hold the job any more.")
    return RenewedLease(row["job_id"], row["lease_expires_at"], row["cancel_requested"])


async def report_progress(
    tx: Transaction,
    job_id: UUID,
    progress: int,
    current_node: str | None,
    message: str | None,
    lease_token: int | None,
    node_executions: NodeExecutions = None,
) -> Progress:
    """Say how far a job is. Without a token: the caller's lease."""
    row = await _row(
        tx,
        queries.REPORT_PROGRESS,
        job_id,
        progress=progress,
        current_node=current_node,
        message=message,
        lease_token=lease_token,
        node_executions=_json(node_executions),
    )
    return Progress(**row)


async def complete(
    tx: Transaction, job_id: UUID, lease_token: int | None, result: Any, node_executions: NodeExecutions = None
) -> Ended:
    """End a job with its result. The same call again answers the same.

    Without `node_executions` those in the result are kept, if there are any.
    """
    return _ended(
        await tx.call(
            "public.complete_job",
            job_id=job_id,
            lease_token=lease_token,
            result=_json(result),
            node_executions=_json(node_executions),
        )
    )


async def fail(
    tx: Transaction, job_id: UUID, lease_token: int | None, failure: Failure, node_executions: NodeExecutions = None
) -> Ended:
    """End an attempt with an error."""
    return _ended(
        await tx.call(
            "public.fail_job",
            job_id=job_id,
            lease_token=lease_token,
            error_message=failure.error_message,
            error_type=failure.error_type,
            stack_trace=failure.stack_trace,
            failed_node=failure.failed_node,
            retryable=failure.retryable,
            retry_at=failure.retry_at,
            node_executions=_json(node_executions),
        )
    )


async def release(tx: Transaction, job_id: UUID, lease_token: int | None, reason: str | None = None) -> Ended:
    """Give a job back without counting the attempt; with a `reason` it is rejected, and another robot is woken."""
    return Ended(**await _row(tx, queries.RELEASE_JOB, job_id, lease_token=lease_token, reason=reason))


async def append_logs(
    tx: Transaction, job_id: UUID, lease_token: int | None, entries: list[dict[str, Any]], sequence: int | None = None
) -> int:
    """Append lines to a job's log, all or none; returns how many. Idempotent for a repeated `sequence`."""
    params = {"job_id": job_id, "lease_token": lease_token, "entries": Jsonb(entries), "sequence": sequence}
    accepted: int = await tx.fetch_value(queries.APPEND_JOB_LOGS, params)
    return accepted


def _json(value: Any) -> Jsonb | None:
    return None if value is None else Jsonb(value)


def _ended(answer: dict[str, Any]) -> Ended:
    retry_at = answer.get("retry_at")
    return Ended(UUID(answer["job_id"]), answer["status"], datetime.fromisoformat(retry_at) if retry_at else None)


async def _row(tx: Transaction, query: str, job_id: UUID, **params: Any) -> DictRow:
    row = await tx.fetch_one(query, {"job_id": job_id, **params})
    assert row is not None
    return row
