"""Hands outcomes to the service: from disk, so that neither a crash nor a dead network loses one."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from casare_cloud.errors import ApiError
from casare_cloud.http import backoff_delays, may_pass
from casare_cloud.robot.executor.results import largest_part
from casare_cloud.robot.spool import Outcome, Spool
from casare_cloud.robot.transport import Failure, Lease, Transport

LAST_LOGS_SECONDS = 5.0  # how long a try to send the rest of a log may take
LOGS_BEFORE_RELEASE_SECONDS = 1.0


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

    def keep(self, outcome: Outcome) -> None:
        """Takes an outcome in hand: when this returns, it is on disk. `deliver` comes next."""
        self._in_hand.add(outcome.lease)
        self._keep(outcome)

    async def deliver(self, outcome: Outcome) -> bool:
        """Sends the outcome now if possible; then `send_last_logs` is due. False leaves all of it to `keep_trying`.

        Raises when the key is refused.
        """
        lease = outcome.lease
        if lease not in self._in_hand:
            self.keep(outcome)
        is_sent = False
        try:
            await self._send(outcome)
            is_sent = True
        except ApiError as error:
            if _is_about_robot(error):
                raise
            self.waiting.add(lease)
            self._emit("spooled", f"job {lease.job_id}: {outcome.kind}; sent when the connection is back", lease.job_id)
        finally:
            if not (is_sent and outcome.has_last_logs):
                self._put_down(lease)
        return is_sent

    async def send_last_logs(self, outcome: Outcome) -> bool:
        """Sends the rest of a log after its outcome, for a few seconds; then `keep_trying` goes on."""
        if not outcome.has_last_logs:
            return True
        are_sent = False
        try:
            async with asyncio.timeout(LAST_LOGS_SECONDS):
                await self._send_logs(outcome)
            are_sent = True
        except (ApiError, TimeoutError):
            pass
        finally:
            if are_sent:
                self._forget(outcome.lease)
            else:
                self._keep(replace(outcome, kind="logs", result=None, failure=None))
            self._put_down(outcome.lease)
        return are_sent

    def _put_down(self, lease: Lease) -> None:
        self._in_hand.discard(lease)
        self._wake.set()

    def unsent(self) -> list[Lease]:
        """The leases of outcomes that an earlier life of this robot could not send, the newest 1,000."""
        return [outcome.lease for outcome in self._to_send() if outcome.kind != "logs"][-1_000:]

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
            self._unkept.pop(outcome.lease, None)
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
        """Outcomes first: logs wait for them, they never wait for logs."""
        left = self._in_hand | self._settled
        found = {outcome.lease: outcome for outcome in self._spool} | self._unkept
        return sorted(
            (found[lease] for lease in found if lease not in left), key=lambda outcome: outcome.kind == "logs"
        )

    async def keep_trying(self, on_success: Callable[[], None]) -> None:
        """Never returns: sends what this robot, now or in an earlier life, could not send."""
        while True:
            self._wake.clear()
            delays = backoff_delays(0.5, 15.0)
            while outcomes := self._to_send():
                try:
                    are_sent = True
                    for outcome in outcomes:
                        if outcome.kind != "logs":
                            if not await self._send(outcome):
                                continue
                            self._emit("delivered", f"job {outcome.lease.job_id}: {outcome.kind}", outcome.lease.job_id)
                        are_sent = await self.send_last_logs(outcome) and are_sent
                    if are_sent:
                        on_success()
                    else:
                        await asyncio.sleep(next(delays))
                except ApiError as error:
                    if _is_about_robot(error):
                        raise
                    await asyncio.sleep(next(delays))
            await self._wake.wait()

    async def _send(self, outcome: Outcome) -> bool:
        """One try; forgets the outcome when it is accepted (True) or refused (False), raises errors worth another try.

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
            if outcome.kind == "completed":
                await self._complete(outcome)
            elif outcome.kind == "failed" and outcome.failure is not None:
                await self._transport.fail(lease, outcome.failure)
            else:
                await self._release(outcome)
        except ApiError as error:
            if not _is_verdict(error):
                raise
            is_taken = False
            self._emit("refused", f"job {lease.job_id}: {error.message} ({error.code})", lease.job_id)
        self.waiting.discard(lease)
        if not (is_taken and outcome.has_last_logs):
            self._forget(lease)
        return is_taken

    async def _complete(self, outcome: Outcome) -> None:
        """A result that the service cannot take (too large, say) fails the job: trying again would end the same."""
        try:
            await self._transport.complete(outcome.lease, outcome.result or {})
        except ApiError as error:
            if error.status not in (400, 413):
                raise
            message, error_type = f"the result was not accepted: {error.message}", "ResultRefused"
            if error.status == 413:
                message, error_type = f"{message} {largest_part(outcome.result or {})}.", "ResultTooLarge"
            failure = Failure.of(message, error_type, is_retryable=False)
            await self._transport.fail(outcome.lease, failure)

    async def _release(self, outcome: Outcome) -> None:
        """The service does not store who released a job, so the last lines of its log are sent before that."""
        with suppress(ApiError, TimeoutError):
            async with asyncio.timeout(LOGS_BEFORE_RELEASE_SECONDS):
                await self._send_logs(outcome)
        await self._transport.release(outcome.lease)

    async def _send_logs(self, outcome: Outcome) -> None:
        """Sends the batches; one that the service does not want, or that cannot be sent, keeps no other from it."""
        for batch in outcome.log_batches:
            try:
                await self._transport.logs(outcome.lease, batch)
            except ApiError as error:
                if not _is_verdict(error):
                    raise
            except (ValueError, TypeError, RecursionError) as error:
                job_id = outcome.lease.job_id
                self._emit("refused", f"job {job_id}: lines of its log, cannot be sent: {error}", job_id)


def _is_verdict(error: ApiError) -> bool:
    """Whether the service looked at the outcome. It did not when it is away or refuses the robot, when the address
    leads elsewhere, or when it does not know the call.
    """
    return (error.status in (400, 409, 413) or error.code == "JOB_NOT_FOUND") and not may_pass(error)


def _is_about_robot(error: ApiError) -> bool:
    """Whether the robot itself is refused: it can deliver nothing, and its outcomes stay on disk."""
    return error.status in (401, 403)
