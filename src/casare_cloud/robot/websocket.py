"""The WebSocket transport: the robot protocol of document 001, over one socket to the gateway.

Jobs are pushed as offers and the gateway keeps their tokens, so leases here have negative ones. What the protocol
cannot say goes to the orchestrator: triggers, and results of more than a megabyte (docs/robot-protocol.md, "Our
agent").
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from casare_cloud.errors import ApiError
from casare_cloud.robot.rest import RestTransport
from casare_cloud.robot.socket_link import SocketLink
from casare_cloud.robot.transport import (
    AssignedTrigger,
    ClaimedJob,
    Failure,
    FiredTrigger,
    HeartbeatAnswer,
    Lease,
    LogBatch,
    NodeEvent,
    Renewal,
    RobotProfile,
    Signal,
    shortened,
    signal_from,
)
from casare_cloud.waiting import any_of

CHATTER_SECONDS = 60.0
CHATTER = 100  # messages in that time, by document 001
PROGRESS_SHARE = 40  # beyond which progress is left out; heartbeats, and the log, need the rest
LOOK_SECONDS = 30.0
LOG_BYTES = 500_000  # of lines in a message
EMPTY: Mapping[str, Any] = {}
_LINES = 1_001  # one more than a batch has


def gateway_url(gateway: str, robot_id: str) -> str:
    """The robot's socket at the gateway, or at the orchestrator's port, which serves it as well."""
    base = gateway.rstrip("/").removesuffix("/api/v1")
    return f"{'ws' + base[4:] if base.startswith('http') else base}/ws/robot/{robot_id}"


class WebSocketTransport:
    """Robot calls as messages of document 001."""

    def __init__(self, orchestrator_url: str, api_key: str, robot_id: str, *, gateway: str | None = None) -> None:
        self._rest = RestTransport(orchestrator_url, api_key, robot_id)
        url = gateway_url(gateway or orchestrator_url, robot_id)
        self._link = SocketLink(url, api_key, robot_id, self._registration, self._on_message)
        self._robot_id = robot_id
        self._profile: RobotProfile | None = None
        self._offers: deque[ClaimedJob] = deque()
        self._offered = asyncio.Event()
        self._begun: set[Lease] = set()  # accepted, or of an earlier life, and not ended
        self._signals: asyncio.Queue[Signal] = asyncio.Queue()
        self._said_at: deque[float] = deque()  # chatter of the last minute
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_leaving = False
        self._newest_token = -time.time_ns() // 1_000_000

    async def register(self, profile: RobotProfile, held_leases: Sequence[Lease] = ()) -> Mapping[str, Any]:
        self._profile = profile
        self._begun.update(held_leases)
        acknowledgement = await self._link.register()
        return {"robot_id": profile.robot_id, **_reason_for_no_jobs(acknowledgement)}

    def _registration(self) -> Mapping[str, Any]:
        assert self._profile is not None
        return {
            "robot_id": self._robot_id,
            "robot_name": self._profile.name,
            "hostname": self._profile.hostname,
            "environment": self._profile.environment,
            "max_concurrent_jobs": self._profile.max_concurrent_jobs,
            "tags": list(self._profile.tags),
            "capabilities": list(self._profile.capabilities),
            "is_internet": self._profile.is_internet,
            "active_job_ids": _ids_of(self._begun),
        }

    async def heartbeat(
        self, metrics: Mapping[str, Any], acknowledged: Sequence[str] = (), claims_in_flight: Sequence[str] = ()
    ) -> HeartbeatAnswer:
        """The gateway keeps what a heartbeat leaves out from the one before, so that a session that ended is said."""
        named = [*metrics.get("active_job_ids", ()), *_ids_of(self._begun)]
        await self._beat({"session": None, **metrics, "active_job_ids": list(dict.fromkeys(named))})
        return HeartbeatAnswer(self._link.interval_seconds)

    async def claim(self, limit: int, lease_seconds: int, claim_id: str | None = None) -> Sequence[ClaimedJob]:
        """Jobs that were offered. How long their leases are is the gateway's to say."""
        self._link.check()
        self._offered.clear()
        return [self._offers.popleft() for _ in range(min(limit, len(self._offers)))]

    async def wait_for_doorbell(self) -> None:
        self._link.changed.clear()
        if not self._offers:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS if self._link.is_there else 1.0):
                    await any_of(self._offered, self._link.changed)

    async def next_signal(self) -> Signal:
        return await self._signals.get()

    async def start(self, lease: Lease) -> None:
        self._begun.add(lease)
        await self._end_on_refusal(lease, "job_accept", {"job_id": lease.job_id})

    async def renew(self, leases: Sequence[Lease], lease_seconds: int) -> Sequence[Renewal]:
        """A heartbeat renews what it names. Of a lease that is lost the robot hears as of one to be cancelled."""
        await self._beat({"active_job_ids": _ids_of([*leases, *self._begun])})
        return [Renewal(lease, renewed=True) for lease in leases]

    async def progress(self, lease: Lease, percent: int, current_node: str | None, message: str | None) -> bool:
        """A job to be cancelled is told as a signal. What would be too much in a minute is left out."""
        if self._count_chatter() < PROGRESS_SHARE:
            self._note_chatter()
            said = {"progress": percent, "current_node": current_node, "message": message}
            given = {name: value for name, value in said.items() if value is not None}
            await self._link.tell("job_progress", {"job_id": lease.job_id, **given})
        return False

    async def tell_nodes(self, job: ClaimedJob, events: Sequence[NodeEvent]) -> None:
        """Document 001 has no message for it; those who watch see the current node in the progress."""

    async def complete(self, lease: Lease, result: Mapping[str, Any]) -> None:
        try:
            await self._end_on_refusal(lease, "job_complete", {"job_id": lease.job_id, "result": dict(result)})
        except ApiError as error:
            if error.status != 413:
                raise
            await self._rest.complete(lease, result)
        self._begun.discard(lease)

    async def fail(self, lease: Lease, failure: Failure) -> None:
        said = {
            "error_message": failure.error_message,
            "error_type": failure.error_type,
            "stack_trace": None if failure.stack_trace is None else shortened(failure.stack_trace, 65536),
            "failed_node": failure.failed_node,
            "retryable": failure.is_retryable,
            "retry_at": failure.retry_at,
        }
        given = {name: value for name, value in said.items() if value is not None}
        await self._end_on_refusal(lease, "job_failed", {"job_id": lease.job_id, **given})
        self._begun.discard(lease)

    async def release(self, lease: Lease) -> None:
        if lease in self._begun:
            await self._end_on_refusal(lease, "job_cancelled", {"job_id": lease.job_id})
            self._begun.discard(lease)
        else:
            await self._say("job_reject", {"job_id": lease.job_id, "reason": "The robot takes no jobs now."})

    async def logs(self, lease: Lease, batch: LogBatch) -> None:
        """As many messages as it takes, each with a number of its own, always the same for the same lines."""
        for number, lines in enumerate(_parts_of(batch.entries)):
            if (count := self._count_chatter()) >= CHATTER - 20:
                raise ApiError(429, "RATE_LIMITED", f"{count} messages in a minute.", {"retry-after": "5"})
            said = {"job_id": lease.job_id, "entries": lines, "sequence": batch.sequence * _LINES + number}
            self._note_chatter()
            await self._say("log_batch", said)

    async def assigned_triggers(self) -> Sequence[AssignedTrigger]:
        return await self._rest.assigned_triggers()

    async def fire_trigger(self, trigger_id: str, payload: Mapping[str, Any], message_id: str) -> FiredTrigger:
        return await self._rest.fire_trigger(trigger_id, payload, message_id)

    async def say_goodbye(self) -> None:
        """From now on the gateway offers nothing. The connection ends when the jobs have: with `close`."""
        self._is_leaving = True
        await self._beat({})
        while self._offers:
            await self.release(self._offers.popleft().lease)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self._link.close()
        await self._rest.close()

    async def _end_on_refusal(self, lease: Lease, kind: str, payload: Mapping[str, Any]) -> None:
        """Says something of a job; one that is the robot's no more is not named again."""
        try:
            await self._say(kind, payload)
        except ApiError as error:
            if error.status in (404, 409):
                self._begun.discard(lease)
            raise

    async def _say(self, kind: str, payload: Mapping[str, Any]) -> None:
        self._note_chatter()  # of the heartbeat that follows
        await self._link.say(kind, payload)

    async def _beat(self, payload: Mapping[str, Any]) -> None:
        """One heartbeat too many in a minute does no harm: whatever a robot says keeps its leases."""
        self._note_chatter()
        if self._is_leaving:  # said again, for the connection may be a new one
            payload = {"status": "offline", **payload}
        try:
            await self._link.beat(payload)
        except ApiError as error:
            if error.status != 429:
                raise

    def _on_message(self, kind: str, message_id: str, payload: Mapping[str, Any]) -> None:
        match kind:
            case "job_assign":
                if self._is_leaving:
                    self._answer("job_reject", {"job_id": payload.get("job_id"), "reason": "The robot leaves."})
                    return
                with suppress(KeyError, TypeError, ValueError):  # no job: it is offered to another robot in time
                    self._offers.append(self._job_of(payload))
                    self._offered.set()
            case "job_cancel":
                job_id = str(payload.get("job_id"))
                for job in [job for job in self._offers if job.job_id == job_id]:
                    self._offers.remove(job)
                self._signals.put_nowait(Signal("cancel_job", job_id, payload.get("reason")))
            case "pause" | "resume" | "shutdown":
                order = signal_from(kind)
                assert order is not None
                self._signals.put_nowait(order)
                self._answer("heartbeat")  # the gateway acknowledges the command when it hears of the robot
            case "status_request":
                self._answer("status_response")

    def _answer(self, kind: str, payload: Mapping[str, Any] = EMPTY) -> None:
        async def say() -> None:
            with suppress(ApiError):
                await self._link.tell(kind, payload)

        self._note_chatter()
        task = asyncio.create_task(say())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _job_of(self, payload: Mapping[str, Any]) -> ClaimedJob:
        self._newest_token -= 1
        return ClaimedJob.from_answer({
            **payload,
            "lease_token": self._newest_token,
            "workflow_json": json.loads(payload["workflow_json"]),
            "input": payload.get("parameters"),
            "priority": None,
        })  # fmt: skip

    def _note_chatter(self) -> None:
        self._said_at.append(time.monotonic())

    def _count_chatter(self) -> int:
        while self._said_at and self._said_at[0] < time.monotonic() - CHATTER_SECONDS:
            self._said_at.popleft()
        return len(self._said_at)


def _reason_for_no_jobs(acknowledgement: Mapping[str, Any]) -> dict[str, Any]:
    return {name: acknowledgement[name] for name in ("mode", "quarantined_at") if name in acknowledgement}


def _ids_of(leases: Sequence[Lease] | set[Lease]) -> list[str]:
    return list(dict.fromkeys(lease.job_id for lease in leases))[-1_000:]


def _parts_of(entries: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """The lines in parts that a message takes."""
    parts: list[list[Mapping[str, Any]]] = [[]]
    size = 0
    for entry in entries:
        length = len(json.dumps(entry, ensure_ascii=False, default=str).encode())
        if parts[-1] and size + length > LOG_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(entry)
        size += length
    return parts
