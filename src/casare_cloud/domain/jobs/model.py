"""Values of the jobs domain. Status words are the stored ones; a face translates them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

JobStatus = Literal["queued", "claimed", "running", "completed", "failed", "cancelled", "timeout"]
LogLevel = Literal["debug", "info", "warning", "error", "critical"]


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to enqueue, in the words of the database's `private.new_job`; None is the default that the database has.

    `workflow_id` may be the workflow's name (the newest of that name), `robot_id` is the id or external id of the only
    robot that may have the job, `pool` the id or name of the shared pool whose robots are to run it.
    """

    workflow_id: UUID | str
    input: dict[str, Any] | None = None
    priority: int | None = None
    environment: str | None = None
    execution_mode: str | None = None
    required_capabilities: list[str] | None = None
    required_tags: list[str] | None = None
    robot_id: str | None = None
    pool: str | None = None
    run_at: datetime | None = None
    dedupe_key: str | None = None
    concurrency_key: str | None = None
    max_attempts: int | None = None
    timeout_seconds: int | None = None
    progress_timeout_seconds: int | None = None
    retry_policy: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it is now. `robot` and `target_robot` are external ids; what is last is None in lists."""

    job_id: UUID
    workflow_id: UUID
    workflow_version: int
    workflow_name: str
    status: JobStatus
    trigger_type: str
    execution_mode: str
    environment: str
    required_capabilities: list[str]
    required_tags: list[str]
    priority: int
    dedupe_key: str | None
    concurrency_key: str | None
    attempts: int
    max_attempts: int
    timeout_seconds: int
    progress_timeout_seconds: int | None
    retry_of: UUID | None
    robot_id: UUID | None
    robot: str | None
    target_robot_id: UUID | None
    target_robot: str | None
    pool_id: UUID | None
    progress: int
    current_node: str | None
    progress_message: str | None
    created_by: UUID | None
    created_at: datetime
    run_at: datetime | None
    claimed_at: datetime | None
    started_at: datetime | None
    first_progress_at: datetime | None
    finished_at: datetime | None
    lease_expires_at: datetime | None
    cancel_requested_at: datetime | None
    error_message: str | None
    error_type: str | None
    input: Any = None
    result: Any = None
    metadata: Any = None
    retry_policy: Any = None
    error_details: Any = None

    @property
    def duration_ms(self) -> int | None:
        """Milliseconds from the start (or the claim) of the last attempt to the end; None while there is no end."""
        since = self.started_at or self.claimed_at
        if since is None or self.finished_at is None:
            return None
        return max(round((self.finished_at - since).total_seconds() * 1000), 0)  # a clock may have been set back


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs are wanted; `robot` is an id or an external id, times are of creation.

    `before` is the last job of a page: the next page is of the jobs before it, whatever was enqueued meanwhile.
    """

    statuses: list[JobStatus] | None = None
    workflow_id: UUID | None = None
    robot: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    before: UUID | None = None
    trigger_types: list[str] | None = None
    error_type: str | None = None
    search: str | None = None  # part of the workflow's name, the error, its type, or one of the job's keys, in any case

    @property
    def is_sparse(self) -> bool:
        """Whether few jobs of very many may match, or a page goes on: an answer looks through so many and no more."""
        return any((self.before, self.trigger_types, self.error_type, self.search))


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs, the newest first. `total` of them match among those that were counted; `is_capped`: older ones may as well.

    The page after it is of the jobs before `next`; None: there are no more.
    """

    jobs: list[Job]
    total: int
    is_capped: bool
    next: UUID | None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What became of a request to cancel. Of one in hand `cancel_requested`: its robot was told, and it is cancelled
    when it has stopped. Neither: the job had ended. `is_forced`: it was taken from its robot."""

    job_id: UUID
    cancelled: bool
    cancel_requested: bool
    is_forced: bool
    previous_status: JobStatus


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that a robot was given, with all that it takes to run it and the token that proves the lease."""

    job_id: UUID
    lease_token: int
    lease_expires_at: datetime
    attempt: int
    max_attempts: int
    workflow_id: UUID
    workflow_version: int
    workflow_name: str
    workflow_json: Any
    input: Any
    priority: int
    environment: str
    timeout_seconds: int
    progress_timeout_seconds: int | None


@dataclass(frozen=True, slots=True)
class ClaimOrder:
    """What a robot asks for: up to `limit` jobs for `lease_seconds`, waiting up to `wait_seconds` for the first.

    With the `claim_id` of an earlier claim, whose answer was lost, it is that claim's answer.
    """

    limit: int = 1
    lease_seconds: int = 60
    wait_seconds: float = 0
    environment: str | None = None
    claim_id: UUID | None = None
    capabilities: list[str] | None = None  # of the robot's own, those that it can use now; None: all
    starts: bool = False  # the jobs run from their claim: the robot says no start
    moves: bool = False  # `environment` is where the robot works from now on; else it must be the robot's own


@dataclass(frozen=True, slots=True)
class Started:
    """A job that runs under its lease; `cancel_requested`: somebody wants it to end."""

    job_id: UUID
    started_at: datetime
    lease_expires_at: datetime
    cancel_requested: bool


@dataclass(frozen=True, slots=True)
class RenewedLease:
    """A lease that lasts until `lease_expires_at`; `cancel_requested`: somebody wants its job to end."""

    job_id: UUID
    lease_expires_at: datetime
    cancel_requested: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, as it was noted; `cancel_requested`: somebody wants it to end."""

    job_id: UUID
    progress: int
    current_node: str | None
    cancel_requested: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """What a job is once its attempt has ended; `retry_at` when there will be another one."""

    job_id: UUID
    status: JobStatus
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """How an attempt failed; not retryable: no further attempt can help. No other one begins before `retry_at`."""

    error_message: str
    error_type: str | None = None
    stack_trace: str | None = None
    failed_node: str | None = None
    retryable: bool = True
    retry_at: datetime | None = None
