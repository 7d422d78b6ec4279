"""Shapes of the job endpoints for people and programs (documents 000, 002, 003; api-decisions#submitting)."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AliasChoices, Field

from casare_cloud.domain.job_reports.model import Attempt
from casare_cloud.domain.jobs.model import Cancellation, Job, JobPage, LogLevel, NewJob
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Flag, Input, InputNames, Integer, Moment, Name, Words
from casare_cloud.faces.kit.shapes import Answer, Body, OpenBody, Time, Warnings
from casare_cloud.faces.kit.state_words import JobWord, job_word
from casare_cloud.faces.orchestrator.casare.shapes import JobAliases, job_aliases
from casare_cloud.faces.orchestrator.fields import Environment, ExecutionMode, Priority, RobotName
from casare_cloud.faces.orchestrator.jobs import examples
from casare_cloud.faces.orchestrator.jobs.words import sentence_of

DEMAND = (
    "Only robots with all of them. Capabilities and tags together: at most 2,000 bytes, each word counts for 8 more."
)


class CreateJobBody(OpenBody):
    """A job to queue."""

    model_config = showing(examples.CREATE_JOB)

    workflow_id: Annotated[
        Name,
        Field(
            validation_alias=AliasChoices("workflow_id", "workflow_name"),
            description="The UUID of a workflow, or its name (the newest workflow of that name).",
        ),
    ]
    input: Input = None
    priority: Priority = 10
    environment: Annotated[Environment | None, Field(description="Only robots of it; default: any robot.")] = None
    execution_mode: ExecutionMode = "lan"
    required_capabilities: Annotated[Words, Field(default_factory=list, max_length=100, description=DEMAND)]
    required_tags: Annotated[Words, Field(default_factory=list, max_length=100, description=DEMAND)]
    robot_id: Annotated[RobotName | None, Field(description="Only this robot: its external id or UUID.")] = None
    pool: Annotated[
        str | None,
        Field(min_length=1, max_length=64, description="Robots of this shared pool: its id or name."),
    ] = None
    run_at: Annotated[
        Moment | None,
        Field(validation_alias=AliasChoices("run_at", "scheduled_time"), description="Not before this time."),
    ] = None
    dedupe_key: Annotated[
        str | None,
        Field(min_length=1, max_length=255, description="While a job with it is unfinished, that job is the answer."),
    ] = None
    concurrency_key: Annotated[
        str | None,
        Field(min_length=1, max_length=255, description="Jobs with it hold places in the limit that is set for it."),
    ] = None
    max_attempts: Annotated[Integer, Field(ge=1, le=100)] = 3
    timeout_seconds: Annotated[Integer, Field(ge=1, le=604800)] = 3600
    progress_timeout_seconds: Annotated[
        Annotated[Integer, Field(ge=5, le=604800)] | None,
        Field(description="An attempt that reports no progress for so long is ended; default: none is."),
    ] = None
    retry_policy: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    version: Annotated[
        Annotated[Integer, Field(ge=1, le=2**31 - 1)] | None,
        Field(validation_alias=AliasChoices("version", "workflow_version"), description="Default: the current one."),
    ] = None

    def asks_for_a_robot(self) -> bool:
        """Whether not any robot will do. Most jobs ask for nothing, and are spared the look for one."""
        return bool(self.required_capabilities or self.required_tags or self.environment or self.pool)

    def job(self) -> NewJob:
        """What the domain calls it."""
        return NewJob(**{name: getattr(self, name) for name in type(self).model_fields})


class JobSummary(JobAliases):
    """A job as lists show it. `robot_id` is the robot's external id, `robot_uuid` its UUID."""

    model_config = showing(examples.JOB_SUMMARY)

    job_id: UUID
    workflow_id: UUID
    workflow_name: str
    workflow_version: int
    status: JobWord
    priority: int
    trigger_type: str
    execution_mode: ExecutionMode
    environment: str
    required_capabilities: list[str]
    required_tags: list[str]
    dedupe_key: str | None
    concurrency_key: str | None
    robot_id: str | None
    robot_uuid: UUID | None
    target_robot_id: str | None
    pool_id: UUID | None
    progress: int
    current_node: str | None
    message: str | None
    attempts: int
    max_attempts: int
    retry_count: int
    retry_of: UUID | None
    timeout_seconds: int
    progress_timeout_seconds: int | None
    created_by: UUID | None
    created_at: Time
    run_at: Time | None
    claimed_at: Time | None
    started_at: Time | None
    first_progress_at: Time | None
    completed_at: Time | None
    duration_ms: int | None
    lease_expires_at: Time | None
    cancel_requested: bool
    error_message: str | None
    error_type: str | None

    @classmethod
    def of(cls, job: Job) -> Self:
        """A job in the published words, without what went in and what came out."""
        return cls(**published(job))


class JobAnswer(JobSummary):
    """A job with what went in and what came out."""

    model_config = showing(examples.JOB)

    input: dict[str, Any]
    result: Any
    metadata: dict[str, Any]
    retry_policy: dict[str, Any] | None
    error_details: dict[str, Any] | None

    @classmethod
    def of(cls, job: Job, **more: Any) -> Self:
        """A job in the published words."""
        return cls(
            **published(job),
            **more,
            input=job.input,
            result=job.result,
            metadata=job.metadata,
            retry_policy=job.retry_policy,
            error_details=job.error_details,
        )


class JobCreated(JobAnswer):
    """The job that was queued, or the unfinished one with its dedupe key."""

    model_config = showing(examples.JOB_CREATED)

    warnings: Warnings


def published(job: Job) -> dict[str, Any]:
    """The fields of `JobSummary`: a robot's names fall back to its id when it is not there to be asked."""
    robot_id = job.robot or _text(job.robot_id)
    return {
        **job_aliases(job, robot_id),
        **{name: getattr(job, name) for name in JobSummary.model_fields if hasattr(job, name)},
        "status": job_word(job.status),
        "robot_id": robot_id,
        "robot_uuid": job.robot_id,
        "target_robot_id": job.target_robot or _text(job.target_robot_id),
        "message": job.progress_message,
        "retry_count": max(job.attempts - 1, 0),
        "completed_at": job.finished_at,
        "cancel_requested": job.cancel_requested_at is not None,
    }


def _text(robot_id: UUID | None) -> str | None:
    return None if robot_id is None else str(robot_id)


class JobList(Answer):
    """A page of jobs, the newest first. `total` counts what matches of the newest 10,000, and all up to this page.

    Where an answer looks through a part of the jobs, `total` counts what matches in that part.
    """

    model_config = showing(examples.JOBS)

    jobs: list[JobSummary]
    total: int
    total_is_capped: Annotated[bool, Field(description="There may be more than `total` says: older ones.")]
    limit: int
    offset: int
    next: Annotated[UUID | None, Field(description="Send it as `before` for the next page; null: there is none.")]

    @classmethod
    def of(cls, page: tuple[list[Job], int, bool], limit: int, offset: int) -> "JobList":
        """A page as the service gives it."""
        items, total, is_capped = page
        more = items[-1].job_id if len(items) == limit else None
        return cls.looked_through(JobPage(items, total, is_capped, more), limit, offset)

    @classmethod
    def looked_through(cls, page: JobPage, limit: int, offset: int = 0) -> "JobList":
        """A page of what was looked through."""
        return cls(
            jobs=[JobSummary.of(item) for item in page.jobs],
            total=page.total,
            total_is_capped=page.is_capped,
            limit=limit,
            offset=offset,
            next=page.next,
        )


class CancelReason(Body):
    """Why a job is to end."""

    reason: Annotated[str | None, Field(max_length=1024)] = None


class CancelBody(CancelReason):
    """Why a job is to end, and whether its robot is asked any more. Closed: nothing else is taken."""

    model_config = showing(examples.CANCEL, extra="forbid")

    force: Annotated[Flag, Field(description="Take it from a robot that was asked to stop and did not.")] = False


class CancelAnswer(Answer):
    """What became of the request. `cancel_requested`: the robot was told; the job is cancelled when it has stopped."""

    model_config = showing(examples.CANCELLED)

    job_id: UUID
    cancelled: bool
    previous_status: JobWord
    message: str
    cancel_requested: bool

    @classmethod
    def of(cls, cancellation: Cancellation) -> "CancelAnswer":
        """What became of it, in the published words."""
        return cls(
            job_id=cancellation.job_id,
            cancelled=cancellation.cancelled,
            previous_status=job_word(cancellation.previous_status),
            message=sentence_of(cancellation),
            cancel_requested=cancellation.cancel_requested,
        )


class RetryBody(Body):
    """What the new job begins with. Closed: nothing else is taken."""

    model_config = showing(examples.RETRY, extra="forbid")

    input: Annotated[
        dict[str, Any] | None, Field(validation_alias=InputNames, description="Default: that of the job.")
    ] = None


class RetryAnswer(Answer):
    """The new job, and the one that it repeats."""

    model_config = showing(examples.RETRIED)

    original_job_id: UUID
    new_job_id: UUID
    job_id: Annotated[UUID, Field(description="`new_job_id`, for CasareRPA's clients.")]
    message: str


class LogLine(Answer):
    """A line that a robot logged while it ran the job."""

    model_config = showing(examples.LOG_LINE)

    id: Annotated[UUID, Field(validation_alias="job_log_id")]
    timestamp: Annotated[Time, Field(validation_alias="logged_at")]
    level: LogLevel
    message: str
    node_id: str | None
    extra: Any
    attempt: int


class NodeRun(Answer):
    """What a node or a step did in an attempt. `started_at` is that of its first run, `duration_ms` of all its runs."""

    model_config = showing(examples.NODE_RUN)

    node_id: str
    node_type: str | None = None
    name: str | None = None
    status: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    duration_ms: float | None = None
    runs: float | None = None
    error: str | None = None
    is_healed: Annotated[bool | None, Field(description="Null: its robot did not try to mend it.")] = None


class AttemptNodes(Answer):
    """An attempt and its nodes, in the order in which they began first."""

    model_config = showing(examples.ATTEMPT_NODES)

    attempt: int
    reported_at: Time
    nodes: list[NodeRun]


class NodesAnswer(Answer):
    """The nodes of all attempts of a job."""

    model_config = showing(examples.NODES)

    job_id: UUID
    attempts: list[AttemptNodes]

    @classmethod
    def of(cls, job_id: UUID, attempts: list[Attempt]) -> "NodesAnswer":
        """What the service gives."""
        return cls(
            job_id=job_id,
            attempts=[
                AttemptNodes(
                    attempt=each.attempt,
                    reported_at=each.reported_at,
                    nodes=[
                        NodeRun.model_validate({**node, "is_healed": (node.get("healing") or {}).get("healed")})
                        for node in each.node_executions
                    ],
                )
                for each in attempts
            ],
        )


class LogList(Answer):
    """A page of a job's log, in the order that was asked for."""

    model_config = showing(examples.LOGS)

    logs: list[LogLine]
    total: int
    limit: int
    offset: int
