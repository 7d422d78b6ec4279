"""Values of the robots domain."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

# What a robot may say of its state, or a person for it: `public.set_robot_status`.
SaidStatus = Literal["idle", "busy", "offline", "error", "maintenance", "paused"]
RobotMode = Literal["active", "paused", "draining", "maintenance", "disabled"]
RobotCommand = Literal["pause", "resume", "drain", "shutdown", "quarantine", "release", "status_request"]


@dataclass(frozen=True, slots=True)
class RobotState:
    """What a face derives its word from. Whether a robot may claim is decided by its mode and its free slots alone."""

    is_online: bool
    is_active: bool  # by its mode, and not in maintenance
    is_healthy: bool  # neither in error nor in quarantine
    is_busy: bool


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot, what it last said of itself, and the jobs that it holds. `external_id` is the id that people use."""

    robot_id: UUID
    external_id: str
    name: str
    hostname: str
    mode: RobotMode
    health: Literal["ok", "error"]
    is_online: bool
    is_active: bool
    is_healthy: bool
    is_busy: bool
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
    deaf_since: datetime | None  # it lives, and does not ask for the jobs that wait for it
    last_command: dict[str, Any] | None
    other_session_at: datetime | None  # when another process with its key was heard of lately
    version: str  # of its program


Capabilities = list[str] | dict[str, Any]
"""Words, or an object: what is true in it is a capability, and all of it is kept as the robot's attributes."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What a robot says of itself when it registers.

    `session_id` is its process's; jobs that it holds and that are not among `held_leases` go back, None says nothing.
    """

    external_id: str
    name: str
    hostname: str
    capabilities: Capabilities = field(default_factory=list)
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
class Heard:
    """What a robot is told when it was heard: when to come again, in seconds, and what waits for it.

    `pending_commands` are {command, job_id or command_id, reason …}: jobs to stop, and what it has not acknowledged.
    """

    external_id: str
    heard_at: datetime
    heartbeat_seconds: int
    lease_seconds: int
    other_session_at: datetime | None
    is_replaced: bool  # another session of the robot registered after the one that was named
    pending_commands: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A job that a robot holds, as who speaks for the robot must know it."""

    job_id: UUID
    lease_token: int
    is_started: bool
    cancel_requested: bool
    cancel_reason: str | None


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What who speaks for a robot must know: its tenant's patience, in seconds, and the leases that it holds."""

    accept_grace_seconds: int
    reconnect_window_seconds: int
    leases: list[HeldLease]


@dataclass(frozen=True, slots=True)
class RobotLogEntry:
    """A line that a robot logged of itself, and not of a job."""

    robot_log_id: UUID
    level: Literal["debug", "info", "warning", "error", "critical"]
    message: str
    source: str | None
    extra: Any
    logged_at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Which robots are wanted: those of which everything that is not None is so.

    `search` is a part of the name or the external id, in any letter case.
    """

    is_online: bool | None = None
    is_active: bool | None = None
    is_healthy: bool | None = None
    is_busy: bool | None = None
    environment: str | None = None
    search: str | None = None
    states: list[int] | None = None  # any of these numbers, as `Lifetime.of` reads them

    def matches(self, robot: "Robot") -> bool:
        """Whether a robot is so, but for the search."""
        names = ("is_online", "is_active", "is_healthy", "is_busy", "environment")
        return all(getattr(self, name) in (None, getattr(robot, name)) for name in names)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A robot's state, and whether it was ever heard of, for faces that tell those apart."""

    is_online: bool
    is_active: bool
    is_healthy: bool
    is_busy: bool
    was_heard: bool

    @classmethod
    def of(cls, number: int) -> "Lifetime":
        """The state that a number says."""
        return cls(*(bool(number >> place & 1) for place in range(5)))

    @classmethod
    def of_robot(cls, robot: Robot) -> "Lifetime":
        """That of a robot."""
        heard = robot.last_heartbeat_at is not None
        return cls(robot.is_online, robot.is_active, robot.is_healthy, robot.is_busy, heard)


@dataclass(frozen=True, slots=True)
class DirectAccess:
    """What a robot needs to work without the functions in the path: a token for Data API and Realtime, and where."""

    access_token: str
    expires_in: int
    supabase_url: str
    publishable_key: str
    topics: list[str]
