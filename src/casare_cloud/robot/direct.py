"""The direct transport: the Data API for every call and Realtime for the bell, without the orchestrator.

The only call to the orchestrator exchanges the robot's key for a short token (`POST /robots/{id}/token`), again before
the token ends. Everything works with Realtime down: the robot then only polls, with growing pauses. What the nodes of a
job do is sent over the same socket, on the job's topic, and only while somebody watches the job.
"""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx2

from casare_cloud.errors import ApiError
from casare_cloud.http import HttpClient, a_list, an_object, api_base, that_reads
from casare_cloud.realtime import RealtimeClient
from casare_cloud.robot.data_api import DataApi
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
    assigned_triggers_of,
    claimed_jobs_of,
    held_as_json,
    renewals_of,
    signal_from,
)
from casare_cloud.robot.watched_jobs import WatchedJobs
from casare_cloud.waiting import any_of, happens_within

POLL_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0)
JOIN_SPREAD_SECONDS = 0.3
OUTCOME = an_object("job_id", "outcome")


class DirectTransport:
    """Robot calls through `/rest/v1/rpc/…` with the robot's own token, woken by its private Realtime channel."""

    def __init__(
        self,
        orchestrator_url: str,
        api_key: str,
        robot_id: str,
        *,
        http_transport: httpx2.AsyncBaseTransport | None = None,
        poll_seconds: Sequence[float] = POLL_SECONDS,
    ) -> None:
        self._orchestrator = HttpClient(
            api_base(orchestrator_url), headers={"X-Api-Key": api_key}, transport=http_transport
        )
        self._data_api = DataApi(self._orchestrator, robot_id, http_transport)
        self._robot_id = robot_id
        self._session_id = str(uuid4())
        self._poll_seconds = poll_seconds
        self._polls_without_work = 0
        self._realtime: RealtimeClient | None = None
        self._realtime_task: asyncio.Task[None] | None = None
        self._signals: asyncio.Queue[Signal] = asyncio.Queue()
        self._rung = asyncio.Event()  # for this robot alone
        self._joined = asyncio.Event()  # as all others may have, which were cut off with it
        self._watched = WatchedJobs(robot_id)

    # Calls

    async def register(self, profile: RobotProfile, held_leases: Sequence[Lease] = ()) -> Mapping[str, Any]:
        """Registers through the Data API; a robot that is not there yet registers with its key first."""
        try:
            await self._data_api.token()
        except ApiError as error:
            if error.status not in (403, 404):
                raise
            body, expected = _registration(profile), an_object("robot_id")
            await self._orchestrator.call("POST", "/robots/register", json=body, expects=expected)
        row: Mapping[str, Any] = await self._data_api.call(
            "register_robot",
            an_object("robot_id"),
            p_external_id=profile.robot_id,
            p_name=profile.name,
            p_hostname=profile.hostname,
            p_capabilities=list(profile.capabilities),
            p_environment=profile.environment,
            p_max_concurrent_jobs=profile.max_concurrent_jobs,
            p_tags=list(profile.tags),
            p_is_internet=profile.is_internet,
            p_session_id=self._session_id,
            p_held_leases=held_as_json(held_leases),
        )
        await self._listen(str(row["robot_id"]))
        return {**row, "warnings": _warnings_of(row)}

    async def heartbeat(
        self, metrics: Mapping[str, Any], acknowledged: Sequence[str] = (), claims_in_flight: Sequence[str] = ()
    ) -> HeartbeatAnswer:
        heard = {"p_acknowledged_commands": list(acknowledged)} if acknowledged else {}
        answer = await self._data_api.call(
            "record_heartbeat",
            that_reads(an_object("heartbeat_seconds"), _heartbeat_answer),
            attempts=1,
            p_metrics=dict(metrics),
            p_session_id=self._session_id,
            p_claims_in_flight=list(claims_in_flight),
            **heard,
        )
        return _heartbeat_answer(answer)

    async def claim(self, limit: int, lease_seconds: int, claim_id: str | None = None) -> Sequence[ClaimedJob]:
        listening = self._realtime is not None and self._realtime.is_joined
        self._rung.clear()
        self._joined.clear()
        self._polls_without_work += 1
        rows = await self._data_api.call(
            "claim_jobs",
            that_reads(a_list("job_id", "lease_token"), claimed_jobs_of),
            attempts=1,
            p_limit=limit,
            p_lease_seconds=lease_seconds,
            p_listening=listening,
            p_claim_id=claim_id,
        )
        if rows:
            self._polls_without_work = 0
        return claimed_jobs_of(rows)

    async def wait_for_doorbell(self) -> None:
        """A ring ends the wait at once: it is meant for this robot alone. A join, before which rings were missed, ends
        it after a random moment: when the service was away, all its robots join at the same time.
        """
        step = min(max(self._polls_without_work, 1), len(self._poll_seconds)) - 1
        pause = self._poll_seconds[step] * random.uniform(0.75, 1.25)  # noqa: S311 - spreading load
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await any_of(self._rung, self._joined)
        if self._rung.is_set() or self._joined.is_set():
            self._polls_without_work = 0
            await happens_within(self._rung, random.uniform(0, JOIN_SPREAD_SECONDS))  # noqa: S311

    async def next_signal(self) -> Signal:
        return await self._signals.get()

    async def start(self, lease: Lease) -> None:
        answer = await self._data_api.call("start_job", an_object("started_at"), **_of_job(lease))
        if answer.get("watched"):
            self._watched.note(lease.job_id)

    async def renew(self, leases: Sequence[Lease], lease_seconds: int) -> Sequence[Renewal]:
        pairs = [lease.as_json for lease in leases]
        rows: list[Mapping[str, Any]] = []
        for start in range(0, len(pairs), 100):
            part = pairs[start : start + 100]
            expected = a_list("renewed", "cancel_requested")
            rows += await self._data_api.call(
                "renew_leases", expected, attempts=1, p_leases=part, p_lease_seconds=lease_seconds
            )
        return renewals_of(leases, rows)

    async def progress(self, lease: Lease, percent: int, current_node: str | None, message: str | None) -> bool:
        answer = await self._data_api.call(
            "report_progress",
            an_object("cancel_requested"),
            attempts=1,
            p_progress=percent,
            p_current_node=current_node,
            p_message=message,
            **_of_job(lease),
        )
        if answer.get("watched"):
            self._watched.note(lease.job_id)
        return bool(answer["cancel_requested"])

    async def tell_nodes(self, job: ClaimedJob, events: Sequence[NodeEvent]) -> None:
        await self._watched.tell_nodes(job, events)

    async def complete(self, lease: Lease, result: Mapping[str, Any]) -> None:
        await self._data_api.call("complete_job", OUTCOME, p_result=dict(result), **_of_job(lease))
        await self._watched.end(lease.job_id)

    async def fail(self, lease: Lease, failure: Failure) -> None:
        named: dict[str, Any] = {} if failure.retry_at is None else {"p_retry_at": failure.retry_at}
        await self._data_api.call(
            "fail_job",
            OUTCOME,
            **_of_job(lease),
            p_error_message=failure.error_message,
            p_error_type=failure.error_type,
            p_stack_trace=failure.stack_trace,
            p_failed_node=failure.failed_node,
            p_retryable=failure.is_retryable,
            p_node_executions=failure.node_executions,
            **named,
        )
        await self._watched.end(lease.job_id)

    async def release(self, lease: Lease) -> None:
        await self._data_api.call("release_job", OUTCOME, **_of_job(lease))
        await self._watched.end(lease.job_id)

    async def logs(self, lease: Lease, batch: LogBatch) -> None:
        await self._data_api.call(
            "append_job_logs", _is_count, p_entries=list(batch.entries), p_sequence=batch.sequence, **_of_job(lease)
        )

    async def assigned_triggers(self) -> Sequence[AssignedTrigger]:
        expected = that_reads(a_list(), assigned_triggers_of)
        return assigned_triggers_of(await self._data_api.call("list_robot_triggers", expected, attempts=1))

    async def fire_trigger(self, trigger_id: str, payload: Mapping[str, Any], message_id: str) -> FiredTrigger:
        answer = await self._data_api.call(
            "fire_trigger",
            that_reads(an_object("outcome", "job_id", "status_code"), FiredTrigger.from_answer),
            attempts=1,
            p_trigger_id=trigger_id,
            p_payload=dict(payload),
            p_message_id=message_id,
        )
        if answer["outcome"] == "rejected":
            code, reason = answer.get("error_code") or "REFUSED", answer.get("reason") or "Refused."
            raise ApiError(int(answer["status_code"]), code, reason)
        return FiredTrigger.from_answer(answer)

    async def say_goodbye(self) -> None:
        await self._data_api.call(
            "set_robot_status",
            an_object("robot_id"),
            attempts=1,
            p_robot=self._robot_id,
            p_status="offline",
            p_session_id=self._session_id,
        )

    async def close(self) -> None:
        if self._realtime_task is not None:
            self._realtime_task.cancel()
            await asyncio.gather(self._realtime_task, return_exceptions=True)
        await self._data_api.close()
        await self._orchestrator.close()

    # Realtime

    async def _listen(self, robot_uuid: str) -> None:
        if self._realtime is not None:
            return
        access = await self._data_api.token()
        own = next((topic for topic in access.topics if topic.startswith("robot:")), f"robot:{robot_uuid}")
        self._realtime = RealtimeClient(access.supabase_url, access.publishable_key, self._realtime_token)
        self._realtime.subscribe(own, self._on_push, on_join=self._joined.set)
        self._watched.send_by(self._realtime, robot_uuid)
        self._realtime_task = asyncio.create_task(self._realtime.run())

    async def _realtime_token(self) -> tuple[str, float]:
        access = await self._data_api.token()
        return access.token, max(access.renew_at - time.monotonic(), 1.0)

    def _on_push(self, event: str, payload: Mapping[str, Any]) -> None:
        if event == "job_available":
            self._rung.set()
        elif event == "job_watched":
            self._watched.note(str(payload.get("job_id")))
        elif (order := signal_from(event, payload)) is not None:
            self._signals.put_nowait(order)


def _of_job(lease: Lease) -> dict[str, Any]:
    return {"p_job_id": lease.job_id, "p_lease_token": lease.known_token}


def _heartbeat_answer(heard: Mapping[str, Any]) -> HeartbeatAnswer:
    """The facts of `record_heartbeat` as the orchestrator would answer them."""
    interval = {"heartbeat_interval": heard.get("heartbeat_seconds")}
    return HeartbeatAnswer.from_answer({**heard, **interval, "warnings": _warnings_of(heard)})


def _warnings_of(robot: Mapping[str, Any]) -> list[str]:
    at = robot.get("other_session_at")
    if at is None:
        return []
    process = f"Another process with the key of robot {robot.get('external_id')}"
    return [f"{process} was alive at {at}. If it still runs, end one of the two."]


def _is_count(answer: Any) -> bool:
    return isinstance(answer, int)


def _registration(profile: RobotProfile) -> dict[str, Any]:
    return {
        "robot_id": profile.robot_id,
        "name": profile.name,
        "hostname": profile.hostname,
        "capabilities": list(profile.capabilities),
        "environment": profile.environment,
        "max_concurrent_jobs": profile.max_concurrent_jobs,
        "tags": list(profile.tags),
    }
