"""Shapes of a robot's reports about a job, and of their answers."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from casare_cloud.domain.jobs.model import ClaimOrder, Ended, LogLevel
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Flag, Integer, Moment
from casare_cloud.faces.kit.shapes import Answer, Body, Report, Time
from casare_cloud.faces.kit.state_words import JobWord, job_word
from casare_cloud.faces.orchestrator.casare.shapes import ExtensionSeconds, VisibilitySeconds
from casare_cloud.faces.orchestrator.fields import Environment, ExactTime, LeaseSeconds, LeaseToken
from casare_cloud.faces.orchestrator.leases import examples


class ClaimBody(Body):
    """How many jobs a robot wants, for how long, and how long it waits for the first one."""

    model_config = showing(examples.CLAIM, extra="forbid")

    environment: Annotated[
        Environment | None,
        Field(
            description="The robot's own, which is the default; with `visibility_timeout_seconds` its own from now on."
        ),
    ] = None
    limit: Annotated[Integer, Field(ge=1, le=100)] = 1
    lease_seconds: LeaseSeconds = 60
    wait_seconds: Annotated[float, Field(ge=0, le=25, strict=True)] = 0
    visibility_timeout_seconds: VisibilitySeconds = None
    claim_id: Annotated[
        UUID | None,
        Field(description="The robot's own, new for each claim; the same one asks for an answer that was lost."),
    ] = None

    def order(self) -> ClaimOrder:
        """What the domain calls it."""
        given = self.model_dump(exclude={"visibility_timeout_seconds"})
        if self.visibility_timeout_seconds is not None:
            given |= {"limit": 1, "lease_seconds": self.visibility_timeout_seconds}
            given |= {"starts": True, "moves": True}
        return ClaimOrder(**given)


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

    lease_token: Annotated[
        LeaseToken | None, Field(description="Proves the lease: from the claim. Default: the robot's own live lease.")
    ] = None


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

    lease_seconds: ExtensionSeconds = 60


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
    name: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    error: str | None = None
    input: Annotated[Any, Field(description="What a step began with; kept up to 4 KB, as `output`.")] = None
    output: Any = None


NodeExecutions = Annotated[
    list[NodeExecutionBody] | None,
    Field(max_length=1000, description="Each node once. The last report of an attempt counts."),
]


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
    retry_at: Annotated[
        Moment | None,
        Field(description="No further attempt before: a service named a time. At most 7 days ahead."),
    ] = None


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
        return cls(job_id=ended.job_id, status=job_word(ended.status), outcome="applied", retry_at=ended.retry_at)


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
