"""A generated history of a tenant's jobs, and its figures computed in Python, without the database."""

import math
import random
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb
from tests.databases import Connection

ENDS = ("completed", "failed", "timeout", "cancelled")
ERROR_TYPES = ("SELECTOR_NOT_FOUND", "NETWORK_ERROR", "ValueError", None)


@dataclass(frozen=True)
class Ended:
    """A job that ended."""

    job_id: uuid.UUID
    workflow_id: uuid.UUID
    robot_id: uuid.UUID | None
    status: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime
    error_type: str | None
    healings: tuple[bool, ...]

    @property
    def duration_ms(self) -> int | None:
        """From start to end, in whole milliseconds."""
        if self.started_at is None:
            return None
        return round((self.finished_at - self.started_at).total_seconds() * 1000)


def make_history(
    count: int,
    workflows: Sequence[uuid.UUID],
    robots: Sequence[uuid.UUID],
    now: datetime,
    *,
    days: int = 90,
    ends: Sequence[int] = (80, 12, 4, 4),
    seed: int = 4,
) -> list[Ended]:
    """So many jobs that ended in the `days` before `now`, of durations from a millisecond to days.

    `ends`: how many of a hundred completed, failed, timed out and were cancelled.

    They come in the order in which they ended, but for events that were written up to three hours late.
    """
    dice = random.Random(seed)  # noqa: S311 — a history, no secret
    jobs = []
    for _ in range(count):
        finished = now - timedelta(seconds=dice.uniform(0, days * 86400))
        status = dice.choices(ENDS, ends)[0]
        was_claimed = status != "cancelled" or dice.random() < 0.5
        milliseconds = min(round(dice.lognormvariate(9, 2)), 6 * 86400 * 1000)
        started = finished - timedelta(milliseconds=milliseconds) if was_claimed else None
        created = (started or finished) - timedelta(seconds=dice.uniform(0, 60))
        jobs.append(
            Ended(
                job_id=uuid.UUID(int=(int(created.timestamp() * 1000) << 80) | (7 << 76) | dice.getrandbits(62)),
                workflow_id=dice.choice(workflows),
                robot_id=dice.choice(robots) if was_claimed else None,
                status=status,
                created_at=created,
                started_at=started,
                finished_at=finished,
                error_type={"failed": dice.choice(ERROR_TYPES), "timeout": "JOB_TIMEOUT"}.get(status),
                healings=tuple(dice.random() < 0.8 for _ in range(dice.choice((0, 0, 0, 1, 3)))) if was_claimed else (),
            )
        )
    return sorted(jobs, key=lambda job: job.finished_at + timedelta(hours=dice.uniform(0, 3)))


def load_history(owner: Connection, tenant_id: uuid.UUID, jobs: Iterable[Ended], *, with_events: bool = True) -> None:
    """Writes the jobs, their node executions and, unnumbered as the queue leaves them, the events of each job."""
    jobs = list(jobs)
    with owner.transaction(), owner.cursor() as cursor:
        with cursor.copy(
            "copy public.jobs (job_id, tenant_id, workflow_id, workflow_version, workflow_name, lane_id, created_at, "
            "status, attempts, robot_id, claimed_at, started_at, finished_at, error_type, "
            "trigger_type, execution_mode, environment, required_capabilities, required_tags, priority, input, "
            "metadata, max_attempts, timeout_seconds, retry_policy) from stdin"
        ) as copy:
            for job in jobs:
                attempts = 0 if job.started_at is None else 1
                copy.write_row((
                    job.job_id, tenant_id, job.workflow_id, 1, "W", 0, job.created_at, job.status, attempts,
                    job.robot_id, job.started_at, job.started_at, job.finished_at, job.error_type, "manual", "lan", "*",
                    [], [], 10, Jsonb({}), Jsonb({}), 3, 3600, Jsonb({"policy": "exponential"}),
                ))  # fmt: skip
        with cursor.copy(
            "copy public.job_node_executions (tenant_id, job_id, attempt, node_executions, healed, not_healed, "
            "reported_at) from stdin"
        ) as copy:
            for job in jobs:
                if job.healings:
                    nodes = [{"node_id": str(n), "healing": {"healed": h}} for n, h in enumerate(job.healings)]
                    healed = sum(job.healings)
                    copy.write_row(
                        (tenant_id, job.job_id, 1, Jsonb(nodes), healed, len(job.healings) - healed, job.finished_at)
                    )
        if not with_events:
            return
        with cursor.copy(
            "copy private.event_inbox (tenant_id, event_type, occurred_at, job_id, robot_id, workflow_id, data) "
            "from stdin"
        ) as copy:
            for job in jobs:
                data: dict[str, Any] = {"workflow_name": "W"}
                if job.status == "completed":
                    data["duration_ms"] = job.duration_ms
                if job.status in ("failed", "timeout"):
                    data["error_type"] = job.error_type
                copy.write_row((
                    tenant_id, "job.queued", job.created_at, job.job_id, None, job.workflow_id,
                    Jsonb({"workflow_name": "W"}),
                ))  # fmt: skip
                copy.write_row((
                    tenant_id, f"job.{job.status}", job.finished_at, job.job_id, job.robot_id, job.workflow_id,
                    Jsonb(data),
                ))  # fmt: skip


def outcomes_of(jobs: Iterable[Ended]) -> dict[str, int]:
    """How these jobs ended, as rollups count it."""
    jobs = list(jobs)
    counts = Counter(job.status for job in jobs)
    return {
        "completed": counts["completed"],
        "failed": counts["failed"],
        "timed_out": counts["timeout"],
        "cancelled": counts["cancelled"],
        "duration_ms_sum": sum(job.duration_ms or 0 for job in jobs if job.status == "completed"),
    }


@dataclass(frozen=True)
class Figures:
    """What analytics must say of a period."""

    counts: Counter[str]
    duration_ms_sum: int
    durations: list[int]
    averages: dict[uuid.UUID, float]
    errors: Counter[str]
    healed: int
    not_healed: int

    def percentile(self, fraction: float) -> int:
        """By nearest rank."""
        return self.durations[max(math.ceil(fraction * len(self.durations)), 1) - 1]


def figures_of(jobs: Iterable[Ended], now: datetime, days: float) -> Figures:
    """The figures of the jobs that ended in the last `days` times 24 hours, from a full hour on."""
    since = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=days)
    wanted = [job for job in jobs if job.finished_at >= since]
    completed: dict[uuid.UUID, list[int]] = defaultdict(list)
    for job in wanted:
        if job.status == "completed":
            completed[job.workflow_id].append(job.duration_ms or 0)
    durations = sorted(duration for group in completed.values() for duration in group)
    healings = [healed for job in wanted for healed in job.healings]
    return Figures(
        counts=Counter(job.status for job in wanted),
        duration_ms_sum=sum(durations),
        durations=durations,
        averages={workflow: sum(group) / len(group) for workflow, group in completed.items()},
        errors=Counter(job.error_type or "UNKNOWN" for job in wanted if job.status in ("failed", "timeout")),
        healed=sum(healings),
        not_healed=len(healings) - sum(healings),
    )
