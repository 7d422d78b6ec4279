"""The queue as plain Python, one session at a time: what each verb answers, and what is true afterwards.

It knows nothing of SQL: jobs lie in one dictionary in the order in which they were enqueued, and where a job is follows
from its fields. Lease tokens and job ids are the database's; everything else is predicted.
"""

import uuid
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

JobId = uuid.UUID
Place = Literal["ready", "scheduled", "leases", "nowhere"]
Outcome = Literal["failed", "timeout", "lost"]

PROMOTE_EVERY = timedelta(seconds=1)
RESCUE_EVERY = timedelta(seconds=5)
FAILURES_UNTIL_QUARANTINE = 3  # the world sets its tenant so
ROBOTS_THAT_POISON_KILLS = 2


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
    max_attempts: int = 3
    timeout_seconds: int = 3600
    policy: Policy = Policy()


@dataclass
class Robot:
    """A robot as a claim sees it."""

    name: str
    environment: str
    able: frozenset[str]
    slots: int
    mode: str = "active"
    is_signed_off: bool = False
    is_quarantined: bool = False
    failures: int = 0

    @property
    def may_claim(self) -> bool:
        """Whether it gets anything at all."""
        return self.mode == "active" and not self.is_signed_off and not self.is_quarantined

    def may_have(self, wish: Wish) -> bool:
        """Whether a job is for this robot at all."""
        return (
            wish.environment in ("*", self.environment)
            and wish.required <= self.able
            and wish.target in (None, self.name)
        )


@dataclass
class Lease:
    """A robot's right to a job."""

    robot: str
    attempt: int
    claimed_at: datetime
    expires_at: datetime
    timeout_at: datetime
    token: int = 0
    is_started: bool = False
    is_cancel_requested: bool = False
    progress: int = 0


@dataclass
class Job:
    """A job: at most one of `lease`, `run_at` and an ended `status` says where it is; otherwise it is ready."""

    job_id: JobId
    wish: Wish
    run_at: datetime | None = None
    lease: Lease | None = None
    status: str = "queued"
    attempts: int = 0
    reported_token: int | None = None
    lost_by: set[str] = field(default_factory=set)
    retry_of: JobId | None = None
    events: list[str] = field(default_factory=lambda: ["job.queued"])

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


class Queue:
    """The queue of one tenant."""

    def __init__(self, now: datetime, robots: list[Robot]) -> None:
        self.now = now
        self.robots = {robot.name: robot for robot in robots}
        self.jobs: dict[JobId, Job] = {}
        self.keys: dict[str, JobId] = {}
        self.dead_letters: dict[JobId, str] = {}
        self.resolved_letters: set[JobId] = set()
        self.late_results: Counter[tuple[JobId, int, str]] = Counter()
        self.deleted_workflows: set[str] = set()
        self._promoted_at: datetime | None = None
        self._rescued_at: datetime | None = None

    # What a member does

    def problem_with(self, wish: Wish) -> Refused | None:
        """Why this cannot be enqueued."""
        return Refused(404, "WORKFLOW_NOT_FOUND") if wish.workflow in self.deleted_workflows else None

    def unfinished_with_key(self, key: str | None) -> Job | None:
        """The job that an enqueue with this key finds."""
        return self.jobs[self.keys[key]] if key in self.keys else None

    def add(self, job_id: JobId, wish: Wish, retry_of: JobId | None = None) -> Job:
        """A new job, which got this id."""
        assert job_id not in self.jobs, "an id was given twice"
        job = Job(job_id, wish, retry_of=retry_of)
        if wish.delay > 0:
            job.run_at = self.now + timedelta(seconds=wish.delay)
        self.jobs[job_id] = job
        if wish.dedupe_key:
            self.keys[wish.dedupe_key] = job_id
        return job

    def cancel(self, job: Job) -> tuple[bool, bool, str]:
        """cancelled, cancel_requested, previous_status."""
        before = job.word
        if job.status != "queued":
            return False, False, before
        if job.lease:
            job.lease.is_cancel_requested = True
            return True, True, before
        self._end(job, "cancelled")
        return True, False, "queued"

    def wish_for_retry(self, job: Job) -> Wish | Refused:
        """What `retry_job` enqueues."""
        if job.status not in ("failed", "cancelled", "timeout"):
            return Refused(400, "JOB_NOT_RETRYABLE")
        return self.problem_with(job.wish) or replace(job.wish, delay=0)

    def problem_with_letter(self, job: Job) -> Refused | None:
        """Why `requeue_dead_letter` cannot do what `retry_job` does."""
        if job.job_id not in self.dead_letters:
            return Refused(404, "DEAD_LETTER_NOT_FOUND")
        return Refused(409, "DEAD_LETTER_RESOLVED") if job.job_id in self.resolved_letters else None

    def delete_workflow(self, workflow: str) -> int | Refused:
        """How many waiting jobs it cancels."""
        if workflow in self.deleted_workflows:
            return Refused(404, "WORKFLOW_NOT_FOUND")
        self.deleted_workflows.add(workflow)
        waiting = [job for job in self._in("ready", "scheduled") if job.wish.workflow == workflow]
        for job in waiting:
            self._end(job, "cancelled")
        return len(waiting)

    # What a robot does

    def claim(self, name: str, limit: int, lease_seconds: int) -> list[Job]:
        """The jobs that a robot gets, in order; their leases wait for their tokens."""
        self.run_due_duties()
        robot = self.robots[name]
        free = min(limit, robot.slots - len(self.held_by(name)))
        if not robot.may_claim or free <= 0:
            return []
        eligible = [job for job in self._in("ready") if robot.may_have(job.wish)]
        taken = sorted(eligible, key=lambda job: job.wish.priority)[:free]  # a stable sort: then by age
        for job in taken:
            job.lease = Lease(
                name,
                job.attempts + 1,
                self.now,
                self.now + timedelta(seconds=lease_seconds),
                self.now + timedelta(seconds=job.wish.timeout_seconds),
            )
            job.events.append("job.claimed")
        return taken

    def start(self, name: str, job: Job, token: int) -> bool | Refused:
        """cancel_requested."""
        lease = self._lease_of(name, job, token)
        if lease is None:
            return Refused(409, "LEASE_LOST")
        self._begin(job, lease)
        return lease.is_cancel_requested

    def report_progress(self, name: str, job: Job, token: int | None, progress: int) -> bool | Refused:
        """cancel_requested; without a token it is the caller's own lease."""
        lease = self._lease_of(name, job, token)
        if lease is None:
            return Refused(409, "LEASE_LOST")
        self._begin(job, lease)
        lease.progress = progress
        return lease.is_cancel_requested

    def renew(self, name: str, job: Job, token: int, seconds: int) -> tuple[bool, datetime | None, bool]:
        """renewed, lease_expires_at, cancel_requested."""
        lease = self._lease_of(name, job, token)
        if lease is None:
            return False, None, False
        lease.expires_at = self.now + timedelta(seconds=seconds)
        return True, lease.expires_at, lease.is_cancel_requested

    def complete(self, name: str, job: Job, token: int) -> Applied | Refused:
        """Ends a job, once."""
        lease = self._lease_of(name, job, token)
        if lease is None:
            return self._answer_stale(job, token, "completed")
        job.attempts, job.reported_token, job.lease = lease.attempt, token, None
        self.robots[name].failures = 0
        self._end(job, "completed")
        return Applied("completed")

    def fail(self, name: str, job: Job, token: int, error_type: str | None, *, retryable: bool) -> Applied | Refused:
        """Ends an attempt."""
        if self._lease_of(name, job, token) is None:
            return self._answer_stale(job, token, "failed")
        return self._end_attempt(job, "failed", error_type, retryable=retryable)

    def release(self, name: str, job: Job, token: int) -> Applied | Refused:
        """Gives a job back; the attempt does not count."""
        lease = self._lease_of(name, job, token)
        if lease is None:
            return Refused(409, "LEASE_LOST")
        if lease.is_cancel_requested:
            return self._end_attempt(job, "failed", None, retryable=False)
        job.lease = None
        job.events.append("job.queued")
        return Applied("queued")

    # What time does

    def run_due_duties(self) -> None:
        """What a claim does first."""
        if self._promoted_at is None or self._promoted_at <= self.now - PROMOTE_EVERY:
            self._promoted_at = self.now
            self.promote()
        if self._rescued_at is None or self._rescued_at <= self.now - RESCUE_EVERY:
            self._rescued_at = self.now
            self.rescue()

    def promote(self) -> int:
        """Makes jobs ready whose time has come."""
        due = [job for job in self._in("scheduled") if job.run_at and job.run_at <= self.now]
        for job in due:
            job.run_at = None
        return len(due)

    def rescue(self) -> int:
        """Takes back what was held too long."""
        over = [job for job in self._in("leases") if min(_of(job).expires_at, _of(job).timeout_at) <= self.now]
        for job in over:
            is_timeout = _of(job).timeout_at <= _of(job).expires_at
            if is_timeout:
                self._end_attempt(job, "timeout", "JOB_TIMEOUT", retryable=True)
            else:
                self._end_attempt(job, "lost", "LEASE_EXPIRED", retryable=True)
        return len(over)

    # What is true

    def held_by(self, name: str) -> list[Job]:
        """The jobs that a robot holds."""
        return [job for job in self._in("leases") if _of(job).robot == name]

    def _in(self, *places: Place) -> list[Job]:
        return [job for job in self.jobs.values() if job.place in places]

    def _lease_of(self, name: str, job: Job, token: int | None) -> Lease | None:
        lease = job.lease
        return lease if lease and lease.robot == name and token in (None, lease.token) else None

    def _begin(self, job: Job, lease: Lease) -> None:
        """The time that a job may take counts from its start."""
        if not lease.is_started:
            lease.is_started = True
            lease.timeout_at += self.now - lease.claimed_at
            job.events.append("job.started")

    def _answer_stale(self, job: Job, token: int, outcome: str) -> Applied | Refused:
        said_before = (
            job.status == "completed" if outcome == "completed" else job.status not in ("completed", "timeout")
        )
        if job.reported_token == token and said_before:
            return Applied(job.status, job.run_at)
        self.late_results[job.job_id, token, outcome] += 1
        return Refused(409, "LEASE_LOST")

    def _end_attempt(self, job: Job, outcome: Outcome, error_type: str | None, *, retryable: bool) -> Applied:
        lease, policy = _of(job), job.wish.policy
        job.lease = None
        job.attempts = lease.attempt
        job.reported_token = lease.token if outcome == "failed" else None
        is_business_error = outcome == "failed" and (not retryable or error_type in policy.never)
        if outcome == "lost":
            job.lost_by.add(lease.robot)
        elif not is_business_error and not lease.is_cancel_requested:
            self._count_failure(self.robots[lease.robot])
        is_poison = outcome == "lost" and len(job.lost_by) >= ROBOTS_THAT_POISON_KILLS
        may_retry = (
            policy.kind != "none"
            and (outcome != "timeout" or policy.retry_on_timeout)
            and not is_business_error
            and not is_poison
        )
        if may_retry and not lease.is_cancel_requested and lease.attempt < job.wish.max_attempts:
            delay = timedelta() if outcome == "lost" else policy.delay(lease.attempt)
            job.run_at = self.now + delay if delay else None
            job.events.append("job.retrying")
            return Applied("queued", self.now + delay)
        if lease.is_cancel_requested:
            self._end(job, "cancelled")
        else:
            self._end(job, "timeout" if outcome == "timeout" else "failed")
            if is_poison:
                self.dead_letters[job.job_id] = "poison"
                job.events.append("job.poisoned")
            else:
                unlucky = "attempts_exhausted" if may_retry else "not_retryable"
                self.dead_letters[job.job_id] = "timeout" if outcome == "timeout" else unlucky
        return Applied(job.status)

    def _count_failure(self, robot: Robot) -> None:
        robot.failures += 1
        robot.is_quarantined = robot.is_quarantined or robot.failures >= FAILURES_UNTIL_QUARANTINE

    def _end(self, job: Job, status: str) -> None:
        job.status, job.run_at = status, None
        job.events.append(f"job.{status}")
        if job.wish.dedupe_key:
            del self.keys[job.wish.dedupe_key]


def _of(job: Job) -> Lease:
    assert job.lease is not None
    return job.lease
