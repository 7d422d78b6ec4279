"""What happens, as types: events of the orchestrator, of the nodes of running jobs, and those of programs.

`read_event` turns an event of `GET /events` into the one that its type stands for; a type that has none of its own is a
`CloudEvent`, so that nothing is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4


@dataclass(frozen=True)
class DomainEvent:
    """Something that happened. Programs make events of their own by a frozen dataclass that inherits from it."""

    event_id: UUID = field(default_factory=uuid4, kw_only=True)
    occurred_on: datetime = field(default_factory=lambda: datetime.now(UTC), kw_only=True)

    @property
    def event_type_name(self) -> str:
        """The name of its class."""
        return type(self).__name__

    def to_dict(self) -> dict[str, Any]:
        """Its fields, with JSON's types as far as its own go, and `event_type`."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values |= {"event_id": str(self.event_id), "occurred_on": self.occurred_on.isoformat()}
        return {"event_type": self.event_type_name, **values}


@dataclass(frozen=True)
class CloudEvent(DomainEvent):
    """An event of the tenant: `type` is the orchestrator's word for it, `seq` its number, `data` all that it says."""

    type: str = ""
    seq: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def timestamp(self) -> datetime:
        """When it happened."""
        return self.occurred_on


@dataclass(frozen=True)
class JobEvent(CloudEvent):
    """Something that happened to a job. `robot_id` is what people call the robot."""

    job_id: str = ""
    workflow_id: str = ""
    workflow_name: str = ""
    robot_id: str | None = None
    attempt: int = 0


class JobSubmitted(JobEvent):
    """A job was made and queued."""


class JobRequeued(JobEvent):
    """A job went back to the queue: its robot gave it back, or was lost."""


class JobClaimed(JobEvent):
    """A robot has taken a job."""


class JobStarted(JobEvent):
    """A robot began to run a job."""


class JobRetrying(JobEvent):
    """An attempt failed, and another will follow."""

    @property
    def error_message(self) -> str:
        """What went wrong."""
        return str(self.data.get("error_message") or "")


class JobCancelRequested(JobEvent):
    """The robot of a running job was asked to stop."""


class JobCompleted(JobEvent):
    """A job ended as it should."""

    @property
    def execution_time_ms(self) -> float:
        """How long its last attempt took; 0 when that is not known."""
        return float(self.data.get("duration_ms") or 0)


class JobFailed(JobEvent):
    """A job ended with an error, and nothing follows."""

    @property
    def error_message(self) -> str:
        """What went wrong."""
        return str(self.data.get("error_message") or "")

    @property
    def error_type(self) -> str:
        """Its kind."""
        return str(self.data.get("error_type") or "")


class JobTimedOut(JobFailed):
    """A job took longer than it may."""


class JobCancelled(JobEvent):
    """A job was cancelled."""

    @property
    def reason(self) -> str:
        """Why."""
        return str(self.data.get("message") or "")


# The product that documents 001 and 003 describe calls a run of a workflow so.
WorkflowStarted = JobStarted
WorkflowCompleted = JobCompleted
WorkflowFailed = JobFailed
WorkflowStopped = JobCancelled


@dataclass(frozen=True)
class RobotEvent(CloudEvent):
    """Something that happened to a robot. `robot_id` is what people call it, `status` its state then."""

    robot_id: str = ""
    robot_name: str = ""
    status: str = ""


class RobotConnected(RobotEvent):
    """A robot came online."""


class RobotDisconnected(RobotEvent):
    """A robot went offline, or was heard of no more."""


class RobotUpdated(RobotEvent):
    """A robot is made, or is in another state, or has other settings."""


@dataclass(frozen=True)
class ScheduleEvent(CloudEvent):
    """Something that a schedule did; `job_id` is the job that it made."""

    schedule_id: str = ""
    schedule_name: str = ""
    workflow_id: str = ""
    job_id: str | None = None


class ScheduleFired(ScheduleEvent):
    """A schedule made a job, by the clock or by hand."""


@dataclass(frozen=True)
class NodeEvent(DomainEvent):
    """Something that a node of a running workflow did."""

    node_id: str = ""
    node_type: str = ""
    workflow_id: str = ""
    job_id: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class NodeStarted(NodeEvent):
    """A node began."""


@dataclass(frozen=True)
class NodeCompleted(NodeEvent):
    """A node ended as it should. What it gave out stays in its job: `output_data` is for events of programs."""

    execution_time_ms: float = 0.0
    output_data: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class NodeFailed(NodeEvent):
    """A node ended with an error; what went wrong is in the event of its job."""

    error_message: str = ""
    execution_time_ms: float = 0.0


_TYPES: dict[str, type[CloudEvent]] = {
    "job.queued": JobSubmitted,
    "job.claimed": JobClaimed,
    "job.started": JobStarted,
    "job.retrying": JobRetrying,
    "job.cancel_requested": JobCancelRequested,
    "job.completed": JobCompleted,
    "job.failed": JobFailed,
    "job.timeout": JobTimedOut,
    "job.cancelled": JobCancelled,
    "robot.online": RobotConnected,
    "robot.offline": RobotDisconnected,
    "robot.updated": RobotUpdated,
    "schedule.fired": ScheduleFired,
    "schedule.triggered": ScheduleFired,
}
_KINDS: dict[str, type[CloudEvent]] = {"job": JobEvent, "robot": RobotEvent, "schedule": ScheduleEvent}


def read_event(answer: Mapping[str, Any]) -> CloudEvent:
    """An event of the orchestrator as the type that it stands for."""
    word, data = str(answer["event_type"]), answer["data"]
    kind = _TYPES.get(word) or _KINDS.get(word.partition(".")[0], CloudEvent)
    if kind is JobSubmitted and data.get("message"):  # that says why it went back
        kind = JobRequeued
    says: dict[str, Any] = {}
    if issubclass(kind, JobEvent):
        says = {
            "job_id": answer["job_id"],
            "workflow_id": answer["workflow_id"] or "",
            "workflow_name": data.get("workflow_name") or "",
            "robot_id": answer["robot_external_id"],
            "attempt": data.get("attempt") or 0,
        }
    elif issubclass(kind, RobotEvent):
        says = {
            "robot_id": answer["robot_external_id"] or data.get("external_id") or "",
            "robot_name": data.get("name") or "",
            "status": data.get("status") or "",
        }
    elif issubclass(kind, ScheduleEvent):
        says = {
            "schedule_id": data.get("schedule_id") or "",
            "schedule_name": data.get("schedule_name") or "",
            "workflow_id": answer["workflow_id"] or "",
            "job_id": answer["job_id"],
        }
    return kind(
        type=word,
        seq=answer["seq"],
        data=data,
        event_id=UUID(answer["event_id"]),
        occurred_on=datetime.fromisoformat(answer["timestamp"]),
        **says,
    )
