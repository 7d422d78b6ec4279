"""Values of the schedules domain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

Frequency = Literal["once", "interval", "hourly", "daily", "weekly", "monthly", "cron"]
MisfirePolicy = Literal["skip", "once", "all"]
OverlapPolicy = Literal["allow", "skip", "queue", "cancel_previous"]
OnClosedDay = Literal["skip", "next", "previous"]
FireOutcome = Literal[
    "enqueued", "caught_up", "waiting", "failed", "missed", "skipped_overlap", "skipped_holiday", "skipped_blackout"
]
Verdict = Literal["run", "moved", "overlap", "holiday", "blackout"]
Fields = Mapping[str, Any]
"""What somebody says of a schedule, by the names of the columns, in JSON values: private.read_schedule_changes()."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule as it is now; `next_run_at` is None while it is not enabled, or when nothing is left."""

    schedule_id: UUID
    workflow_id: UUID
    workflow_name: str
    name: str
    frequency: Frequency
    cron_expression: str | None
    run_at: datetime | None
    interval_seconds: int | None
    timezone: str
    starts_at: datetime | None
    ends_at: datetime | None
    paused_until: datetime | None
    calendar_id: UUID | None
    on_closed_day: OnClosedDay
    jitter_seconds: int
    misfire_policy: MisfirePolicy
    misfire_cap: int
    overlap_policy: OverlapPolicy
    max_consecutive_failures: int
    is_enabled: bool
    priority: int
    execution_mode: Literal["lan", "internet"]
    environment: str
    required_capabilities: list[str]
    required_tags: list[str]
    robot_id: UUID | None
    pool_id: UUID | None
    dedupe_key: str | None
    input: dict[str, Any]
    metadata: dict[str, Any]
    next_run_at: datetime | None
    last_run_at: datetime | None
    run_count: int
    failure_count: int
    consecutive_failures: int
    auto_disabled_at: datetime | None
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
    missed_until: datetime | None
    job_id: UUID | None


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A run of an enabled schedule that is still to come."""

    schedule_id: UUID
    schedule_name: str
    workflow_id: UUID
    workflow_name: str
    frequency: Frequency
    run_at: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """A time at which a schedule would be due, and whether it runs then."""

    run_at: datetime
    verdict: Verdict
    reason: str | None
