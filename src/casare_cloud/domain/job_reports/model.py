"""Values of the reports of robots."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from casare_cloud.domain.jobs.model import LogLevel

LogOrder = Literal["oldest", "newest"]


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines of a job's log are wanted: of a level, after or before a line, the oldest or the newest first."""

    level: LogLevel | None = None
    after: UUID | None = None
    before: UUID | None = None
    order: LogOrder = "oldest"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line that a robot logged while it ran a job."""

    job_log_id: UUID
    attempt: int
    level: LogLevel
    message: str
    node_id: str | None
    extra: Any
    logged_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a robot said of the nodes of an attempt, and when it said so last."""

    attempt: int
    reported_at: datetime
    node_executions: list[dict[str, Any]]
