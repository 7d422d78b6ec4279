"""The data models of document 001, with its keys and words; answers of the orchestrator are read into them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import Enum, IntEnum, StrEnum
from typing import Any, Self

from casare_cloud.errors import InvalidArgument


class JobPriority(IntEnum):
    """How urgent a job is: 3 first. The orchestrator has 0 to 20, 0 first: 0, 5, 10 and 15 are these four."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    CRITICAL = 3

    @property
    def stored(self) -> int:
        """What the orchestrator calls it."""
        return 15 - 5 * self

    @classmethod
    def of(cls, stored: int) -> "JobPriority":
        """The nearest of the four for a priority of the orchestrator."""
        return cls(3 if stored <= 2 else 2 if stored <= 7 else 1 if stored <= 12 else 0)

    @classmethod
    def read(cls, value: "JobPriority | int | str") -> "JobPriority":
        """A priority by its number or its word, in any letter case. Raises `InvalidArgument`."""
        try:
            return cls[value.upper()] if isinstance(value, str) else cls(value)
        except (KeyError, ValueError):
            words = ", ".join(f"{each.value} ({each.name.lower()})" for each in cls)
            raise InvalidArgument(f"priority: {value!r} is none of {words}.") from None


class JobStatus(StrEnum):
    """Where a job is. `pending` waits for its time, `queued` for a robot; `running` is in a robot's hands."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"


class RobotStatus(StrEnum):
    """How a robot is; `online` is idle."""

    OFFLINE = "offline"
    ONLINE = "online"
    BUSY = "busy"
    ERROR = "error"
    MAINTENANCE = "maintenance"


class ScheduleFrequency(StrEnum):
    """How often a schedule runs; `interval` is this product's own."""

    ONCE = "once"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    CRON = "cron"
    INTERVAL = "interval"


class WorkflowStatus(StrEnum):
    """Where a workflow is in its life."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class _Model:
    def to_dict(self) -> dict[str, Any]:
        """The keys of document 001, with JSON's types."""
        return {each.name: _plain(getattr(self, each.name)) for each in fields(self)}  # type: ignore[arg-type]


@dataclass
class Job(_Model):
    """A run of a workflow.

    `robot_id` is the id that people use, of the robot that has the job, else of the one that it is for; `robot_name` is
    the same. `workflow_json` is known of a job that this engine submitted with one, and empty otherwise; `logs` are
    filled by `OrchestratorEngine.get_job` only.
    """

    id: str
    workflow_id: str
    workflow_name: str
    robot_id: str | None
    robot_name: str
    status: JobStatus
    priority: JobPriority
    environment: str
    workflow_json: str
    scheduled_time: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: int
    progress: int
    current_node: str
    result: Any
    logs: str
    error_message: str
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, answer: Mapping[str, Any], workflow_json: str = "", logs: str = "") -> Self:
        """A job as the orchestrator answers it."""
        robot = answer["robot_id"] or answer["target_robot_id"]
        result = answer.get("result")
        return cls(
            id=answer["job_id"],
            workflow_id=answer["workflow_id"],
            workflow_name=answer["workflow_name"],
            robot_id=robot,
            robot_name=robot or "",
            status=_job_status(answer),
            priority=JobPriority.of(answer["priority"]),
            environment=answer["environment"],
            workflow_json=workflow_json,
            scheduled_time=_time(answer["run_at"]),
            started_at=_time(answer["started_at"]),
            completed_at=_time(answer["completed_at"]),
            duration_ms=answer["duration_ms"] or 0,
            progress=answer["progress"],
            current_node=answer["current_node"] or "",
            result={} if result is None else result,
            logs=logs,
            error_message=answer["error_message"] or "",
            created_at=datetime.fromisoformat(answer["created_at"]),
            created_by=answer["created_by"] or "",
        )


@dataclass
class Robot(_Model):
    """A program that runs jobs. `id` is the one that people use."""

    id: str
    name: str
    status: RobotStatus
    environment: str
    max_concurrent_jobs: int
    current_jobs: int
    last_seen: datetime | None
    last_heartbeat: datetime | None
    tags: list[str]
    metrics: dict[str, Any]

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        """A robot as the orchestrator answers it."""
        metrics = answer["metrics"]
        disk = metrics.get("disk_percent")
        return cls(
            id=answer["robot_id"],
            name=answer["name"],
            status=RobotStatus("online" if answer["status"] == "idle" else answer["status"]),
            environment=answer["environment"],
            max_concurrent_jobs=answer["max_concurrent_jobs"],
            current_jobs=len(answer["current_job_ids"]),
            last_seen=_time(answer["last_seen"]),
            last_heartbeat=_time(answer["last_heartbeat"]),
            tags=answer["tags"],
            metrics={
                **metrics,
                "cpu_percent": metrics.get("cpu_percent"),
                "memory_percent": metrics.get("memory_percent"),
                "disk_percent": disk,
            },
        )


@dataclass
class Schedule(_Model):
    """A schedule. `success_count` counts the runs that made a job; how those ended is in the analytics."""

    id: str
    name: str
    workflow_id: str
    workflow_name: str
    robot_id: str | None
    frequency: ScheduleFrequency
    cron_expression: str
    timezone: str
    enabled: bool
    priority: JobPriority
    last_run: datetime | None
    next_run: datetime | None
    run_count: int
    success_count: int
    created_at: datetime

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        """A schedule as the orchestrator answers it."""
        return cls(
            id=answer["schedule_id"],
            name=answer["schedule_name"],
            workflow_id=answer["workflow_id"],
            workflow_name=answer["workflow_name"],
            robot_id=answer["robot_id"],
            frequency=ScheduleFrequency(answer["frequency"]),
            cron_expression=answer["cron_expression"] or "",
            timezone=answer["timezone"],
            enabled=answer["enabled"],
            priority=JobPriority.of(answer["priority"]),
            last_run=_time(answer["last_run"]),
            next_run=_time(answer["next_run"]),
            run_count=answer["run_count"],
            success_count=answer["run_count"],
            created_at=datetime.fromisoformat(answer["created_at"]),
        )


@dataclass
class Workflow(_Model):
    """A workflow with the definition of its current version.

    How often it ran and for how long is counted in the analytics: the three counts are null here.
    """

    id: str
    name: str
    description: str
    version: int
    status: WorkflowStatus
    json_definition: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    tags: list[str] = field(default_factory=list)
    execution_count: int | None = None
    success_count: int | None = None
    avg_duration_ms: int | None = None

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        """A workflow as the orchestrator answers it."""
        tags = answer["metadata"].get("tags")
        return cls(
            id=answer["workflow_id"],
            name=answer["workflow_name"],
            description=answer["description"],
            version=answer["version"],
            status=WorkflowStatus("archived" if answer["status"] == "deprecated" else answer["status"]),
            json_definition=json.dumps(answer["workflow_json"]),
            created_by=answer["created_by"] or "",
            created_at=datetime.fromisoformat(answer["created_at"]),
            updated_at=datetime.fromisoformat(answer["updated_at"]),
            tags=[str(tag) for tag in tags] if isinstance(tags, list) else [],
        )


def _job_status(answer: Mapping[str, Any]) -> JobStatus:
    if answer["status"] == "claimed":
        return JobStatus.RUNNING
    if answer["status"] == "pending":
        run_at = _time(answer["run_at"])
        return JobStatus.PENDING if run_at is not None and run_at > datetime.now(UTC) else JobStatus.QUEUED
    return JobStatus(answer["status"])


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value
