"""The REST transport: the orchestrator's endpoints with `X-Api-Key`, claiming by long poll."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import uuid4

import httpx2

from casare_cloud.errors import ApiError
from casare_cloud.http import Check, HttpClient, a_list, an_object, api_base, backoff_delays, that_reads
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
)

CLAIM_WAIT_SECONDS = 20
OUTCOME = ("job_id", "outcome")


class RestTransport:
    """Robot calls over HTTP. Orders arrive with the answers to heartbeats, renewals and progress reports."""

    def __init__(
        self,
        orchestrator_url: str,
        api_key: str,
        robot_id: str,
        *,
        claim_wait_seconds: int = CLAIM_WAIT_SECONDS,
        http_transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = HttpClient(api_base(orchestrator_url), headers={"X-Api-Key": api_key}, transport=http_transport)
        self._robot_id = robot_id
        self._session_id = str(uuid4())
        self._environment: str | None = None
        self._claim_wait_seconds = claim_wait_seconds
        self._pauses = backoff_delays(0.5, 10.0)
        self._claim_is_polling = True

    async def register(self, profile: RobotProfile, held_leases: Sequence[Lease] = ()) -> Mapping[str, Any]:
        self._environment = profile.environment
        body = {
            "robot_id": profile.robot_id,
            "name": profile.name,
            "hostname": profile.hostname,
            "capabilities": list(profile.capabilities),
            "environment": profile.environment,
            "max_concurrent_jobs": profile.max_concurrent_jobs,
            "tags": list(profile.tags),
            "session_id": self._session_id,
            "held_leases": held_as_json(held_leases),
        }
        if profile.is_internet:
            body["is_internet"] = True
        answer: Mapping[str, Any] = await self._http.call(
            "POST", "/robots/register", json=body, expects=an_object("robot_id")
        )
        return answer

    async def heartbeat(
        self, metrics: Mapping[str, Any], acknowledged: Sequence[str] = (), claims_in_flight: Sequence[str] = ()
    ) -> HeartbeatAnswer:
        path = f"/robots/{self._robot_id}/heartbeat"
        body = {**metrics, "session_id": self._session_id, "claims_in_flight": list(claims_in_flight)}
        if acknowledged:
            body["acknowledged_commands"] = list(acknowledged)
        expected = that_reads(an_object("heartbeat_interval"), HeartbeatAnswer.from_answer)
        return HeartbeatAnswer.from_answer(await self._http.call("POST", path, json=body, attempts=1, expects=expected))

    async def claim(self, limit: int, lease_seconds: int, claim_id: str | None = None) -> Sequence[ClaimedJob]:
        body: dict[str, Any] = {
            "limit": limit,
            "lease_seconds": lease_seconds,
            "wait_seconds": self._claim_wait_seconds,
            "claim_id": claim_id,
        }
        self._claim_is_polling = False
        started = asyncio.get_running_loop().time()
        answer = await self._http.call(
            "POST",
            "/jobs/claim",
            json=body,
            timeout=self._claim_wait_seconds + 15.0,
            attempts=1,
            expects=that_reads(_rows("jobs", "job_id", "lease_token"), lambda found: claimed_jobs_of(found["jobs"])),
        )
        jobs = claimed_jobs_of(answer["jobs"])
        waited = asyncio.get_running_loop().time() - started
        self._claim_is_polling = bool(jobs) or waited >= min(1.0, self._claim_wait_seconds / 2)
        return jobs

    async def wait_for_doorbell(self) -> None:
        """The long poll was the wait; pause only when it failed, or was answered at once."""
        if self._claim_is_polling:
            self._pauses = backoff_delays(0.5, 10.0)
            return
        await asyncio.sleep(next(self._pauses))

    async def next_signal(self) -> Signal:
        """Nothing is pushed over REST; waits for ever."""
        never: asyncio.Future[Signal] = asyncio.get_running_loop().create_future()
        return await never

    async def start(self, lease: Lease) -> None:
        await self._for_job(lease, "start", ("started_at",))

    async def renew(self, leases: Sequence[Lease], lease_seconds: int) -> Sequence[Renewal]:
        if len(leases) == 1:
            return [await self._renew_one(leases[0], lease_seconds)]
        renewals: list[Renewal] = []
        for start in range(0, len(leases), 100):  # as many as one request takes
            part = leases[start : start + 100]
            asked = [lease.as_json for lease in part]
            body = {"leases": asked, "lease_seconds": lease_seconds}
            answer = await self._http.call(
                "POST",
                "/jobs/batch/extend-lease",
                json=body,
                attempts=1,
                expects=_rows("leases", "renewed", "cancel_requested"),
            )
            renewals += renewals_of(part, answer["leases"])
        return renewals

    async def _renew_one(self, lease: Lease, lease_seconds: int) -> Renewal:
        try:
            answer = await self._for_job(
                lease, "extend-lease", ("renewed", "cancel_requested"), attempts=1, lease_seconds=lease_seconds
            )
        except ApiError as error:
            if error.status in (404, 409):
                return Renewal(lease, renewed=False)
            raise
        return Renewal(lease, renewed=True, cancel_requested=bool(answer["cancel_requested"]))

    async def progress(self, lease: Lease, percent: int, current_node: str | None, message: str | None) -> bool:
        body: dict[str, Any] = {"progress": percent, "lease_token": lease.known_token}
        if current_node is not None:
            body["current_node"] = current_node
        if message is not None:
            body["message"] = message
        answer = await self._http.call(
            "PUT", f"/jobs/{lease.job_id}/progress", json=body, attempts=1, expects=an_object("cancel_requested")
        )
        return bool(answer["cancel_requested"])

    async def tell_nodes(self, job: ClaimedJob, events: Sequence[NodeEvent]) -> None:
        """The orchestrator takes no node events; those who watch see the current node in the progress."""

    async def complete(self, lease: Lease, result: Mapping[str, Any]) -> None:
        await self._for_job(lease, "complete", OUTCOME, result=dict(result))

    async def fail(self, lease: Lease, failure: Failure) -> None:
        body = asdict(failure)
        body["retryable"] = body.pop("is_retryable")
        given = {name: value for name, value in body.items() if value is not None}
        await self._for_job(lease, "fail", OUTCOME, **given)

    async def release(self, lease: Lease) -> None:
        await self._for_job(lease, "release", OUTCOME)

    async def logs(self, lease: Lease, batch: LogBatch) -> None:
        await self._for_job(lease, "logs", ("accepted",), entries=list(batch.entries), sequence=batch.sequence)

    async def assigned_triggers(self) -> Sequence[AssignedTrigger]:
        expected = that_reads(_rows("triggers"), lambda found: assigned_triggers_of(found["triggers"]))
        answer = await self._http.call("GET", "/triggers/assigned", attempts=1, expects=expected)
        return assigned_triggers_of(answer["triggers"])

    async def fire_trigger(self, trigger_id: str, payload: Mapping[str, Any], message_id: str) -> FiredTrigger:
        path = f"/triggers/{trigger_id}/fire"
        body = {"payload": dict(payload), "delivery_id": message_id}
        expected = that_reads(an_object("status", "job_id"), FiredTrigger.from_answer)
        return FiredTrigger.from_answer(await self._http.call("POST", path, json=body, attempts=1, expects=expected))

    async def say_goodbye(self) -> None:
        await self._http.call(
            "PUT",
            f"/robots/{self._robot_id}/status",
            json={"status": "offline", "session_id": self._session_id},
            timeout=3,
            attempts=1,
            expects=an_object("robot_id"),
        )

    async def close(self) -> None:
        await self._http.close()

    async def _for_job(
        self, lease: Lease, verb: str, expected: Sequence[str], *, attempts: int | None = None, **body: Any
    ) -> Any:
        """The answer to a call about one job, which has the `expected` fields."""
        body["lease_token"] = lease.known_token
        path = f"/jobs/{lease.job_id}/{verb}"
        return await self._http.call("POST", path, json=body, attempts=attempts, expects=an_object(*expected))


def _rows(name: str, *names: str) -> Check:
    """An object whose field `name` is a list of objects with the fields `names`."""
    is_list = a_list(*names)
    return lambda answer: isinstance(answer, dict) and is_list(answer.get(name))
