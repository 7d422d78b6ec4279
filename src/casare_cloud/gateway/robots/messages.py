"""The messages of document 001, both directions: what the payload of each must hold. Unknown fields are ignored."""

import json
import math
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from casare_cloud.domain.jobs.model import ClaimedJob, LogLevel
from casare_cloud.faces.kit.fields import Flag, Integer, Moment, Words
from casare_cloud.faces.kit.shapes import Report
from casare_cloud.gateway.robots.problems import Code

_LEVELS: dict[str, LogLevel] = {
    "trace": "debug",
    "debug": "debug",
    "info": "info",
    "warn": "warning",
    "warning": "warning",
    "error": "error",
    "critical": "critical",
    "fatal": "critical",
}


def _level(value: Any) -> Any:
    """A level in any letter case; `WARN`, `TRACE` and `FATAL` are other names of ours."""
    if isinstance(value, str) and value.lower() in _LEVELS:
        return _LEVELS[value.lower()]
    raise ValueError(f"must be one of {', '.join(_LEVELS)}")


def _whole(value: Any) -> Any:
    """A number without its fraction: robots report 45.5 percent, too."""
    if isinstance(value, float) and math.isfinite(value):
        return math.floor(value)
    return value


RobotName = Annotated[str, Field(min_length=1, max_length=64)]
JobName = Annotated[str, Field(min_length=1, max_length=64)]
JobNames = Annotated[list[str] | None, Field(max_length=1000)]
Percent = Annotated[Integer, BeforeValidator(_whole), Field(ge=0, le=100)]
Level = Annotated[LogLevel, BeforeValidator(_level)]
Measure = Annotated[float | None, Field(ge=0, allow_inf_nan=False)]


class Said(Report):
    """Base of what robots say: fields that are not known are ignored."""

    robot_id: RobotName | None = None


class Register(Said):
    """A robot says who it is. `capabilities`: words, or an object of which what is true counts and all is kept.

    The key may be in `token` or `auth_token`, when the connection brought none.
    """

    robot_id: RobotName
    robot_name: Annotated[str, Field(min_length=1, max_length=128)]
    hostname: Annotated[str, Field(max_length=256)] = ""
    environment: Annotated[str, Field(min_length=1, max_length=64)] = "default"
    max_concurrent_jobs: Annotated[Integer, Field(ge=1, le=100)] = 1
    tags: Annotated[Words, Field(default_factory=list, max_length=100)]
    capabilities: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=64)]] | dict[str, Any],
        Field(default_factory=dict, max_length=100),
    ]
    is_internet: Flag = False
    active_job_ids: JobNames = None
    token: Annotated[str | None, Field(validation_alias=AliasChoices("token", "auth_token"), repr=False)] = None


class Heartbeat(Said):
    """A robot lives. All that it measures is kept."""

    model_config = ConfigDict(extra="allow")

    robot_id: RobotName
    status: Annotated[str | None, Field(max_length=64)] = None
    current_jobs: Annotated[Integer | None, Field(ge=0)] = None
    cpu_percent: Measure = None
    memory_percent: Measure = None
    disk_percent: Measure = None
    active_job_ids: JobNames = None


class StatusResponse(Heartbeat):
    """The answer to a `status_request`."""

    uptime_seconds: Measure = None
    system_info: dict[str, Any] | None = None


class Disconnect(Said):
    """A robot leaves."""

    robot_id: RobotName
    reason: str | None = None


class JobAccept(Said):
    """A robot begins a job that was assigned to it."""

    job_id: JobName


class JobReject(JobAccept):
    """A robot will not run a job that was assigned to it."""

    reason: str | None = None


class JobProgress(JobAccept):
    """How far a job is."""

    progress: Percent
    current_node: Annotated[str | None, Field(max_length=255)] = None
    message: str | None = None


class JobComplete(JobAccept):
    """A job has ended well, with any JSON."""

    result: Any = None
    duration_ms: Measure = None


class JobFailed(JobAccept):
    """A job has failed. Texts that are too long are cut: a failure must always be told."""

    error_message: str
    error_type: str | None = None
    stack_trace: str | None = None
    failed_node: str | None = None
    retryable: Flag = True
    retry_at: Moment | None = None  # ours, and no field of the document


class JobCancelled(JobAccept):
    """A robot has stopped a job."""


class Line(Report):
    """A line of a log, and of which job if it says so."""

    level: Level = "info"
    message: Annotated[str, Field(max_length=65536)]
    node_id: Annotated[str | None, Field(max_length=255)] = None
    timestamp: Moment | None = None
    extra: Any = None
    source: Annotated[str | None, Field(max_length=255)] = None
    job_id: JobName | None = None

    def entry(self) -> dict[str, Any]:
        """The line as the log of a robot has it."""
        fields = {"level", "message", "node_id", "timestamp", "source", "extra"}
        return self.model_dump(mode="json", include=fields, exclude_none=True)

    def entry_of_job(self) -> dict[str, Any]:
        """The line as the log of a job has it: `source` is in `extra`."""
        entry = self.entry()
        if "source" in entry:
            extra = entry.get("extra", {})
            entry["extra"] = {**(extra if isinstance(extra, dict) else {"extra": extra}), "source": entry.pop("source")}
        return entry


class LogEntry(Said, Line):
    """One line."""

    job_id: JobName


class LogBatch(Said):
    """Lines of one job; or without one, of what the robot does. A `sequence` that comes again is stored once."""

    job_id: JobName | None = None
    entries: Annotated[list[Line], Field(max_length=1000, validation_alias=AliasChoices("entries", "logs"))]
    sequence: Annotated[Integer | None, Field(ge=0, le=2**63 - 1)] = None


class ErrorReport(Said):
    """Something went wrong at the robot."""

    error_code: str
    error_message: str = ""
    details: Any = None


FROM_ROBOTS: Mapping[str, type[Said]] = {
    "register": Register,
    "heartbeat": Heartbeat,
    "disconnect": Disconnect,
    "job_accept": JobAccept,
    "job_reject": JobReject,
    "job_progress": JobProgress,
    "job_complete": JobComplete,
    "job_failed": JobFailed,
    "job_cancelled": JobCancelled,
    "status_response": StatusResponse,
    "log_entry": LogEntry,
    "log_batch": LogBatch,
    "error": ErrorReport,
}
# What counts towards the rate limit. Whatever decides about a job never does.
CHATTER = (Heartbeat, JobProgress, LogEntry, LogBatch)


class Told(BaseModel):
    """Base of what robots are told."""

    model_config = ConfigDict(extra="forbid")


class SessionConfig(Told):
    """How a robot is to behave: seconds between heartbeats, lines in a batch."""

    heartbeat_interval: int
    log_batch_size: int = 100


class RegisterAck(Told):
    """Whether the robot is known now. `success` false is final: it stops.

    Of a robot that gets no jobs, `mode` (if it is not active) and `quarantined_at` say why; the document has neither.
    """

    robot_id: str
    success: bool
    message: str
    config: SessionConfig | None = None
    mode: str | None = None
    quarantined_at: str | None = None


class OfRobot(Told):
    """`heartbeat_ack`, `status_request`, `pause`, `resume`."""

    robot_id: str


class Shutdown(OfRobot):
    """The robot's program is to end."""

    graceful: bool = True


class JobAssign(Told):
    """A job is the robot's to accept or to reject. `workflow_json` is a text; `priority` is 0 to 3, 3 first."""

    job_id: str
    workflow_id: str
    workflow_name: str
    workflow_json: str
    priority: Annotated[int, Field(ge=0, le=3)]
    timeout_seconds: int
    parameters: dict[str, Any]

    @classmethod
    def of(cls, job: ClaimedJob) -> "JobAssign":
        """The job that was claimed for the robot."""
        return cls(
            job_id=str(job.job_id),
            workflow_id=str(job.workflow_id),
            workflow_name=job.workflow_name,
            workflow_json=json.dumps(job.workflow_json, ensure_ascii=False),
            priority=told_priority(job.priority),
            timeout_seconds=job.timeout_seconds,
            parameters=job.input or {},
        )


class JobCancel(Told):
    """The robot is to stop a job."""

    job_id: str
    reason: str


class ErrorNotice(Told):
    """What was wrong with a message."""

    error_code: Code
    error_message: str
    details: dict[str, Any]


TO_ROBOTS: Mapping[str, type[Told]] = {
    "register_ack": RegisterAck,
    "heartbeat_ack": OfRobot,
    "job_assign": JobAssign,
    "job_cancel": JobCancel,
    "status_request": OfRobot,
    "pause": OfRobot,
    "resume": OfRobot,
    "shutdown": Shutdown,
    "error": ErrorNotice,
}


def told_priority(stored: int) -> int:
    """The document's priority, 3 first, of a stored one: 0 to 20, 0 first."""
    return 3 if stored <= 2 else 2 if stored <= 7 else 1 if stored <= 12 else 0
