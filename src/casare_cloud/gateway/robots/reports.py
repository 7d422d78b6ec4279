"""What a robot says of its jobs, done by the services that REST uses, under the leases that its session keeps."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.jobs import batches, leases
from casare_cloud.domain.jobs.model import Ended, Failure
from casare_cloud.domain.names import uuid_of
from casare_cloud.domain.robots import service as robots
from casare_cloud.domain.robots.model import SessionFacts
from casare_cloud.errors import ApiError
from casare_cloud.gateway.robots.connection import Connection
from casare_cloud.gateway.robots.holdings import Held
from casare_cloud.gateway.robots.messages import (
    JobAccept,
    JobCancelled,
    JobComplete,
    JobFailed,
    JobProgress,
    JobReject,
    Line,
    LogBatch,
    LogEntry,
)
from casare_cloud.gateway.robots.problems import Problem

T = TypeVar("T")

NO_REASON = "The robot gave no reason."


class Reports:
    """Handles the reports of one connection.

    `slot_freed` is called when the robot can take another job, `rejected` when it would not run one.
    """

    def __init__(self, connection: Connection, slot_freed: Callable[[], None], rejected: Callable[[], None]) -> None:
        self._connection = connection
        self._holdings = connection.holdings
        self._slot_freed = slot_freed
        self._rejected = rejected

    async def accept(self, said: JobAccept) -> None:
        """The job runs now: its start is known, and its lease lasts as long as the robot lives."""
        try:
            held = await self._lease_of(said.job_id)
        except Problem:
            job_id = uuid_of(said.job_id)
            if job_id is not None:
                await self._connection.tell_to_stop(job_id, "The job is not this robot's.")
            raise
        lease = {"job_id": str(held.job_id), "lease_token": held.lease_token}

        async def work(tx: Transaction) -> list[dict[str, Any]]:
            await leases.start(tx, held.job_id, held.lease_token)
            return await batches.renew_many(tx, [lease], self._connection.patience.lease)

        held.accept_by = None
        held.is_known = True
        rows = await self._outcome(held.job_id, held.lease_token, work)
        held.is_started = True
        await self._connection.note_renewals(rows)

    async def start_named(self) -> None:
        """Jobs that the robot names as its own run, though its acceptance was lost with an earlier connection."""
        for held in self._holdings.renewable:
            if not held.is_started:
                job_id, token = held.job_id, held.lease_token
                with suppress(ApiError):  # it is not the robot's any more, as the next renewal says
                    async with self._connection.transaction() as tx:
                        await leases.start(tx, job_id, token)
                    held.is_started = True

    async def reject(self, said: JobReject) -> None:
        """The job goes to another robot."""
        held = await self._lease_of(said.job_id)
        await self._give_back(held, said.reason or NO_REASON)

    async def take_back(self, held: Held, reason: str) -> None:
        """Gives a job back that the robot did not accept."""
        await self._give_back(held, reason)

    async def progress(self, said: JobProgress) -> None:
        """How far the job is."""
        job_id, token = await self._running(said.job_id)
        message = None if said.message is None else said.message[:4096]
        try:
            async with self._connection.transaction() as tx:
                noted = await leases.report_progress(tx, job_id, said.progress, said.current_node, message, token)
        except ApiError as error:
            await self._note_refusal(job_id, token, error)
            raise
        self._has_spoken_of(job_id)
        if noted.cancel_requested:
            await self._connection.tell_to_stop(job_id, None)

    async def complete(self, said: JobComplete) -> None:
        """The job has ended with its result."""
        job_id, token = await self._running(said.job_id)
        await self._end(job_id, token, lambda tx: leases.complete(tx, job_id, token, said.result))

    async def fail(self, said: JobFailed) -> None:
        """The attempt has failed."""
        job_id, token = await self._running(said.job_id)
        failure = Failure(
            error_message=(said.error_message or said.error_type or NO_REASON)[:65536],
            error_type=said.error_type and said.error_type[:255],
            stack_trace=said.stack_trace,
            failed_node=said.failed_node and said.failed_node[:255],
            retryable=said.retryable,
            retry_at=said.retry_at,
        )
        await self._end(job_id, token, lambda tx: leases.fail(tx, job_id, token, failure))

    async def cancelled(self, said: JobCancelled) -> None:
        """The robot has stopped the job: it is cancelled if that was asked for, and another robot's otherwise."""
        held = await self._lease_of(said.job_id)
        job_id, token = held.job_id, held.lease_token
        await self._end(job_id, token, lambda tx: leases.release(tx, job_id, token, "It was cancelled at the robot."))

    async def log(self, said: LogEntry) -> None:
        """One line."""
        await self._append(said.job_id, [said.entry_of_job()], None)

    async def log_batch(self, said: LogBatch) -> None:
        """Lines of one job. Those that name none are of the only job that the robot runs, or of the robot itself."""
        by_job: dict[str | None, list[Line]] = {}
        for line in said.entries:
            by_job.setdefault(said.job_id or line.job_id or self._only_job(), []).append(line)
        for name, lines in by_job.items():
            if name is not None:
                await self._append(name, [line.entry_of_job() for line in lines], said.sequence)
            else:
                async with self._connection.transaction() as tx:
                    await robots.append_logs(tx, [line.entry() for line in lines], said.sequence)

    async def refresh(self) -> None:
        """Takes in what the robot holds by the database and was not known here: from before this connection, or claimed
        over REST."""
        before = self._holdings.leases
        async with self._connection.transaction() as tx:
            facts = await robots.session_facts(tx)
        for job_id, token in before - {(lease.job_id, lease.lease_token) for lease in facts.leases}:
            self._holdings.end(job_id, token)
            self._slot_freed()
        self.adopt(facts)

    def adopt(self, facts: SessionFacts) -> list[tuple[UUID, str | None]]:
        """Takes in the leases that were not known here; returns the jobs that somebody wants to end, and why."""
        for lease in facts.leases:
            known = self._holdings.get(lease.job_id)
            if known is None or known.lease_token != lease.lease_token:
                self._holdings.put(Held(lease.job_id, lease.lease_token, is_started=lease.is_started))
        return [(lease.job_id, lease.cancel_reason) for lease in facts.leases if lease.cancel_requested]

    async def _lease_of(self, name: str) -> Held:
        """The lease, or the offer, of a job."""
        job_id = uuid_of(name)
        held = None if job_id is None else self._holdings.get(job_id)
        if held is None and job_id is not None:
            await self.refresh()
            held = self._holdings.get(job_id)
        if held is None:
            raise not_held(name)
        return held

    async def _running(self, name: str) -> tuple[UUID, int]:
        """A job that the robot runs or ran, and the token that it had."""
        job_id = uuid_of(name)
        if job_id is None:
            raise not_held(name)
        if self._holdings.get(job_id) is None and self._holdings.token_of_report(job_id) is None:
            await self.refresh()
        token = self._holdings.token_of_report(job_id)
        if token is None:
            raise not_held(name)
        return job_id, token

    def _has_spoken_of(self, job_id: UUID) -> None:
        held = self._holdings.get(job_id)
        if held is not None and not held.is_offer:
            held.is_known = held.is_started = True

    def _only_job(self) -> str | None:
        running = self._holdings.renewable
        return str(running[0].job_id) if len(running) == 1 else None

    async def _append(self, name: str, entries: list[dict[str, Any]], sequence: int | None) -> None:
        job_id, token = await self._running(name)
        async with self._connection.transaction() as tx:
            await leases.append_logs(tx, job_id, token, entries, sequence)

    async def _give_back(self, held: Held, reason: str) -> None:
        self._rejected()
        job_id, token = held.job_id, held.lease_token
        await self._end(job_id, token, lambda tx: leases.release(tx, job_id, token, reason))

    async def _end(self, job_id: UUID, token: int, work: Callable[[Transaction], Awaitable[Ended]]) -> None:
        await self._outcome(job_id, token, work)
        self._holdings.end(job_id, token)
        self._slot_freed()

    async def _outcome(self, job_id: UUID, token: int, work: Callable[[Transaction], Awaitable[T]]) -> T:
        try:
            return await self._connection.insist(work)
        except ApiError as error:
            await self._note_refusal(job_id, token, error)
            raise

    async def _note_refusal(self, job_id: UUID, token: int, error: ApiError) -> None:
        """A job that is the robot's no more is to be stopped, and its slot is free."""
        if error.status in (404, 409):
            self._holdings.end(job_id, token)
            self._slot_freed()
            if error.code == "LEASE_LOST":
                await self._connection.tell_to_stop(job_id, "The robot's lease of the job has ended.")


def not_held(name: str) -> Problem:
    """The robot speaks of a job that it does not hold."""
    return Problem("NOT_FOUND", "This robot does not hold the job.", job_id=name, reason="LEASE_LOST")
