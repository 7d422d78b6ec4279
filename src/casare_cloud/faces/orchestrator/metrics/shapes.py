"""Shapes of the metrics endpoints: every key of documents 000 and 002, in both spellings (api-decisions#metrics)."""

from typing import Annotated, Any, Literal, cast
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.metrics.model import (
    COUNTED_EVENTS,
    Activity,
    ActivityType,
    Analytics,
    Fleet,
    JobMetrics,
    RobotMetrics,
)
from casare_cloud.domain.robots.model import Robot
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer, Time
from casare_cloud.faces.kit.state_words import RobotWord, count_robot_words, robot_word_of
from casare_cloud.faces.orchestrator.casare.shapes import FleetAliases, RobotAliases, robot_aliases
from casare_cloud.faces.orchestrator.jobs.shapes import JobSummary, published
from casare_cloud.faces.orchestrator.metrics import examples
from casare_cloud.faces.orchestrator.robots.words import with_word

ActivityWord = Literal[
    "job_started",
    "job_completed",
    "job_failed",
    "job_timeout",
    "job_cancelled",
    "robot_online",
    "robot_offline",
    "schedule_triggered",
]

# Documents have one word for a run by hand and one by the clock.
_WORDS: dict[str, ActivityWord] = {"schedule.fired": "schedule_triggered"}

# Document 000 has no words for a robot that is there and may not work.
_OFFLINE_IN_000: tuple[RobotWord, ...] = ("offline", "maintenance", "error")


class FleetAnswer(FleetAliases):
    """The fleet at this moment. The jobs of today are those that ended.

    Today begins at midnight of the tenant's timezone. Where that is no full hour of UTC, it begins with the full hour
    before: at 23:30 in Asia/Kolkata.
    """

    model_config = showing(examples.FLEET_METRICS)

    total_robots: int
    active_robots: Annotated[int, Field(description="Idle or busy; with `schema=1` busy only, as document 000 has it.")]
    idle_robots: int
    busy_robots: int
    offline_robots: Annotated[int, Field(description="With `schema=1` also those in maintenance or with an error.")]
    maintenance_robots: int
    error_robots: int
    active_jobs: Annotated[int, Field(description="Claimed or running.")]
    queue_depth: Annotated[int, Field(description="Waiting for a robot, not for a time.")]
    queue_by_priority: Annotated[
        dict[str, int],
        Field(description="How many of `queue_depth` have each priority; those that none has are left out."),
    ]
    scheduled_jobs: Annotated[int, Field(description="Waiting for a time: delayed ones and retries.")]
    total_jobs_today: int
    completed_jobs_today: int
    failed_jobs_today: int
    average_job_duration_seconds: Annotated[float, Field(description="Of the jobs that completed today; 0: none did.")]

    @classmethod
    def of(cls, fleet: Fleet, is_schema_1: bool, aliases: dict[str, Any] | None = None) -> "FleetAnswer":
        """The fleet in the published words, with what `FleetAliases` has if it was asked for."""
        count = count_robot_words(fleet.robots)
        return cls(
            **aliases or {},
            total_robots=sum(count.values()),
            active_robots=count["busy"] if is_schema_1 else count["idle"] + count["busy"],
            idle_robots=count["idle"],
            busy_robots=count["busy"],
            offline_robots=sum(count[word] for word in _OFFLINE_IN_000) if is_schema_1 else count["offline"],
            maintenance_robots=count["maintenance"],
            error_robots=count["error"],
            active_jobs=fleet.active_jobs,
            queue_depth=fleet.queue_depth,
            queue_by_priority=fleet.queue_by_priority,
            scheduled_jobs=fleet.scheduled_jobs,
            total_jobs_today=fleet.today.total,
            completed_jobs_today=fleet.today.completed,
            failed_jobs_today=fleet.today.unsuccessful,
            average_job_duration_seconds=fleet.today.average_duration_ms / 1000,
        )


class RobotMetricsAnswer(RobotAliases):
    """A robot and what it last measured of its machine; null is what it did not say."""

    model_config = showing(examples.ROBOT_METRICS)

    robot_id: str
    robot_uuid: UUID
    name: str
    hostname: str
    status: RobotWord
    cpu_percent: float | None
    memory_mb: float | None
    memory_percent: float | None
    current_job_id: UUID | None
    current_job: UUID | None
    current_job_ids: list[UUID]
    last_heartbeat: Time | None

    @classmethod
    def of(cls, robot: Robot) -> "RobotMetricsAnswer":
        """A robot in the published words."""
        return cls(**_fields_of(robot))


def _fields_of(robot: Robot) -> dict[str, Any]:
    current = robot.current_job_ids[0] if robot.current_job_ids else None
    return {
        "robot_id": robot.external_id,
        "robot_uuid": robot.robot_id,
        "name": robot.name,
        "hostname": robot.hostname,
        **robot_aliases(robot),
        "status": robot_word_of(robot),
        **{name: _number(robot.metrics.get(name)) for name in ("cpu_percent", "memory_mb", "memory_percent")},
        "current_job_id": current,
        "current_job": current,
        "current_job_ids": robot.current_job_ids,
        "last_heartbeat": robot.last_heartbeat_at,
    }


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:  # JSON has integers of any size
        return None


class RobotMetricsDetail(RobotMetricsAnswer):
    """A robot and its jobs that ended today.

    Today begins at midnight of the tenant's timezone. Where that is no full hour of UTC, it begins with the full hour
    before: at 23:30 in Asia/Kolkata.
    """

    model_config = showing(examples.ROBOT_METRICS_DETAIL)

    jobs_completed_today: int
    jobs_failed_today: int
    average_job_duration_seconds: float
    avg_job_duration_ms: int

    @classmethod
    def with_today(cls, metrics: RobotMetrics) -> "RobotMetricsDetail":
        """A robot and its day in the published words."""
        return cls(
            **_fields_of(metrics.robot),
            jobs_completed_today=metrics.today.completed,
            jobs_failed_today=metrics.today.unsuccessful,
            average_job_duration_seconds=metrics.today.average_duration_ms / 1000,
            avg_job_duration_ms=metrics.today.average_duration_ms,
        )


class Healing(Answer):
    """What a robot tried to mend a node, and whether it helped."""

    healed: bool
    attempts: float | None = None


class NodeExecution(Answer):
    """What a node did in the newest attempt, and how long it took in all its runs."""

    node_id: str
    node_type: str | None = None
    status: str | None = None
    duration_ms: float | None = None
    runs: float | None = None
    healing: Healing | None = None


class JobMetricsAnswer(JobSummary):
    """A job with what its robot said of each node."""

    model_config = showing(examples.JOB_METRICS)

    node_executions: list[NodeExecution]
    node_execution: list[NodeExecution]

    @classmethod
    def with_nodes(cls, metrics: JobMetrics) -> "JobMetricsAnswer":
        """A job and its nodes in the published words."""
        nodes = [NodeExecution.model_validate(item) for item in metrics.node_executions]
        return cls(**published(metrics.job), node_executions=nodes, node_execution=nodes)


class SlowWorkflowAnswer(Answer):
    """A workflow and the average of its completed jobs, in milliseconds."""

    workflow_id: UUID
    workflow_name: str
    average_duration_ms: int
    avg_duration_ms: int
    completed: int


class ErrorCount(Answer):
    """How many jobs ended with an error of a type."""

    error_type: str
    count: int


class AnalyticsAnswer(Answer):
    """How the jobs of a period ended. Rates are percents of those that completed or failed; durations are of completed
    jobs, percentiles within 5 percent, 0 when there is none."""

    model_config = showing(examples.ANALYTICS)

    days: int
    since: Annotated[Time, Field(description="The full hour from which on jobs that ended are counted.")]
    total_jobs: int
    completed_jobs: int
    failed_jobs: Annotated[int, Field(description="With those that timed out.")]
    cancelled_jobs: int
    success_rate: float
    failure_rate: float
    average_duration_ms: int
    avg_duration_ms: int
    p50_duration_ms: int
    p90_duration_ms: int
    p99_duration_ms: int
    duration_p50_ms: int
    duration_p90_ms: int
    duration_p99_ms: int
    slowest_workflows: list[SlowWorkflowAnswer]
    error_distribution: Annotated[
        dict[str, int] | list[ErrorCount], Field(description="A map; with `schema=1` the list of document 000.")
    ]
    error_counts: list[ErrorCount]
    self_healing_success_rate: Annotated[
        float | None, Field(description="Percent of the nodes that robots tried to heal; null: they tried none.")
    ]

    @classmethod
    def of(cls, analytics: Analytics, is_schema_1: bool) -> "AnalyticsAnswer":
        """A period in the published words."""
        outcomes = analytics.outcomes
        percentiles = {name: getattr(analytics, f"{name}_duration_ms") or 0 for name in ("p50", "p90", "p99")}
        counts = [ErrorCount(error_type=word, count=times) for word, times in analytics.error_counts.items()]
        return cls(
            days=analytics.days,
            since=analytics.since,
            total_jobs=outcomes.total,
            completed_jobs=outcomes.completed,
            failed_jobs=outcomes.unsuccessful,
            cancelled_jobs=outcomes.cancelled,
            success_rate=outcomes.success_rate,
            failure_rate=outcomes.failure_rate,
            average_duration_ms=outcomes.average_duration_ms,
            avg_duration_ms=outcomes.average_duration_ms,
            **{f"{name}_duration_ms": value for name, value in percentiles.items()},
            **{f"duration_{name}_ms": value for name, value in percentiles.items()},
            slowest_workflows=[
                SlowWorkflowAnswer(
                    workflow_id=slow.workflow_id,
                    workflow_name=slow.workflow_name,
                    average_duration_ms=slow.average_duration_ms,
                    avg_duration_ms=slow.average_duration_ms,
                    completed=slow.completed,
                )
                for slow in analytics.slowest_workflows
            ],
            error_distribution=counts if is_schema_1 else analytics.error_counts,
            error_counts=counts,
            self_healing_success_rate=analytics.self_healing_success_rate,
        )


class ActivityAnswer(Answer):
    """Something that happened. `robot_id` is the robot's external id; `seq` its number in `GET /events`.

    `timestamp` is when it happened; of what was committed after later events were told, when it could be told.
    """

    model_config = showing(examples.ACTIVITY)

    id: UUID
    seq: int
    type: ActivityWord
    event_type: ActivityWord
    timestamp: Time
    title: str
    details: str
    job_id: UUID | None
    robot_id: str | None
    workflow_id: UUID | None
    data: dict[str, Any]

    @classmethod
    def of(cls, activity: Activity) -> "ActivityAnswer":
        """An event in the words of a feed."""
        event = activity.event
        word = cast(ActivityWord, _WORDS.get(event.event_type) or event.event_type.replace(".", "_"))
        return cls(
            id=event.event_id,
            seq=event.seq,
            type=word,
            event_type=word,
            timestamp=event.occurred_at,
            title=activity.title,
            details=activity.details,
            job_id=event.job_id,
            robot_id=activity.robot or (str(event.robot_id) if event.robot_id else None),
            workflow_id=event.workflow_id,
            data=with_word(event.data),
        )


class ActivityList(Answer):
    """Events, the newest first. `total` counts what matches, to 10,000 at most."""

    model_config = showing(examples.ACTIVITIES)

    events: list[ActivityAnswer]
    total: int
    total_is_capped: Annotated[bool, Field(description="There are more than `total` says.")]

    @classmethod
    def of(cls, page: tuple[list[Activity], int]) -> "ActivityList":
        """A page as the service gives it."""
        items, total = page
        events = [ActivityAnswer.of(item) for item in items]
        return cls(events=events, total=total, total_is_capped=total >= COUNTED_EVENTS)


def types_of(word: ActivityWord | None) -> list[ActivityType] | None:
    """The stored types that a filter word matches; None: all of the feed."""
    if word is None:
        return None
    others = [stored for stored, shown in _WORDS.items() if shown == word]
    return [cast(ActivityType, stored) for stored in (word.replace("_", ".", 1), *others)]
