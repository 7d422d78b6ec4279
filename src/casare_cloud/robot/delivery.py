"""Hands outcomes to the service: from disk, so that neither a crash nor a dead network loses one."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from casare_cloud.errors import ApiError
from casare_cloud.http import backoff_delays, may_pass
from casare_cloud.robot.spool import Outcome, Spool
from casare_cloud.robot.transport import Failure, Lease, Transport

LOG_BATCH = 1_000


class Delivery:
    """Keeps every outcome in the spool, or in memory where the disk fails, until the service has taken or refused it.

    `waiting` are the leases of outcomes that could not be sent yet: they are worth renewing. `emit` gets the kind
    of an event, its message and the job's id.
    """

    def __init__(self, transport: Transport, folder: Path, emit: Callable[[str, str, str | None], None]) -> None:
        self.waiting: set[Lease] = set()
        self._transport = transport
        self._spool = Spool(folder)
        self._emit = emit
        self._in_hand: set[Lease] = set()
        self._unkept: dict[Lease, Outcome] = {}
        self._settled: set[Lease] = set()  # whose files could not be removed
        self._wake = asyncio.Event()

    async def deliver(self, outcome: Outcome) -> bool:
        """Sends the outcome now if possible; False leaves it to `keep_trying`. Raises when the key is refused."""
        lease = outcome.lease
        self._in_hand.add(lease)
        try:
            self._keep(outcome)
            await self._send(outcome)
            return True
        except ApiError as error:
            if not may_pass(error):
                raise
            self.waiting.add(lease)
            self._emit("spooled", f"job {lease.job_id}: {outcome.kind}; sent when the connection is back", lease.job_id)
            return False
        finally:
            self._in_hand.discard(lease)
            self._wake.set()

    def unsent(self) -> list[Lease]:
        """The leases of outcomes that an earlier life of this robot could not send, the newest 1,000."""
        return [outcome.lease for outcome in self._to_send()][-1_000:]

    def why_full(self) -> str | None:
        """Why no outcome could be kept on disk now; None when one could."""
        try:
            self._spool.try_out()
        except OSError as error:
            return error.strerror or str(error)
        return None

    def _keep(self, outcome: Outcome) -> None:
        try:
            self._spool.put(outcome)
        except OSError as error:
            self._unkept[outcome.lease] = outcome
            text = f"job {outcome.lease.job_id}: {outcome.kind}, not kept on disk ({error.strerror}); sent all the same"
            self._emit("unkept", text, outcome.lease.job_id)

    def _forget(self, lease: Lease) -> None:
        self.waiting.discard(lease)
        self._unkept.pop(lease, None)
        try:
            self._spool.remove(lease)
        except OSError:
            self._settled.add(lease)

    def _to_send(self) -> list[Outcome]:
        left = self._in_hand | self._settled
        return [outcome for outcome in (*self._spool, *self._unkept.values()) if outcome.lease not in left]

    async def keep_trying(self, on_success: Callable[[], None]) -> None:
        """Never returns: sends what this robot, now or in an earlier life, could not send."""
        while True:
            self._wake.clear()
            delays = backoff_delays(0.5, 15.0)
            while outcomes := self._to_send():
                try:
                    for outcome in outcomes:
                        if await self._send(outcome):
                            self._emit("delivered", f"job {outcome.lease.job_id}: {outcome.kind}", outcome.lease.job_id)
                    on_success()
                except ApiError as error:
                    if not may_pass(error):
                        raise
                    await asyncio.sleep(next(delays))
            await self._wake.wait()

    async def _send(self, outcome: Outcome) -> bool:
        """One try; forgets the outcome when it is taken (True) or refused (False), raises what is worth another try.

        An outcome that cannot be written as a request is set aside, and the job fails instead.
        """
        try:
            return await self._try(outcome)
        except (ValueError, TypeError, RecursionError) as error:
            lease = outcome.lease
            self._emit("refused", f"job {lease.job_id}: {outcome.kind}, cannot be sent: {error}", lease.job_id)
            message = f"the outcome of the job ({outcome.kind}) cannot be sent: {error}"
            instead = Outcome(lease, "failed", failure=Failure.of(message, "ResultNotSendable", is_retryable=False))
            self._spool.set_aside(lease)
            self._keep(instead)
            return await self._try(instead)

    async def _try(self, outcome: Outcome) -> bool:
        lease = outcome.lease
        is_taken = True
        try:
            await self._send_logs(outcome)
            if outcome.kind == "completed":
                await self._complete(outcome)
            elif outcome.kind == "failed" and outcome.failure is not None:
                await self._transport.fail(lease, outcome.failure)
            else:
                await self._transport.release(lease)
        except ApiError as error:
            if not _is_verdict(error):
                raise
            is_taken = False
            self._emit("refused", f"job {lease.job_id}: {error.message} ({error.code})", lease.job_id)
        self._forget(lease)
        return is_taken

    async def _complete(self, outcome: Outcome) -> None:
        """A result that the service cannot take (too large, say) fails the job: trying again would end the same."""
        try:
            await self._transport.complete(outcome.lease, outcome.result or {})
        except ApiError as error:
            if error.status not in (400, 413):
                raise
            failure = Failure.of(f"the result was not accepted: {error.message}", "ResultRefused", is_retryable=False)
            await self._transport.fail(outcome.lease, failure)

    async def _send_logs(self, outcome: Outcome) -> None:
        """Logs that the service does not want must not keep the outcome from it."""
        try:
            for start in range(0, len(outcome.logs), LOG_BATCH):
                await self._transport.logs(outcome.lease, outcome.logs[start : start + LOG_BATCH])
        except ApiError as error:
            if not _is_verdict(error):
                raise


def _is_verdict(error: ApiError) -> bool:
    """Whether the service looked at the outcome: it did not when the key is refused or the address leads elsewhere."""
    return error.status >= 400 and error.status != 401 and not may_pass(error)
