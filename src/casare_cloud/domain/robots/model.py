"""Values of the robots domain."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

# The words of document 002; what decides whether a robot may claim is its mode and its free slots, never this word.
RobotStatus = Literal["idle", "busy", "offline", "error", "maintenance"]
RobotMode = Literal["active", "paused", "draining", "maintenance", "disabled"]
RobotCommand = Literal["pause", "resume", "drain", "shutdown", "quarantine", "release"]


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot, what it last said of itself, and the jobs that it holds. `external_id` is the id that people use."""

    robot_id: UUID
    external_id: str
    name: str
    hostname: str
    status: RobotStatus
    mode: RobotMode
    health: Literal["ok", "error"]
    environment: str
    max_concurrent_jobs: int
    capabilities: list[str]
    attributes: dict[str, Any]
    tags: list[str]
    is_internet: bool
    pool_id: UUID | None
    current_job_ids: list[UUID]
    last_heartbeat_at: datetime | None
    created_at: datetime
    updated_at: datetime
    metrics: dict[str, Any]
    quarantined_at: datetime | None
    quarantine_reason: str | None
    last_command: dict[str, Any] | None
    warnings: list[str]


@dataclass(frozen=True, slots=True)
class Registration:
    """What a robot says of itself when it registers.

    `session_id` is its process's; jobs that it holds and that are not among `held_leases` go back, None says nothing.
    """

    external_id: str
    name: str
    hostname: str
    capabilities: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    environment: str = "default"
    max_concurrent_jobs: int = 1
    tags: list[str] = field(default_factory=list)
    is_internet: bool = False
    session_id: UUID | None = None
    held_leases: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a robot says when it says that it lives."""

    metrics: dict[str, Any] | None = None
    acknowledged: list[UUID] = field(default_factory=list)
    session_id: UUID | None = None
    claims_in_flight: list[UUID] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which robots are wanted."""

    status: RobotStatus | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class DirectAccess:
    """What a robot needs to work without the functions in the path: a token for Data API and Realtime, and where."""

    access_token: str
    expires_in: int
    supabase_url: str
    publishable_key: str
    topics: list[str]
