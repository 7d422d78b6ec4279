"""Jobs, for the robots that run them: claim, report, finish (document 002; api-decisions#claims-and-leases).

A robot that knows no lease tokens leaves them out: its one live lease of the job is meant (docs/queue.md). What names a
lease is closed: a field that is not known is refused, so that a misspelt one is noticed by its sender.
"""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request

from casare_cloud.domain.jobs import leases
from casare_cloud.domain.jobs.model import Failure
from casare_cloud.faces.kit.routing import CurrentCall, LongPollRoute, Route, Tx
from casare_cloud.faces.orchestrator.casare.shapes import FlatJob
from casare_cloud.faces.orchestrator.fields import JobId
from casare_cloud.faces.orchestrator.leases.shapes import (
    ClaimAnswer,
    ClaimBody,
    ClaimedJobAnswer,
    CompleteBody,
    ExtendAnswer,
    ExtendBody,
    FailBody,
    LeaseBody,
    LogsAnswer,
    LogsBody,
    NodeExecutionBody,
    OutcomeAnswer,
    ProgressAnswer,
    ProgressBody,
    StartAnswer,
)
from casare_cloud.faces.orchestrator.refusals import refusals

router = APIRouter(route_class=Route)
waiting = APIRouter(route_class=LongPollRoute)


def _as_sent(nodes: list[NodeExecutionBody] | None) -> list[dict[str, Any]] | None:
    return None if nodes is None else [node.model_dump(exclude_none=True) for node in nodes]


@waiting.post("/claim", responses=refusals())
async def claim_jobs(body: ClaimBody, call: CurrentCall, request: Request) -> ClaimAnswer | FlatJob | None:
    """Claim jobs for the calling robot, as many as it has free slots and `limit` allows. Every claimed job is answered.

    With `wait_seconds` the answer comes when there is a job, or empty after that time. Asked again with the `claim_id`
    of leases that the robot still holds, it answers those that are not started, renewed, and takes nothing new. Nothing
    is taken for a client that has hung up. Needs jobs.claim (robots).

    With `visibility_timeout_seconds` the answer is one job, flat, or null, whatever `limit` says, and the job runs from
    its claim: the robot says no start, and need not send a `lease_token`.
    """
    order, services = body.order(), call.services
    jobs = await leases.claim(call.transaction, order, request.is_disconnected, services.doorbells, call.actor.key_hash)
    if order.starts:
        return FlatJob.of(jobs[0], order.lease_seconds) if jobs else None
    return ClaimAnswer(jobs=[ClaimedJobAnswer.model_validate(job) for job in jobs])


@router.post("/{job_id}/start", responses=refusals(404, 409))
async def start_job(job_id: JobId, body: LeaseBody, tx: Tx) -> StartAnswer:
    """Say that a claimed job runs now; idempotent.

    409 LEASE_LOST, JOB_ALREADY_FINISHED. Needs jobs.report (robots).
    """
    started = await leases.start(tx, job_id, body.lease_token)
    return StartAnswer(**asdict(started), status="running")


@router.put("/{job_id}/progress", responses=refusals(404, 409))
async def report_progress(job_id: JobId, body: ProgressBody, tx: Tx) -> ProgressAnswer:
    """Say how far a job is. Without `lease_token` it is the calling robot's own live lease. Unknown fields are refused.

    409 LEASE_LOST, JOB_ALREADY_FINISHED. Needs jobs.report (robots), or robots.control and the `lease_token` of a job
    that a robot of the same tenant holds.
    """
    fields = body.model_dump(exclude={"node_executions"})
    nodes = _as_sent(body.node_executions)
    return ProgressAnswer.model_validate(await leases.report_progress(tx, job_id, **fields, node_executions=nodes))


@router.post("/{job_id}/complete", responses=refusals(404, 409))
async def complete_job(job_id: JobId, body: CompleteBody, tx: Tx) -> OutcomeAnswer:
    """End a job with its result. The same call again answers the same.

    409 LEASE_LOST or JOB_ALREADY_FINISHED: the job is not the caller's by now; the late result is stored and
    never applied. Needs jobs.report (robots).
    """
    nodes = _as_sent(body.node_executions)
    return OutcomeAnswer.of(await leases.complete(tx, job_id, body.lease_token, body.result, nodes))


@router.post("/{job_id}/fail", responses=refusals(404, 409))
async def fail_job(job_id: JobId, body: FailBody, tx: Tx) -> OutcomeAnswer:
    """End an attempt with an error: the job is tried again by its retry policy, or is failed for good.

    The same 409 as for `complete`. Needs jobs.report (robots).
    """
    failure = Failure(**body.model_dump(exclude={"lease_token", "node_executions"}))
    return OutcomeAnswer.of(await leases.fail(tx, job_id, body.lease_token, failure, _as_sent(body.node_executions)))


@router.post("/{job_id}/release", responses=refusals(404, 409))
async def release_job(job_id: JobId, tx: Tx, body: LeaseBody | None = None) -> OutcomeAnswer:
    """Give a job back without counting the attempt.

    409 LEASE_LOST, JOB_ALREADY_FINISHED. Needs jobs.report (robots).
    """
    return OutcomeAnswer.of(await leases.release(tx, job_id, body.lease_token if body else None))


@router.post("/{job_id}/extend-lease", responses=refusals(404, 409))
async def extend_lease(job_id: JobId, body: ExtendBody, tx: Tx) -> ExtendAnswer:
    """Keep a job for `lease_seconds` from now. 409 LEASE_LOST, JOB_ALREADY_FINISHED. Needs jobs.report (robots)."""
    renewed = await leases.renew_lease(tx, job_id, body.lease_token, body.lease_seconds)
    return ExtendAnswer(**asdict(renewed), renewed=True)


@router.post("/{job_id}/logs", responses=refusals(404, 409))
async def append_job_logs(job_id: JobId, body: LogsBody, tx: Tx) -> LogsAnswer:
    """Append lines to a job's log, all or none. The last ones may come up to 10 minutes after the job was completed or
    failed by the same robot and `lease_token`.

    409 LEASE_LOST, JOB_ALREADY_FINISHED. Needs jobs.report (robots).
    """
    entries = [entry.model_dump(mode="json", exclude_none=True) for entry in body.entries]
    return LogsAnswer(accepted=await leases.append_logs(tx, job_id, body.lease_token, entries, body.sequence))


router.include_router(waiting)
