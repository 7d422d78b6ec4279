"""What the parts of a robot's session share: the socket, the database as the robot, and what is known of the robot."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from uuid import UUID, uuid4

from casare_cloud.database import Database, Transaction
from casare_cloud.domain.jobs.doorbells import Doorbell, Doorbells
from casare_cloud.errors import ApiError, AuthenticationFailed
from casare_cloud.gateway.robots.envelope import write
from casare_cloud.gateway.robots.holdings import Holdings
from casare_cloud.gateway.robots.messages import ErrorNotice, JobCancel, Told
from casare_cloud.gateway.robots.problems import Problem, may_pass
from casare_cloud.http import backoff_delays
from casare_cloud.identity import Actor, Verifier

logger = logging.getLogger("casare_cloud")
T = TypeVar("T")

INSIST_SECONDS = 60.0  # for how long an outcome is tried again while the database is away
RENEWAL_MARGIN_SECONDS = 10  # by which a lease outlives the next renewal and the reconnect window


class Link(Protocol):
    """A robot's socket."""

    async def take_place(self, tenant_id: UUID) -> bool:
        """Whether there is room for a robot of this tenant; if not, the socket is closed."""
        ...

    async def send(self, text: str) -> None:
        """Sends a message, or says nothing when the socket is closed."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Closes the socket."""
        ...


class Replaceable(Protocol):
    """A session that gives way to a newer one of the same robot."""

    async def give_way(self) -> None: ...


@dataclass(slots=True)
class Switchboard:
    """What the robots' sessions of one process share."""

    database: Database
    verifier: Verifier
    doorbells: Doorbells
    sessions: dict[UUID, Replaceable] = field(default_factory=dict)  # the newest of each robot


@dataclass(slots=True)
class Patience:
    """How long a robot is waited for, in seconds."""

    heartbeat: int = 30
    accept_grace: int = 30
    reconnect_window: int = 60

    @property
    def lease(self) -> int:
        """How long a lease is to last when it is renewed: when the connection or this process goes, the robot still has
        the reconnect window."""
        return min(self.reconnect_window + self.heartbeat + RENEWAL_MARGIN_SECONDS, 3600)


class Connection:
    """One robot's socket and what is known about it. `id` names the session in the database."""

    def __init__(self, board: Switchboard, link: Link, actor: Actor, client_ip: str | None = None) -> None:
        self.id = uuid4()
        self.board = board
        self.actor = actor
        self.client_ip = client_ip
        self.robot_id: UUID | None = None  # once it has registered
        self.name = ""  # as the robot calls itself
        self.names: frozenset[str] = frozenset()  # all that mean it
        self.slots = 1
        self.patience = Patience()
        self.holdings = Holdings()
        self.bell: Doorbell | None = None
        self.is_over = False
        self._link = link
        self._told_to_stop: set[UUID] = set()
        self._insisting: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A transaction of the robot. A token that has ended is refused, also when the socket was opened in time."""
        if self._expires_at is not None and time.time() >= self._expires_at:
            raise AuthenticationFailed("The access token has ended.")
        async with self.board.database.transaction(self.actor, str(self.id), self.client_ip) as tx:
            yield tx

    @property
    def _expires_at(self) -> float | None:
        return None if self.actor.claims is None else float(json.loads(self.actor.claims)["exp"])

    async def insist(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Does what must not be lost, again and again while the database is away, also after the socket has closed."""

        async def try_on() -> T:
            now = asyncio.get_running_loop().time
            until = now() + INSIST_SECONDS
            for pause in backoff_delays(0.1, 5.0):
                try:
                    async with self.transaction() as tx:
                        return await work(tx)
                except ApiError as error:
                    if not may_pass(error) or now() + pause > until:
                        raise
                    await asyncio.sleep(pause)
            raise AssertionError("unreachable: the pauses do not end")

        task = asyncio.create_task(try_on())
        self._insisting.add(task)
        task.add_done_callback(self._insisting.discard)
        return await asyncio.shield(task)

    async def settled(self) -> None:
        """Returns when all that is insisted on is done."""
        await asyncio.gather(*self._insisting, return_exceptions=True)

    async def tell(
        self, kind: str, told: Told, correlation_id: str | None = None, message_id: str | None = None
    ) -> None:
        """Sends the robot a message."""
        if not self.is_over:
            await self._link.send(write(kind, told, correlation_id, message_id))

    async def tell_problem(self, problem: Problem, correlation_id: str | None) -> None:
        """Sends the robot an `error`, and closes the socket if that is what it takes."""
        notice = ErrorNotice(error_code=problem.code, error_message=problem.message, details=problem.details)
        await self.tell("error", notice, problem.correlation_id or correlation_id)
        if problem.close_code is not None:
            await self.close(problem.close_code, problem.message)

    async def take_place(self, tenant_id: UUID) -> bool:
        """Whether there is room for a robot of this tenant; if not, the socket is closed."""
        self.is_over = self.is_over or not await self._link.take_place(tenant_id)
        return not self.is_over

    async def close(self, code: int, reason: str) -> None:
        """Closes the socket; nothing is sent after it."""
        if not self.is_over:
            self.is_over = True
            await self._link.close(code, reason)

    async def tell_to_stop(self, job_id: UUID, reason: str | None) -> None:
        """Tells the robot to stop a job, once."""
        if job_id not in self._told_to_stop:
            self._told_to_stop.add(job_id)
            await self.tell("job_cancel", JobCancel(job_id=str(job_id), reason=reason or "Cancelled."))

    def may_run_again(self, job_id: UUID) -> None:
        """The job is assigned anew: what was said of an earlier attempt is over."""
        self._told_to_stop.discard(job_id)

    async def note_renewals(self, rows: list[dict[str, Any]]) -> None:
        """What became of leases: the robot stops jobs that are its no more, and those that somebody wants to end."""
        for row in rows:
            held = self.holdings.get(row["job_id"])
            if not row["renewed"] and held is not None and not held.is_offer:
                self.holdings.end(held.job_id, held.lease_token)
                await self.tell_to_stop(row["job_id"], "The robot's lease of the job has ended.")
            elif row["cancel_requested"]:
                await self.tell_to_stop(row["job_id"], None)

    def leases_to_renew(self) -> list[Mapping[str, Any]]:
        """Those of the jobs that the robot works on, as far as it has shown."""
        return [{"job_id": str(held.job_id), "lease_token": held.lease_token} for held in self.holdings.renewable[:100]]
