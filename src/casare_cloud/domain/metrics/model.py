"""Values of the metrics domain. Durations are milliseconds, of completed jobs, from their start to their end."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_args
from typing import Literal as OneOf
from uuid import UUID

from casare_cloud.domain.events.model import Event
from casare_cloud.domain.jobs.model import Job
from casare_cloud.domain.robots.model import Robot, RobotState

# How many events a feed counts at most, so that a page costs the same however long the history is.
COUNTED_EVENTS = 10_000

# What the activity feed shows. The index of the feed holds these types and no others.
ActivityType = OneOf[
    "job.started",
    "job.completed",
    "job.failed",
    "job.timeout",
    "job.cancelled",
    "robot.online",
    "robot.offline",
    "schedule.triggered",  # by hand
    "schedule.fired",
]
ACTIVITY_TYPES: tuple[ActivityType, ...] = get_args(ActivityType)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How many jobs ended how, and how long the completed ones took together."""

    completed: int = 0
    failed: int = 0
    timed_out: int = 0
    cancelled: int = 0
    duration_ms_sum: int = 0

    @property
    def total(self) -> int:
        """All that ended."""
        return self.completed + self.failed + self.timed_out + self.cancelled

    @property
    def unsuccessful(self) -> int:
        """Failed and timed out."""
        return self.failed + self.timed_out

    @property
    def success_rate(self) -> float:
        """Percent of those that completed or failed; a cancelled job is neither. 0 when there is none."""
        return _percent(self.completed, self.completed + self.unsuccessful)

    @property
    def failure_rate(self) -> float:
        """Percent of those that completed or failed; 0 when there is none."""
        return _percent(self.unsuccessful, self.completed + self.unsuccessful)

    @property
    def average_duration_ms(self) -> int:
        """0 when none completed."""
        return round(self.duration_ms_sum / self.completed) if self.completed else 0


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


@dataclass(frozen=True, slots=True)
class Totals:
    """How jobs ended since the tenant began, with a histogram: (a duration in ms, how many took about that long)."""

    outcomes: Outcomes
    durations: list[tuple[float, int]]


@dataclass(frozen=True, slots=True)
class Fleet:
    """The fleet at this moment. `today` began at midnight of the tenant's timezone, at the full UTC hour before it."""

    robots: dict[RobotState, int]
    active_jobs: int
    queue_depth: int
    queue_by_priority: dict[str, int]  # the priorities of jobs that wait
    scheduled_jobs: int
    today: Outcomes
    ever: Totals


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """Jobs that a robot may have now, in all and by the environment that they want (`*`: any), and jobs in hand."""

    waiting: int
    running: int
    by_environment: dict[str, int]


@dataclass(frozen=True, slots=True)
class RobotMetrics:
    """A robot and the jobs of today that it had."""

    robot: Robot
    today: Outcomes


@dataclass(frozen=True, slots=True)
class JobMetrics:
    """A job and what its robot said of each node in the newest attempt."""

    job: Job
    node_executions: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SlowWorkflow:
    """A workflow and the average of its completed jobs."""

    workflow_id: UUID
    workflow_name: str
    average_duration_ms: int
    completed: int


@dataclass(frozen=True, slots=True)
class Analytics:
    """How the jobs of a period ended. Percentiles are within 5 percent, and None when no job completed."""

    days: int
    since: datetime
    outcomes: Outcomes
    p50_duration_ms: int | None
    p90_duration_ms: int | None
    p99_duration_ms: int | None
    slowest_workflows: list[SlowWorkflow]
    error_counts: dict[str, int]
    healed: int
    not_healed: int

    @property
    def self_healing_success_rate(self) -> float | None:
        """Percent of the nodes that robots tried to heal; None when they tried none."""
        tried = self.healed + self.not_healed
        return _percent(self.healed, tried) if tried else None


TimelineInterval = OneOf["hour", "day", "week"]


@dataclass(frozen=True, slots=True)
class Period:
    """How the jobs of an hour, a day or a week ended."""

    starts_at: datetime
    outcomes: Outcomes


SeriesInterval = OneOf["minute", "hour", "day"]


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """How many jobs began and how they ended in a minute, an hour or a day; `unfinished` is as of its end.

    A robot's jobs began elsewhere: `created` and `unfinished` are None.
    """

    starts_at: datetime
    created: int | None
    outcomes: Outcomes
    unfinished: int | None


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a robot's heartbeats said of its machine in a step of time: averages and highest; None: none said it."""

    starts_at: datetime
    ends_at: datetime
    cpu_percent: float | None
    cpu_percent_max: float | None
    memory_percent: float | None
    memory_percent_max: float | None
    memory_mb: float | None
    memory_mb_max: float | None
    disk_percent: float | None
    disk_percent_max: float | None


@dataclass(frozen=True, slots=True)
class WorkflowPerformance:
    """How the jobs of a workflow ended, and the hour in which the last one did."""

    workflow_id: UUID
    workflow_name: str
    workflow_status: str
    outcomes: Outcomes
    last_hour: datetime | None


@dataclass(frozen=True, slots=True)
class Definitions:
    """How many definitions the tenant has, and how many of them are in use."""

    workflows: int
    active_workflows: int
    active_schedules: int


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody or something did: `kind` is an event's type, or a table and what became of its row."""

    act_id: str
    kind: str
    resource_id: str | None
    actor_id: UUID | None
    actor_name: str | None
    happened_at: datetime
    data: dict[str, Any]


_TITLES: dict[str, str] = {
    "job.started": "Job started",
    "job.completed": "Job completed successfully",
    "job.failed": "Job failed",
    "job.timeout": "Job timed out",
    "job.cancelled": "Job cancelled",
    "robot.online": "Robot online",
    "robot.offline": "Robot offline",
    "schedule.triggered": "Schedule triggered",
    "schedule.fired": "Schedule triggered",
}


@dataclass(frozen=True, slots=True)
class Activity:
    """An event of the feed, with the robot's external id."""

    event: Event
    robot: str | None = field(default=None)

    @property
    def title(self) -> str:
        """What happened, in two or three words."""
        return _TITLES[self.event.event_type]

    @property
    def details(self) -> str:
        """One sentence about the event, of what its data holds."""
        data, event_type = self.event.data, self.event.event_type
        workflow = data.get("workflow_name") or "A workflow"
        if event_type == "job.started":
            return f"{workflow} runs on {self.robot}" if self.robot else f"{workflow} runs"
        if event_type == "job.completed":
            duration = data.get("duration_ms")
            return f"{workflow} finished" if duration is None else f"{workflow} finished in {duration / 1000:g}s"
        if event_type in ("job.failed", "job.timeout"):
            return f"{workflow}: {data.get('error_message') or data.get('error_type') or 'no message'}"[:500]
        if event_type == "job.cancelled":
            return f"{workflow}: {data.get('message') or 'Cancelled.'}"[:500]
        if event_type in ("schedule.triggered", "schedule.fired"):
            return f"{data.get('schedule_name') or 'A schedule'} queued a job"
        return f"{self.robot or data.get('external_id') or 'A robot'} is {event_type.removeprefix('robot.')}"
