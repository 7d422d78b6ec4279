"""Values of the schedules domain."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

FireOutcome = Literal["enqueued", "failed", "missed"]
Verdict = Literal["run", "moved"]


@dataclass(frozen=True, slots=True)
class NewSchedule:
    """A schedule to make. `timezone` None means the tenant's; `pool` is a shared pool's id or name."""

    workflow_id: UUID
    name: str
    cron_expression: str
    timezone: str | None = None
    is_enabled: bool = True
    priority: int = 10
    execution_mode: str = "lan"
    environment: str = "*"
    pool: str | None = None
    input: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule as it is now; `next_run_at` is None while it is not enabled."""

    schedule_id: UUID
    workflow_id: UUID
    workflow_name: str
    name: str
    cron_expression: str
    timezone: str
    is_enabled: bool
    priority: int
    execution_mode: Literal["lan", "internet"]
    environment: str
    pool_id: UUID | None
    input: dict[str, Any]
    metadata: dict[str, Any]
    next_run_at: datetime | None
    last_run_at: datetime | None
    run_count: int
    failure_count: int
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Which schedules are wanted."""

    workflow_id: UUID | None = None
    is_enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Fire:
    """What a schedule did at a due time, or when somebody triggered it."""

    fire_time: datetime
    fired_at: datetime
    is_manual: bool
    outcome: FireOutcome
    reason: str | None
    job_id: UUID | None


@dataclass(frozen=True, slots=True)
class Run:
    """A time at which a schedule would run; `moved` when the clocks skip the time that it asked for."""

    run_at: datetime
    verdict: Verdict
    reason: str | None
