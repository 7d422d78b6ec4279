"""Values of the dead letters domain."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

DeadReason = Literal["attempts_exhausted", "not_retryable", "lease_lost", "timeout", "no_progress", "poison"]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A job that ended badly for good. When it is queued again it is resolved, and names the new job."""

    job_id: UUID
    workflow_id: UUID
    workflow_name: str | None
    reason: DeadReason
    attempts: int
    error_type: str | None
    error_message: str | None
    dead_lettered_at: datetime
    resolved_at: datetime | None
    resolved_by: UUID | None
    requeued_job_id: UUID | None
    error_stack: str | None
    input: Any  # of the job; None when it has more than 64 KB
    job_created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which dead letters are wanted."""

    workflow_id: UUID | None = None
    reason: DeadReason | None = None
    is_resolved: bool | None = False  # None: both


@dataclass(frozen=True, slots=True)
class OpenOfWorkflow:
    """How many open dead letters a workflow has."""

    workflow_id: UUID
    workflow_name: str | None
    letters: int


@dataclass(frozen=True, slots=True)
class Counts:
    """How many dead letters there are; the open ones by reason, and by the 20 workflows that have most."""

    open: int
    resolved: int
    oldest_at: datetime | None
    by_reason: dict[DeadReason, int]
    by_workflow: list[OpenOfWorkflow]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of many: `status` when it was done, the error when it was refused."""

    position: int
    job_id: UUID | None
    status: Literal["requeued", "purged"] | None
    error_status: int | None
    error_code: str | None
    error_message: str | None
    new_job_id: UUID | None = None
