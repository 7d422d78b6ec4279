"""What the model of the queue is made of: wishes, jobs, leases, robots, limits, lanes, answers."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

JobId = uuid.UUID
Place = Literal["ready", "scheduled", "leases", "nowhere"]
Outcome = Literal["failed", "timeout", "no_progress", "lost", "forced"]
TIMEOUTS = ("timeout", "no_progress")
Scope = Literal["tenant", "workflow", "key"]
OnCollision = Literal["queue", "cancel_newest", "cancel_running"]
LimitName = tuple[Scope, str | None]


@dataclass(frozen=True)
class Refused:
    """An error: its HTTP status and code."""

    status: int
    code: str


@dataclass(frozen=True)
class Applied:
    """A report that was accepted."""

    status: str
    retry_at: datetime | None = None


@dataclass(frozen=True)
class Policy:
    """A retry policy without jitter."""

    kind: Literal["none", "fixed", "linear", "exponential"] = "fixed"
    base: int = 0
    cap: int = 3600
    retry_on_timeout: bool = True
    never: tuple[str, ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        """As a client writes it."""
        return {
            "policy": self.kind,
            "base_delay_seconds": self.base,
            "max_delay_seconds": self.cap,
            "retry_on_timeout": self.retry_on_timeout,
            "non_retryable_errors": list(self.never),
        }

    def delay(self, attempt: int) -> timedelta:
        """The pause after a failed attempt."""
        factor = {"fixed": 1, "linear": attempt, "exponential": 2 ** (attempt - 1)}[self.kind]
        return timedelta(seconds=min(self.base * factor, self.cap))


@dataclass(frozen=True)
class Wish:
    """What somebody who enqueues asks for."""

    workflow: str = "main"
    priority: int = 10
    environment: str = "*"
    required: frozenset[str] = frozenset()
    target: str | None = None
    delay: int = 0
    dedupe_key: str | None = None
    key: str | None = None
    max_attempts: int = 3
    timeout_seconds: int = 3600
    progress_timeout_seconds: int | None = None
    policy: Policy = Policy()

    @property
    def counts_towards(self) -> list[LimitName]:
        """The limits that a job like this counts towards, if they are set."""
        names: list[LimitName] = [("tenant", None), ("workflow", self.workflow)]
        return [*names, ("key", self.key)] if self.key else names


@dataclass
class Robot:
    """A robot as a claim sees it."""

    name: str
    environment: str
    able: frozenset[str]
    slots: int
    mode: str = "active"
    is_signed_off: bool = False
    is_in_maintenance: bool = False  # by its own word; what members say is its mode
    is_quarantined: bool = False
    failures: int = 0

    @property
    def may_claim(self) -> bool:
        """Whether it gets anything at all."""
        is_able = not self.is_signed_off and not self.is_in_maintenance and not self.is_quarantined
        return self.mode == "active" and is_able

    def may_have(self, wish: Wish) -> bool:
        """Whether a job is for this robot at all."""
        return (
            wish.environment in ("*", self.environment)
            and wish.required <= self.able
            and wish.target in (None, self.name)
        )


@dataclass
class Limit:
    """How many jobs may be held at once. None ever gets the number of another, not even of one that was removed."""

    number: int
    max_running: int
    on_collision: OnCollision


@dataclass(frozen=True)
class LaneName:
    """The demand of a job, and the limits (of workflow and key) that were there when it last got a lane."""

    environment: str
    required: frozenset[str]
    target: str | None
    priority: int
    workflow_limit: int | None
    key_limit: int | None


@dataclass
class Ageing:
    """What a lane has got for waiting: its first job when it was last looked at, and since when."""

    promotion: int = 0
    head: JobId | None = None
    head_since: datetime | None = None


@dataclass
class Lease:
    """A robot's right to a job."""

    robot: str
    attempt: int
    claimed_at: datetime
    expires_at: datetime
    timeout_at: datetime
    progress_timeout_seconds: int | None
    alive_at: datetime  # when it was claimed, was started or last reported progress
    claim_id: uuid.UUID | None = None
    token: int = 0
    is_started: bool = False
    cancel_requested_at: datetime | None = None
    progress: int = 0
    away: timedelta = timedelta()  # since it last reported progress, nobody could for so long

    outages: int = 0  # that lengthened it since it was renewed

    @property
    def is_cancel_requested(self) -> bool:
        """Whether its robot was asked to stop."""
        return self.cancel_requested_at is not None

    @property
    def progress_due_at(self) -> datetime | None:
        """When it is over for want of progress."""
        if self.progress_timeout_seconds is None:
            return None
        return self.alive_at + timedelta(seconds=self.progress_timeout_seconds) + self.away

    @property
    def over_at(self) -> datetime:
        """When it is over, for whatever reason."""
        return min(self.expires_at, self.timeout_at, self.progress_due_at or self.expires_at)


@dataclass
class Job:
    """A job: at most one of `lease`, `run_at` and an ended `status` says where it is; otherwise it is ready."""

    job_id: JobId
    wish: Wish
    lane: LaneName
    run_at: datetime | None = None
    lease: Lease | None = None
    status: str = "queued"
    finished_at: datetime | None = None
    attempts: int = 0
    reported_token: int | None = None
    past_leases: dict[int, str] = field(default_factory=dict)  # token to robot
    reported_by: str | None = None
    lost_by: set[str] = field(default_factory=set)
    uncounted_ends: int = 0
    retry_of: JobId | None = None
    events: list[str] = field(default_factory=lambda: ["job.queued"])
    logs: int = 0
    is_purged: bool = False

    @property
    def place(self) -> Place:
        """The one table in which the job waits or is held."""
        if self.status != "queued":
            return "nowhere"
        if self.lease:
            return "leases"
        return "scheduled" if self.run_at else "ready"

    @property
    def word(self) -> str:
        """The status that people see."""
        if self.lease:
            return "running" if self.lease.is_started else "claimed"
        return self.status

    @property
    def held(self) -> Lease:
        """The lease of a job that is held."""
        assert self.lease is not None
        return self.lease
