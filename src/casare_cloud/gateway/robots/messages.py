"""The messages of document 001, both directions: what each must hold, how they are read and written.

A message is `{type, id, timestamp, payload, correlation_id}`. Robots may leave out all but `type` and `payload`, and
fields that are not known are ignored. `log_batch` has a second form without `payload`: `{robot_id, sequence, logs}`.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from casare_cloud.domain.jobs.model import ClaimedJob, LogLevel
from casare_cloud.faces.kit.fields import Flag, Integer, Moment, Words
from casare_cloud.faces.kit.problems import sentence_of
from casare_cloud.faces.kit.request_json import read_json
from casare_cloud.faces.kit.shapes import JSON_LEVELS, TOO_DEEP, Report, is_too_deep
from casare_cloud.gateway.robots.problems import Code, Problem

VERSIONS = (1, "1", "1.0", "1.0.0")  # of the protocol; a message need not name it
ID_CHARACTERS = 128

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


@dataclass(frozen=True, slots=True)
class Message:
    """What a robot said."""

    type: str
    id: str | None
    correlation_id: str | None
    said: Said


def read(text: str) -> Message:
    """The message; `Problem` with the id that the answer is to name, if there is one."""
    try:
        data = read_json(text, repairs_text=True)
    except ValueError as error:
        raise Problem("INVALID_JSON", f"The message {error}.") from error
    if not isinstance(data, dict):
        raise Problem("INVALID_MESSAGE", "A message must be a JSON object.")
    message_id = data.get("id")
    try:
        return _message(data)
    except Problem as problem:
        problem.correlation_id = message_id[:ID_CHARACTERS] if isinstance(message_id, str) else None
        raise


def _message(data: dict[str, Any]) -> Message:
    kind = data.get("type")
    if not isinstance(kind, str) or kind not in FROM_ROBOTS:
        raise Problem("INVALID_MESSAGE", _unknown(kind), received_type=kind[:64] if isinstance(kind, str) else None)
    version = data.get("version", data.get("protocol_version", 1))
    if isinstance(version, bool) or version not in VERSIONS:
        raise Problem("INVALID_MESSAGE", "The protocol's version is 1.", received_version=str(version)[:64])
    for name in ("id", "correlation_id"):
        if not _is_short_text(data.get(name)):
            raise Problem(
                "INVALID_MESSAGE", f"{name} must be a text of at most {ID_CHARACTERS} characters.", field=name
            )
    if not _is_moment(data.get("timestamp")):
        raise Problem("INVALID_MESSAGE", "timestamp must be a date and time in ISO 8601.", field="timestamp")
    payload = data.get("payload")
    if payload is None and kind == "log_batch" and "logs" in data:
        payload = {name: data[name] for name in ("robot_id", "job_id", "sequence", "logs") if name in data}
    if not isinstance(payload, dict):
        raise Problem("INVALID_PAYLOAD", "payload: must be an object.", field="payload")
    if is_too_deep(payload, JSON_LEVELS):
        raise Problem("INVALID_PAYLOAD", f"payload {TOO_DEEP}.", field="payload")
    try:
        said = FROM_ROBOTS[kind].model_validate(payload)
    except ValidationError as error:
        errors: list[dict[str, Any]] = [
            {**item, "loc": ("body", *item["loc"])}
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        place = [str(part) for part in errors[0]["loc"][1:]]
        raise Problem("INVALID_PAYLOAD", sentence_of(errors), field=".".join(place)) from error
    return Message(kind, data.get("id"), data.get("correlation_id"), said)


def _unknown(kind: Any) -> str:
    if isinstance(kind, str) and kind in TO_ROBOTS:
        return f"{kind} is a message to robots, not of robots."
    return f"Unknown message type: {kind[:64]}" if isinstance(kind, str) else "type must be the name of a message."


def _is_short_text(value: Any) -> bool:
    return value is None or (isinstance(value, str) and len(value) <= ID_CHARACTERS)


def _is_moment(value: Any) -> bool:
    if value is None:
        return True
    try:
        return isinstance(value, str) and datetime.fromisoformat(value) is not None
    except ValueError:
        return False


def write(kind: str, told: Told, correlation_id: str | None = None, message_id: str | None = None) -> str:
    """The text of a message to a robot."""
    assert isinstance(told, TO_ROBOTS[kind])
    message = {
        "type": kind,
        "id": message_id or str(uuid4()),
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "payload": {name: value for name, value in told.model_dump().items() if value is not None},
        "correlation_id": correlation_id,
    }
    return json.dumps(message, ensure_ascii=False)
