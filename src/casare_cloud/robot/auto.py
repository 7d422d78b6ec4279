"""The transport `auto`: WebSocket, and when that is blocked direct, and when that is blocked REST."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, TypeVar

from casare_cloud.errors import ApiError
from casare_cloud.http import Unreachable, may_pass
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
    Transport,
)

TRY_SECONDS = 20.0  # for a transport to register the robot
BLOCKED_SECONDS = 45.0  # without an answer, before another one is tried
GOODBYE_SECONDS = 3.0  # for a change that is under way when the robot leaves

Name = Literal["websocket", "direct", "rest"]
T = TypeVar("T")


class AutoTransport:
    """Uses the first of the transports that works. `make` gives each anew by its name; `say` tells people of a change.

    A lease outlives the change: who knows its token goes on with it, and who does not means the robot's live one.
    """

    def __init__(self, names: Sequence[Name], make: Callable[[Name], Transport], say: Callable[[str], None]) -> None:
        self._names = names
        self._make = make
        self._say = say
        self._name = names[0]
        self._current = make(names[0])
        self._profile: RobotProfile | None = None
        self._held: set[Lease] = set()
        self._changed = asyncio.Event()
        self._changing: asyncio.Task[None] | None = None
        self._silent_since: float | None = None
        self._has_left = False

    async def register(self, profile: RobotProfile, held_leases: Sequence[Lease] = ()) -> Mapping[str, Any]:
        self._profile = profile
        self._held.update(held_leases)
        return await self._register_first()

    async def _register_first(self) -> Mapping[str, Any]:
        """Registers with the first transport that can; raises what the last one says, or what is final."""
        assert self._profile is not None
        failure: ApiError = Unreachable("no transport was tried")
        for name in self._names:
            candidate = self._current if name == self._name else self._make(name)
            try:
                async with asyncio.timeout(TRY_SECONDS):
                    answer = await candidate.register(self._profile, list(self._held))
            except (ApiError, TimeoutError) as error:
                failure = error if isinstance(error, ApiError) else Unreachable(f"{name} does not answer in time")
                if candidate is not self._current:
                    await candidate.close()
                if not (may_pass(failure) or failure.status == 404):
                    raise failure from error
                self._say(f"{name} is blocked ({failure.message.removesuffix('.')})")
                continue
            except asyncio.CancelledError:
                if candidate is not self._current:
                    await candidate.close()
                raise
            before, self._current = self._current, candidate
            if before is not candidate:
                await before.close()
            self._silent_since = None
            self._name = name
            self._changed.set()
            self._say(f"connected by {name}")
            return answer
        raise failure

    async def _call(self, call: Callable[[Transport], Awaitable[T]]) -> T:
        """The answer of the transport in use; after a while without one the others are tried."""
        now = asyncio.get_running_loop().time
        used = self._current
        try:
            answer = await call(used)
        except Unreachable:
            if self._silent_since is None:
                self._silent_since = now()
            if now() - self._silent_since >= BLOCKED_SECONDS:
                self._silent_since = now()
                if self._changing is None or self._changing.done():
                    self._changing = asyncio.create_task(self._change())
            raise
        self._silent_since = None
        return answer

    async def _change(self) -> None:
        with suppress(ApiError):  # what is final is said to the next call, too
            await self._register_first()
            if self._has_left:  # the registration has brought the robot back
                await self._current.say_goodbye()

    async def _of_job(self, lease: Lease, call: Callable[[Transport], Awaitable[T]], *, is_last: bool = False) -> T:
        """A call about a job, which is held no more after its last one, or when the service says so."""
        try:
            answer = await self._call(call)
        except ApiError as error:
            if error.status in (404, 409):
                self._held.discard(lease)
            raise
        if is_last:
            self._held.discard(lease)
        return answer

    async def heartbeat(
        self, metrics: Mapping[str, Any], acknowledged: Sequence[str] = (), claims_in_flight: Sequence[str] = ()
    ) -> HeartbeatAnswer:
        return await self._call(lambda used: used.heartbeat(metrics, acknowledged, claims_in_flight))

    async def claim(self, limit: int, lease_seconds: int, claim_id: str | None = None) -> Sequence[ClaimedJob]:
        jobs = await self._call(lambda used: used.claim(limit, lease_seconds, claim_id))
        self._held.update(job.lease for job in jobs)
        return jobs

    async def wait_for_doorbell(self) -> None:
        await self._current.wait_for_doorbell()

    async def next_signal(self) -> Signal:
        while True:
            self._changed.clear()
            signal = asyncio.ensure_future(self._current.next_signal())
            changed = asyncio.ensure_future(self._changed.wait())
            try:
                await asyncio.wait({signal, changed}, return_when=asyncio.FIRST_COMPLETED)
                if signal.done():
                    return signal.result()
            finally:
                signal.cancel()
                changed.cancel()

    async def start(self, lease: Lease) -> None:
        await self._of_job(lease, lambda used: used.start(lease))

    async def renew(self, leases: Sequence[Lease], lease_seconds: int) -> Sequence[Renewal]:
        renewals = await self._call(lambda used: used.renew(leases, lease_seconds))
        self._held.difference_update(renewal.lease for renewal in renewals if not renewal.renewed)
        return renewals

    async def progress(self, lease: Lease, percent: int, current_node: str | None, message: str | None) -> bool:
        return await self._of_job(lease, lambda used: used.progress(lease, percent, current_node, message))

    async def tell_nodes(self, job: ClaimedJob, events: Sequence[NodeEvent]) -> None:
        await self._current.tell_nodes(job, events)

    async def complete(self, lease: Lease, result: Mapping[str, Any]) -> None:
        await self._of_job(lease, lambda used: used.complete(lease, result), is_last=True)

    async def fail(self, lease: Lease, failure: Failure) -> None:
        await self._of_job(lease, lambda used: used.fail(lease, failure), is_last=True)

    async def release(self, lease: Lease) -> None:
        await self._of_job(lease, lambda used: used.release(lease), is_last=True)

    async def logs(self, lease: Lease, batch: LogBatch) -> None:
        await self._call(lambda used: used.logs(lease, batch))

    async def assigned_triggers(self) -> Sequence[AssignedTrigger]:
        return await self._current.assigned_triggers()

    async def fire_trigger(self, trigger_id: str, payload: Mapping[str, Any], message_id: str) -> FiredTrigger:
        return await self._current.fire_trigger(trigger_id, payload, message_id)

    async def say_goodbye(self) -> None:
        self._has_left = True
        await self._current.say_goodbye()

    async def close(self) -> None:
        if self._changing is not None:
            await asyncio.wait({self._changing}, timeout=GOODBYE_SECONDS)
            self._changing.cancel()
            await asyncio.gather(self._changing, return_exceptions=True)
        await self._current.close()
