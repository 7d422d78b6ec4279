"""A transport without a network: a queue of jobs, and switches for everything that can go wrong."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import count
from typing import Any

from casare_cloud.errors import ApiError
from casare_cloud.http import Unreachable
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
)


class FakeTransport:
    """Holds leases as the service does; `calls` lists what was called, `outcomes` what was reported for each job."""

    def __init__(self) -> None:
        self.waiting: list[ClaimedJob] = []
        self.held: dict[str, int] = {}
        self.calls: list[str] = []
        self.outcomes: dict[str, tuple[str, Any]] = {}
        self.ended: set[Lease] = set()
        self.log_batches: list[list[Mapping[str, Any]]] = []
        self.log_numbers: set[tuple[Lease, int]] = set()
        self.progress_reports: list[tuple[str, int, str | None]] = []
        self.limits: list[int] = []
        self.node_events: list[NodeEvent] = []
        self.is_down = False
        self.key_is_dead = False
        self.cancelled: set[str] = set()
        self.orders: asyncio.Queue[Signal] = asyncio.Queue()
        self.pending: list[Signal] = []
        self.acknowledged: list[str] = []
        self.bell = asyncio.Event()
        self.claiming = asyncio.Event()
        self.claim_may_answer = asyncio.Event()
        self.claim_may_answer.set()
        self.refuse_result: ApiError | None = None
        self.metrics: list[Mapping[str, Any]] = []
        self.warnings: list[str] = []
        self.mode = "active"
        self.quarantined_at: str | None = None
        self.known_leases: list[Lease] = []
        self.claim_ids: list[str | None] = []
        self.claims_in_flight: list[str] = []
        self.lose_claim = False
        self.lost_claims: dict[str | None, list[ClaimedJob]] = {}
        self.start_fails = 0
        self.triggers: list[AssignedTrigger] = []
        self.fired: list[tuple[Mapping[str, Any], str]] = []
        self.fire_outcomes: list[FiredTrigger | ApiError] = []
        self._tokens = count(1)

    def add(self, definition: Any, *, job_id: str | None = None, timeout_seconds: int = 60, **input: Any) -> str:
        token = next(self._tokens)
        job_id = job_id or f"job-{token}"
        job = ClaimedJob(job_id, token, "w", "Workflow", definition, input, timeout_seconds=timeout_seconds)
        self.waiting.append(job)
        self.bell.set()
        return job_id

    def take_away(self, job_id: str) -> None:
        """As if the lease had ended and another robot had the job."""
        self.held[job_id] = next(self._tokens)

    def _call(self, name: str, lease: Lease | None = None) -> None:
        self.calls.append(name)
        if self.is_down:
            raise Unreachable("down")
        if self.key_is_dead:
            raise ApiError(401, "AUTHENTICATION_FAILED", "The key is not known.")
        if lease is not None and self.held.get(lease.job_id) != lease.lease_token:
            raise ApiError(409, "LEASE_LOST", "The lease is lost.")

    async def register(self, profile: RobotProfile, held_leases: Sequence[Lease] = ()) -> Mapping[str, Any]:
        self._call("register")
        self.known_leases = list(held_leases)
        return {"mode": self.mode, "quarantined_at": self.quarantined_at, "warnings": self.warnings}

    async def heartbeat(
        self, metrics: Mapping[str, Any], acknowledged: Sequence[str] = (), claims_in_flight: Sequence[str] = ()
    ) -> HeartbeatAnswer:
        self._call("heartbeat")
        self.metrics.append(metrics)
        self.acknowledged += acknowledged
        self.claims_in_flight = list(claims_in_flight)
        pending, self.pending = tuple(self.pending), []
        return HeartbeatAnswer(0.05, pending, tuple(self.warnings))

    async def claim(self, limit: int, lease_seconds: int, claim_id: str | None = None) -> Sequence[ClaimedJob]:
        self._call("claim")
        self.limits.append(limit)
        self.claiming.set()
        self.claim_ids.append(claim_id)
        await self.claim_may_answer.wait()
        if claim_id in self.lost_claims:
            return self.lost_claims.pop(claim_id)
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        self.held |= {job.job_id: job.lease_token for job in taken}
        if taken and self.lose_claim:
            self.lose_claim = False
            self.lost_claims[claim_id] = taken
            raise Unreachable("the answer was lost")
        return taken

    async def wait_for_doorbell(self) -> None:
        try:
            await asyncio.wait_for(self.bell.wait(), 0.05)
        except TimeoutError:
            return
        self.bell.clear()

    async def next_signal(self) -> Signal:
        return await self.orders.get()

    async def start(self, lease: Lease) -> None:
        self._call("start", lease)
        if self.start_fails:
            self.start_fails -= 1
            raise Unreachable("the answer was lost")

    async def renew(self, leases: Sequence[Lease], lease_seconds: int) -> Sequence[Renewal]:
        self._call("renew")
        return [
            Renewal(lease, self.held.get(lease.job_id) == lease.lease_token, lease.job_id in self.cancelled)
            for lease in leases
        ]

    async def progress(self, lease: Lease, percent: int, current_node: str | None, message: str | None) -> bool:
        self._call("progress", lease)
        self.progress_reports.append((lease.job_id, percent, current_node))
        return lease.job_id in self.cancelled

    async def tell_nodes(self, job: ClaimedJob, events: Sequence[NodeEvent]) -> None:
        self.node_events += events

    async def complete(self, lease: Lease, result: Mapping[str, Any]) -> None:
        if self.refuse_result is not None:
            raise self.refuse_result
        _encode(result)
        self._end("complete", lease, result)

    async def fail(self, lease: Lease, failure: Failure) -> None:
        _encode(asdict(failure))
        self._end("fail", lease, failure)

    async def release(self, lease: Lease) -> None:
        self._end("release", lease, None)

    def _end(self, name: str, lease: Lease, what: Any) -> None:
        self._call(name, lease)
        del self.held[lease.job_id]
        if name != "release":
            self.ended.add(lease)
        self.outcomes[lease.job_id] = (name, what)

    async def logs(self, lease: Lease, batch: LogBatch) -> None:
        _encode(list(batch.entries))
        self._call("logs", None if lease in self.ended else lease)
        assert len(batch.entries) <= 1_000
        if (lease, batch.sequence) not in self.log_numbers:
            self.log_numbers.add((lease, batch.sequence))
            self.log_batches.append(list(batch.entries))

    async def assigned_triggers(self) -> Sequence[AssignedTrigger]:
        if self.is_down:
            raise Unreachable("down")
        return self.triggers

    async def fire_trigger(self, trigger_id: str, payload: Mapping[str, Any], message_id: str) -> FiredTrigger:
        if self.is_down:
            raise Unreachable("down")
        outcome = self.fire_outcomes.pop(0) if self.fire_outcomes else FiredTrigger("accepted", "j", 0)
        if isinstance(outcome, ApiError):
            raise outcome
        if outcome.outcome == "accepted":
            self.fired.append((payload, message_id))
        return outcome

    async def say_goodbye(self) -> None:
        self._call("say_goodbye")

    async def close(self) -> None:
        self.calls.append("close")


def _encode(body: Any) -> None:
    """Raises what a client that sends JSON raises when there is no JSON of this."""
    json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
