"""The transport of agents: the automation face's endpoints (document 004) with an agent's token.

An agent knows no lease: it holds what it claimed as long as it is heard of, and each heartbeat says what that is. So a
heartbeat is the renewal, a task that it does not name is another's by now, and one that this process knows nothing of
(the answer to its claim was lost, or an earlier process took it) is given back. See docs/automation.md, "Agents".
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx2

from casare_cloud.errors import ApiError
from casare_cloud.http import HttpClient, an_object, api_base, backoff_delays, that_reads
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
)

HEARTBEAT_SECONDS = 30.0
POLL_SECONDS, MOST_POLL_SECONDS = 1.0, 5.0  # there is no bell: how long after a claim that brought nothing
MOST_ERROR_CHARACTERS = 65_536
_HEARD = an_object("task_ids", "cancel_requested")


class AutomationTransport:
    """Robot calls as those of an agent. Cancellations come with the answers to heartbeats; progress is told nobody."""

    def __init__(
        self,
        automation_url: str,
        token: str,
        agent_id: str,
        *,
        http_transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = HttpClient(api_base(automation_url), headers=headers, transport=http_transport)
        self._agent_id = agent_id
        self._capabilities: list[str] | None = None
        self._metrics: Mapping[str, Any] = {}
        self._tasks: dict[str, Lease] = {}  # what this process was given, or has the outcome of, and has not ended
        self._cancelled: set[str] = set()
        self._claims = 0  # under way
        self._is_answer_lost = False  # of a claim, which may have taken a task
        self._pauses = backoff_delays(POLL_SECONDS, MOST_POLL_SECONDS)
        self._newest_token = -time.time_ns() // 1_000_000

    async def register(self, profile: RobotProfile, held_leases: Sequence[Lease] = ()) -> Mapping[str, Any]:
        """The agent is registered already: this proves its token, and gives back what an earlier process of it held."""
        self._capabilities = list(profile.capabilities) or None
        self._tasks = {lease.job_id: lease for lease in held_leases}
        await self._hear(attempts=None)
        return {"robot_id": self._agent_id}

    async def heartbeat(
        self, metrics: Mapping[str, Any], acknowledged: Sequence[str] = (), claims_in_flight: Sequence[str] = ()
    ) -> HeartbeatAnswer:
        self._metrics = metrics
        await self._hear()
        signals = tuple(Signal("cancel_job", task_id) for task_id in sorted(self._cancelled))
        return HeartbeatAnswer(HEARTBEAT_SECONDS, signals)

    async def _hear(self, attempts: int | None = 1) -> set[str]:
        """The tasks that the agent holds, after a heartbeat; gives back those that nothing here knows of."""
        path, body = f"/agents/{self._agent_id}/heartbeat", {"metrics": dict(self._metrics)}
        try:
            heard = await self._http.call("POST", path, json=body, attempts=attempts, expects=_HEARD)
        except ApiError as error:
            if error.status == 404:  # taken away after its token was looked at; from now on the token is refused
                raise ApiError(401, error.code, error.message) from error
            raise
        held = set(heard["task_ids"])
        self._cancelled = set(heard["cancel_requested"])
        if not self._claims:  # the answer to one that is under way may bring it
            for task_id in sorted(held - self._tasks.keys()):
                with suppress(ApiError):
                    await self._http.call("POST", f"/agent-tasks/{task_id}/release", attempts=1)
        return held

    async def claim(self, limit: int, lease_seconds: int, claim_id: str | None = None) -> Sequence[ClaimedJob]:
        """Tasks, one request each. How long they are held is the service's to say."""
        jobs: list[ClaimedJob] = []
        self._claims += 1
        try:
            while len(jobs) < limit and (task := await self._claim_one()) is not None:
                jobs.append(task)
                self._tasks[task.job_id] = task.lease
        except ApiError:
            self._is_answer_lost = True
            if not jobs:
                raise
        finally:
            self._claims -= 1
        if jobs:
            self._pauses = backoff_delays(POLL_SECONDS, MOST_POLL_SECONDS)
        return jobs

    async def _claim_one(self) -> ClaimedJob | None:
        self._newest_token += 1
        token = self._newest_token

        def read(answer: Any) -> ClaimedJob | None:
            task = answer["task"]
            return None if task is None else _job_of(task, token)

        body = {"agent_id": self._agent_id, "capabilities": self._capabilities}
        expected = that_reads(an_object("task"), read)
        return read(await self._http.call("POST", "/agent-tasks/claim", json=body, attempts=1, expects=expected))

    async def wait_for_doorbell(self) -> None:
        """Nobody rings an agent: it looks again after a while."""
        if self._is_answer_lost:
            with suppress(ApiError):
                await self._hear()
                self._is_answer_lost = False
        await asyncio.sleep(next(self._pauses))

    async def next_signal(self) -> Signal:
        """Nothing is pushed to an agent; waits for ever."""
        never: asyncio.Future[Signal] = asyncio.get_running_loop().create_future()
        return await never

    async def start(self, lease: Lease) -> None:
        """The claim has begun it."""

    async def renew(self, leases: Sequence[Lease], lease_seconds: int) -> Sequence[Renewal]:
        held = await self._hear()
        return [
            Renewal(
                lease,
                renewed=lease.job_id in held and self._tasks.get(lease.job_id) == lease,
                cancel_requested=lease.job_id in self._cancelled,
            )
            for lease in leases
        ]

    async def progress(self, lease: Lease, percent: int, current_node: str | None, message: str | None) -> bool:
        """Document 004 has no word for how far a task is; only whether it was cancelled, as far as that is known."""
        return lease.job_id in self._cancelled

    async def tell_nodes(self, job: ClaimedJob, events: Sequence[NodeEvent]) -> None:
        """The automation face takes no events of steps; the result has what became of them."""

    async def complete(self, lease: Lease, result: Mapping[str, Any]) -> None:
        milliseconds = result.get("duration_ms")
        body: dict[str, Any] = {"status": "completed", "output": dict(result)}
        if isinstance(milliseconds, int):
            body["duration_ms"] = milliseconds
        await self._end(lease, "result", body)

    async def fail(self, lease: Lease, failure: Failure) -> None:
        """Final: document 004 has people retry what failed."""
        said = shortened(f"{failure.error_type}: {failure.error_message}", MOST_ERROR_CHARACTERS)
        ran = failure.node_executions
        body = {"status": "failed", "error_message": said, "output": {"node_executions": ran} if ran else None}
        await self._end(lease, "result", body)

    async def release(self, lease: Lease) -> None:
        await self._end(lease, "release", None)

    async def logs(self, lease: Lease, batch: LogBatch) -> None:
        words = {"node_id": "step_id", "extra": "context"}
        entries = [
            {words.get(name, name): value for name, value in entry.items() if value is not None}
            for entry in batch.entries
        ]
        await self._about(lease, "logs", {"entries": entries, "sequence": batch.sequence}, "accepted")

    async def assigned_triggers(self) -> Sequence[AssignedTrigger]:
        """Agents watch nothing."""
        return ()

    async def fire_trigger(self, trigger_id: str, payload: Mapping[str, Any], message_id: str) -> FiredTrigger:
        raise ApiError(501, "COMES_LATER", "Agents of the automation face watch no triggers.")

    async def say_goodbye(self) -> None:
        """Document 004 has no word for it: the service notices when heartbeats stay away."""

    async def close(self) -> None:
        await self._http.close()

    async def _end(self, lease: Lease, verb: str, body: Any) -> None:
        """The task has ended, or is another's, when this returns or the service has refused it."""
        try:
            await self._about(lease, verb, body, "status")
        except ApiError as error:
            if error.code == "LEASE_LOST":
                self._forget(lease)
            raise
        self._forget(lease)

    def _forget(self, lease: Lease) -> None:
        if self._tasks.get(lease.job_id) == lease:
            del self._tasks[lease.job_id]

    async def _about(self, lease: Lease, verb: str, body: Any, expected: str) -> Any:
        """The answer to a call about a task; its refusals as every transport has them."""
        path = f"/agent-tasks/{lease.job_id}/{verb}"
        try:
            return await self._http.call("POST", path, json=body, expects=an_object(expected))
        except ApiError as error:
            if error.code == "JOB_NOT_FOUND":
                raise ApiError(409, "LEASE_LOST", error.message, error.headers) from error
            if error.status == 422:
                raise ApiError(400, error.code, error.message, error.headers) from error
            raise


def _job_of(task: Mapping[str, Any], token: int) -> ClaimedJob:
    """A task as a claimed job, whose lease has a token of ours. Raises when it is none."""
    words = {"execution_id": "job_id", "definition": "workflow_json", "parameters": "input"}
    row = {words.get(name, name): value for name, value in task.items()}
    return ClaimedJob.from_answer({**row, "lease_token": token})
