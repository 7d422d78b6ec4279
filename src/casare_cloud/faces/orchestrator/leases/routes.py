"""Jobs, for the robots that run them: claim, report, finish (document 002, "PUT progress"; api-map §3).

What names a lease is closed: a field that is not known is refused, so that a misspelt one is noticed by its sender.
"""

from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import ConfigDict, Field

from casare_cloud.domain.jobs import leases
from casare_cloud.domain.jobs.model import ClaimOrder, Ended, Failure, LogLevel
from casare_cloud.faces.kit.refusals import refusals
from casare_cloud.faces.kit.routing import CurrentCall, LongPollRoute, Route, Tx
from casare_cloud.faces.kit.shapes import Answer, Body, Report, Time
from casare_cloud.faces.orchestrator.examples import showing
from casare_cloud.faces.orchestrator.fields import (
    Environment,
    ExactTime,
    Flag,
    Integer,
    JobId,
    LeaseSeconds,
    LeaseToken,
    Moment,
)
from casare_cloud.faces.orchestrator.jobs.words import JobWord, word_of
from casare_cloud.faces.orchestrator.leases import examples

router = APIRouter(route_class=Route)
waiting = APIRouter(route_class=LongPollRoute)


class ClaimBody(Body):
    """How many jobs a robot wants, for how long, and how long it waits for the first one."""

    model_config = showing(examples.CLAIM, extra="forbid")

    environment: Annotated[Environment | None, Field(description="The robot's own, which is the default.")] = None
    limit: Annotated[Integer, Field(ge=1, le=100)] = 1
    lease_seconds: LeaseSeconds = 60
    wait_seconds: Annotated[float, Field(ge=0, le=25, strict=True)] = 0
    claim_id: Annotated[
        UUID | None,
        Field(description="The robot's own, new for each claim; the same one asks for an answer that was lost."),
    ] = None


class ClaimedJobAnswer(Answer):
    """A job that is this robot's until `lease_expires_at`, and what it takes to run it."""

    model_config = showing(examples.CLAIMED)

    job_id: UUID
    workflow_id: UUID
    workflow_name: str
    workflow_version: int
    workflow_json: dict[str, Any]
    input: dict[str, Any]
    priority: int
    environment: str
    attempt: int
    max_attempts: int
    lease_token: int
    lease_expires_at: Time
    timeout_seconds: int
    progress_timeout_seconds: int | None


class ClaimAnswer(Answer):
    """Every job that was claimed; empty when there was none."""

    model_config = showing(examples.CLAIMED_JOBS)

    jobs: list[ClaimedJobAnswer]


class LeaseBody(Report):
    """Which lease it is."""

    model_config = showing(examples.LEASE, extra="forbid")

    lease_token: LeaseToken


class StartAnswer(Answer):
    """The job runs."""

    model_config = showing(examples.STARTED)

    job_id: UUID
    status: Literal["running"]
    started_at: ExactTime
    lease_expires_at: ExactTime
    cancel_requested: bool


class ExtendBody(LeaseBody):
    """How long the lease is to last from now."""

    model_config = showing(examples.EXTEND)

    lease_seconds: LeaseSeconds = 60


class ExtendAnswer(Answer):
    """The lease lasts; `cancel_requested`: somebody wants the job to end."""

    model_config = showing(examples.EXTENDED)

    job_id: UUID
    renewed: bool
    lease_expires_at: Time
    cancel_requested: bool


class HealingBody(Body):
    """What the robot did to mend a node, and whether that helped."""

    model_config = ConfigDict(extra="forbid")

    healed: Flag
    attempts: Annotated[Integer, Field(ge=0, le=2**31 - 1)] | None = None


class NodeExecutionBody(Body):
    """What a node did in this attempt; `duration_ms` of all its `runs` together. Unknown fields are ignored."""

    node_id: Annotated[str, Field(min_length=1, max_length=255)]
    node_type: Annotated[str | None, Field(max_length=255)] = None
    status: Annotated[str | None, Field(max_length=32)] = None
    duration_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    runs: Annotated[Integer, Field(ge=0, le=2**31 - 1)] | None = None
    healing: HealingBody | None = None


NodeExecutions = Annotated[
    list[NodeExecutionBody] | None,
    Field(max_length=1000, description="Each node once. The last report of an attempt counts."),
]


def _as_sent(nodes: list[NodeExecutionBody] | None) -> list[dict[str, Any]] | None:
    return None if nodes is None else [node.model_dump(exclude_none=True) for node in nodes]


class ProgressBody(Report):
    """How far the job is."""

    model_config = showing(examples.PROGRESS, extra="forbid")

    progress: Annotated[Integer, Field(ge=0, le=100)]
    current_node: Annotated[str | None, Field(max_length=255)] = None
    message: Annotated[str | None, Field(max_length=4096)] = None
    lease_token: LeaseToken | None = None
    node_executions: NodeExecutions = None


class ProgressAnswer(Answer):
    """What was noted; `cancel_requested`: somebody wants the job to end."""

    model_config = showing(examples.PROGRESS_NOTED)

    job_id: UUID
    progress: int
    current_node: str | None
    cancel_requested: bool


class CompleteBody(LeaseBody):
    """What came out of the job: any JSON."""

    model_config = showing(examples.COMPLETE)

    result: Any = None
    node_executions: Annotated[NodeExecutions, Field(description="Default: those in the result.")] = None


class FailBody(LeaseBody):
    """What went wrong; not `retryable`: no further attempt can help."""

    model_config = showing(examples.FAIL)

    error_message: Annotated[str, Field(min_length=1, max_length=65536)]
    error_type: Annotated[str | None, Field(max_length=255)] = None
    stack_trace: str | None = None
    failed_node: Annotated[str | None, Field(max_length=255)] = None
    retryable: Flag = True
    node_executions: NodeExecutions = None


class OutcomeAnswer(Answer):
    """What the job is now; `retry_at` when there will be another attempt."""

    model_config = showing(examples.OUTCOME)

    job_id: UUID
    status: JobWord
    outcome: Literal["applied"]
    retry_at: ExactTime | None = None

    @classmethod
    def of(cls, ended: Ended) -> "OutcomeAnswer":
        """What the job is now, in the published words."""
        return cls(job_id=ended.job_id, status=word_of(ended.status), outcome="applied", retry_at=ended.retry_at)


class LogEntryBody(Body):
    """A line of the log."""

    model_config = ConfigDict(extra="forbid")

    level: LogLevel = "info"
    message: Annotated[str, Field(max_length=65536)]
    node_id: Annotated[str | None, Field(max_length=255)] = None
    timestamp: Moment | None = None
    extra: Any = None


class LogsBody(LeaseBody):
    """Lines of the log, in their order."""

    model_config = showing(examples.APPEND_LOGS)

    entries: Annotated[list[LogEntryBody], Field(max_length=1000)]
    sequence: Annotated[
        Annotated[Integer, Field(ge=0, le=2**63 - 1)] | None,
        Field(description="The batch's number within the lease: sent again, it is answered alike and stored once."),
    ] = None


class LogsAnswer(Answer):
    """How many lines were taken: all of them."""

    model_config = showing(examples.LOGS_APPENDED)

    accepted: int


@waiting.post("/claim", responses=refusals())
async def claim_jobs(body: ClaimBody, call: CurrentCall, request: Request) -> ClaimAnswer:
    """Claim jobs for the calling robot, as many as it has free slots and `limit` allows. Every claimed job is answered.

    With `wait_seconds` the answer comes when there is a job, or empty after that time. Asked again with the `claim_id`
    of leases that the robot still holds, it answers those that are not started, renewed, and takes nothing new. Nothing
    is taken for a client that has hung up. Needs jobs.claim (robots).
    """
    jobs = await leases.claim(call.transaction, ClaimOrder(**body.model_dump()), request.is_disconnected)
    return ClaimAnswer(jobs=[ClaimedJobAnswer.model_validate(job) for job in jobs])


@router.post("/{job_id}/start", responses=refusals(404, 409))
async def start_job(job_id: JobId, body: LeaseBody, tx: Tx) -> StartAnswer:
    """Say that a claimed job runs now; again changes nothing.

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

    409 LEASE_LOST or JOB_ALREADY_FINISHED: the job is not the caller's by now; the result is kept as evidence and
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
async def release_job(job_id: JobId, body: LeaseBody, tx: Tx) -> OutcomeAnswer:
    """Give a job back without counting the attempt.

    409 LEASE_LOST, JOB_ALREADY_FINISHED. Needs jobs.report (robots).
    """
    return OutcomeAnswer.of(await leases.release(tx, job_id, body.lease_token))


@router.post("/{job_id}/extend-lease", responses=refusals(404, 409))
async def extend_lease(job_id: JobId, body: ExtendBody, tx: Tx) -> ExtendAnswer:
    """Keep a job for `lease_seconds` from now. 409 LEASE_LOST, JOB_ALREADY_FINISHED. Needs jobs.report (robots)."""
    renewed = await leases.extend_lease(tx, job_id, body.lease_token, body.lease_seconds)
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
