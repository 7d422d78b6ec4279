"""How a robot talks to the cloud: what every transport can do, and the values that go through it."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, Self

SignalKind = Literal["cancel_job", "pause", "quarantine", "resume", "drain", "shutdown", "status_request"]

# What a robot does when it is told: a quarantine is the cloud's to keep, the robot only stops asking.
_KINDS: Mapping[str, SignalKind] = {
    "cancel_job": "cancel_job",
    "pause": "pause",
    "quarantine": "quarantine",
    "resume": "resume",
    "release": "resume",
    "drain": "drain",
    "shutdown": "shutdown",
    "status_request": "status_request",
}


def clean_text(text: str) -> str:
    """The text as JSON and a job's record can hold it: no NUL, and `?` for half a surrogate pair."""
    return text.replace("\0", "").encode("utf-8", errors="replace").decode("utf-8")


def shortened(text: str, most: int) -> str:
    """Clean text of at most `most` characters; the end of one that was cut says so."""
    clean = clean_text(text)
    if len(clean) <= most:
        return clean
    note = f"… ({len(clean):,} characters in all)" if most > 1_000 else "…"
    return clean[: most - len(note)] + note


@dataclass(frozen=True, slots=True)
class RobotProfile:
    """What a robot says of itself when it registers (document 002, POST /robots/register).

    `robot_id` is the id that people use (1–64 letters, digits, `_`, `-`), not the uuid.
    """

    robot_id: str
    name: str
    hostname: str
    environment: str = "default"
    capabilities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    max_concurrent_jobs: int = 1
    is_internet: bool = False


@dataclass(frozen=True, slots=True)
class Lease:
    """The time-limited right to a job: the token fences every later write.

    A negative one is this robot's own, as document 001 tells robots none: the service then means the live lease.
    """

    job_id: str
    lease_token: int

    @property
    def known_token(self) -> int | None:
        """The token, as far as the service has told it."""
        return self.lease_token if self.lease_token > 0 else None

    @property
    def as_json(self) -> dict[str, Any]:
        return {"job_id": self.job_id, "lease_token": self.known_token}


def held_as_json(leases: Sequence["Lease"]) -> list[dict[str, Any]] | None:
    """The leases that a registration names; None, which says nothing, when the token of one is not known."""
    return [lease.as_json for lease in leases] if all(lease.known_token for lease in leases) else None


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job this robot holds, with everything that is needed to run it (api-decisions#claims-and-leases)."""

    job_id: str
    lease_token: int
    workflow_id: str
    workflow_name: str
    workflow_json: Any
    input: Mapping[str, Any] = field(default_factory=dict)
    lease_expires_at: str = ""
    attempt: int = 1
    max_attempts: int = 1
    priority: int = 10
    environment: str = "*"
    timeout_seconds: int = 3600

    @property
    def lease(self) -> Lease:
        return Lease(self.job_id, self.lease_token)

    @classmethod
    def from_answer(cls, row: Mapping[str, Any]) -> Self:
        """Reads one row of a claim's answer; keys that a newer service adds are left alone.

        Raises when it is none. The id names files of the robot, so it is a plain word.
        """
        if not re.fullmatch("[0-9A-Za-z_-]{1,64}", row["job_id"]):
            raise ValueError("a job's id is no plain word")
        return cls(
            job_id=row["job_id"],
            lease_token=int(row["lease_token"]),
            workflow_id=str(row.get("workflow_id") or ""),
            workflow_name=str(row.get("workflow_name") or ""),
            workflow_json=row.get("workflow_json"),
            input=row.get("input") or {},
            lease_expires_at=str(row.get("lease_expires_at") or ""),
            attempt=int(row.get("attempt") or 1),
            max_attempts=int(row.get("max_attempts") or 1),
            priority=int(10 if row.get("priority") is None else row["priority"]),
            environment=str(row.get("environment") or "*"),
            timeout_seconds=int(row.get("timeout_seconds") or 3600),
        )


@dataclass(frozen=True, slots=True)
class Renewal:
    """What became of one lease at a renewal. Not renewed means lost: stop the job and discard its result."""

    lease: Lease
    renewed: bool
    cancel_requested: bool = False


def claimed_jobs_of(rows: Sequence[Mapping[str, Any]]) -> list[ClaimedJob]:
    """Reads the answer to a claim."""
    return [ClaimedJob.from_answer(row) for row in rows]


def renewals_of(leases: Sequence[Lease], rows: Sequence[Mapping[str, Any]]) -> list[Renewal]:
    """Reads the answer to a renewal: a row for each lease, in their order (a robot may ask for two of one job)."""
    return [
        Renewal(lease, renewed=bool(row["renewed"]), cancel_requested=bool(row["cancel_requested"]))
        for lease, row in zip(leases, rows, strict=False)
    ]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed. `is_retryable` False says that another try would fail the same way; `retry_at` (ISO 8601)
    that one before it would, too.

    `node_executions` says what had run: `{node_id, node_type, status, duration_ms, runs}` of each node.
    """

    error_message: str
    error_type: str
    stack_trace: str | None = None
    failed_node: str | None = None
    is_retryable: bool = True
    node_executions: list[dict[str, Any]] | None = None
    retry_at: str | None = None

    @classmethod
    def of(cls, message: str, error_type: str, **details: Any) -> Self:
        """A failure within the limits of a job's record: a message of at most 64 KB, names of 255 characters."""
        node, trace = details.pop("failed_node", None), details.pop("stack_trace", None)
        ran = [
            {name: shortened(value, 255) if isinstance(value, str) else value for name, value in item.items()}
            for item in details.pop("node_executions", ())
        ]
        return cls(
            shortened(message, 65536) or shortened(error_type, 255),
            shortened(error_type, 255),
            stack_trace=None if trace is None else clean_text(trace),
            failed_node=None if node is None else shortened(str(node), 255),
            node_executions=ran[:1000] or None,
            **details,
        )


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Up to 1,000 entries `{level, message, node_id, timestamp, extra}`, and their number within the lease."""

    sequence: int
    entries: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class NodeEvent:
    """Something a node of a running workflow did: `node.started` or `node.completed` (document 003, message types)."""

    kind: Literal["node.started", "node.completed"]
    node_id: str
    node_type: str
    timestamp: str
    status: str | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """An order from the cloud, pushed or found in the answer to a heartbeat.

    One with a `command_id` waits in the answers to heartbeats until the robot acknowledges it.
    """

    kind: SignalKind
    job_id: str | None = None
    reason: str | None = None
    command_id: str | None = None


@dataclass(frozen=True, slots=True)
class AssignedTrigger:
    """A trigger that this robot is to watch (GET /triggers/assigned)."""

    trigger_id: str
    name: str
    trigger_type: str
    config: Mapping[str, Any]

    @classmethod
    def from_answer(cls, row: Mapping[str, Any]) -> Self:
        """Reads one row. Raises when it is none: the id names a file of the robot, so it is a plain word."""
        if not re.fullmatch("[0-9A-Za-z_-]{1,64}", row["trigger_id"]):
            raise ValueError("a trigger's id is no plain word")
        return cls(row["trigger_id"], str(row["name"]), str(row["trigger_type"]), dict(row["config"]))


@dataclass(frozen=True, slots=True)
class FiredTrigger:
    """What became of a fire: accepted, duplicate, filtered, or limited and to be tried again in so many seconds."""

    outcome: str
    job_id: str | None
    cooldown_seconds: float

    @classmethod
    def from_answer(cls, row: Mapping[str, Any]) -> Self:
        """Reads the answer; the Data API says `outcome` where the orchestrator says `status`."""
        outcome = row["status"] if "status" in row else row["outcome"]
        return cls(str(outcome), _text(row["job_id"]), float(row.get("cooldown_remaining") or 0))


def assigned_triggers_of(rows: Sequence[Mapping[str, Any]]) -> list[AssignedTrigger]:
    """Reads the list of a robot's triggers."""
    return [AssignedTrigger.from_answer(row) for row in rows]


@dataclass(frozen=True, slots=True)
class HeartbeatAnswer:
    """What the service wants: seconds between heartbeats, orders that were left for this robot, and warnings."""

    interval_seconds: float = 30.0
    signals: tuple[Signal, ...] = ()
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_answer(cls, answer: Any) -> Self:
        """Reads `{heartbeat_interval, warnings[], pending_commands[]}`; a command is a word or an object with one.

        Raises `ValueError` or `TypeError` for fields of another kind.
        """
        if not isinstance(answer, Mapping):
            return cls()
        found = (signal_from(command) for command in answer.get("pending_commands") or ())
        interval_seconds = float(answer.get("heartbeat_interval") or 30.0)
        if not math.isfinite(interval_seconds):
            raise ValueError("heartbeat_interval is no number of seconds")
        return cls(
            interval_seconds=interval_seconds,
            signals=tuple(signal for signal in found if signal is not None),
            warnings=tuple(map(str, answer.get("warnings") or ())),
        )


def signal_from(command: Any, payload: Mapping[str, Any] | None = None) -> Signal | None:
    """The signal that a pushed event or a pending command stands for, or None for an unknown word."""
    if isinstance(command, Mapping):
        payload = command
        command = command.get("command") or command.get("type") or command.get("event")
    payload = payload or {}
    kind = _KINDS.get(command) if isinstance(command, str) else None
    if kind is None:
        return None
    return Signal(kind, *(_text(payload.get(name)) for name in ("job_id", "reason", "command_id")))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


class Transport(Protocol):
    """The calls of a robot. All raise `ApiError`; a stale lease token is 409 `LEASE_LOST`
    (`JOB_ALREADY_FINISHED` when the job has ended), a dead key 401."""

    async def register(self, profile: RobotProfile, held_leases: Sequence[Lease] = ()) -> Mapping[str, Any]:
        """Registers this robot or updates it; must come first.

        Other leases than these go back: they were of a process of this robot that has ended.
        """
        ...

    async def heartbeat(
        self, metrics: Mapping[str, Any], acknowledged: Sequence[str] = (), claims_in_flight: Sequence[str] = ()
    ) -> HeartbeatAnswer:
        """Says that this robot is alive, which commands it has obeyed, which claims it waits for; one try."""
        ...

    async def claim(self, limit: int, lease_seconds: int, claim_id: str | None = None) -> Sequence[ClaimedJob]:
        """Takes up to `limit` jobs; may wait inside when the service offers it.

        With the `claim_id` of a claim whose answer was lost, it is answered again.
        """
        ...

    async def wait_for_doorbell(self) -> None:
        """Returns when it is worth claiming again: a ring, or the end of a pause that grows while nothing comes."""
        ...

    async def next_signal(self) -> Signal:
        """Waits for the next order that was pushed to this robot."""
        ...

    async def start(self, lease: Lease) -> None: ...

    async def renew(self, leases: Sequence[Lease], lease_seconds: int) -> Sequence[Renewal]:
        """Renews these leases; one try, as the caller knows how much time there is for another."""
        ...

    async def progress(self, lease: Lease, percent: int, current_node: str | None, message: str | None) -> bool:
        """Reports progress in percent; returns whether somebody asked to cancel the job."""
        ...

    async def tell_nodes(self, job: ClaimedJob, events: Sequence[NodeEvent]) -> None:
        """Shows those who watch the job what its nodes did. Only a hint: a transport may have no way to do it."""
        ...

    async def complete(self, lease: Lease, result: Mapping[str, Any]) -> None: ...

    async def fail(self, lease: Lease, failure: Failure) -> None: ...

    async def release(self, lease: Lease) -> None:
        """Gives the job back without counting a failure."""
        ...

    async def logs(self, lease: Lease, batch: LogBatch) -> None:
        """Stores a batch; again, it changes nothing. Also shortly after the outcome, from who reported it."""
        ...

    async def assigned_triggers(self) -> Sequence[AssignedTrigger]:
        """The enabled triggers that this robot is to watch."""
        ...

    async def fire_trigger(self, trigger_id: str, payload: Mapping[str, Any], message_id: str) -> FiredTrigger:
        """Fires one of them; the same `message_id` again starts nothing."""
        ...

    async def say_goodbye(self) -> None:
        """Tells the service that this process of the robot leaves; nothing depends on it."""
        ...

    async def close(self) -> None: ...
