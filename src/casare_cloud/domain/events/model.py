"""Values of the events domain."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Notification:
    """An event that a member wants to be told of, by its number, and whether they have read it."""

    seq: int
    event_type: str
    happened_at: datetime
    job_id: UUID | None
    robot_id: UUID | None
    data: dict[str, Any]
    is_read: bool


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `seq` is its number in the tenant's gapless sequence."""

    seq: int
    event_id: UUID
    event_type: str
    occurred_at: datetime
    job_id: UUID | None
    robot_id: UUID | None
    robot_external_id: str | None  # of a robot of the tenant itself
    workflow_id: UUID | None
    actor_id: UUID | None
    data: dict[str, Any]
