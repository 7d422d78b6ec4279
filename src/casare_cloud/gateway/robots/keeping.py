"""Keeps a robot and its leases alive while it is heard of, hands on what it is told, and watches the times."""

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from casare_cloud.domain.jobs import batches
from casare_cloud.domain.robots import model
from casare_cloud.domain.robots import service as robots
from casare_cloud.errors import ApiError
from casare_cloud.gateway.robots.assigning import Assigner
from casare_cloud.gateway.robots.connection import Connection
from casare_cloud.gateway.robots.messages import Heartbeat, OfRobot, Shutdown
from casare_cloud.gateway.robots.problems import may_pass, problem_of
from casare_cloud.gateway.robots.reports import Reports
from casare_cloud.waiting import happens_within

logger = logging.getLogger("casare_cloud")

SILENCE_SECONDS = 100.0  # after which a robot is asked for its status
RENEWAL_DELAY_SECONDS = 5.0  # that a heartbeat may be late before leases are renewed without it
LOSS_SPREAD_SECONDS = 3.0
JOIN_SPREAD_SECONDS = 0.3  # after Realtime was away, the bells of all robots are heard again at the same time

# What a robot says of itself, in the words of the database.
_STATUSES: Mapping[str, model.SaidStatus] = {
    "online": "idle",
    "idle": "idle",
    "busy": "idle",
    "error": "error",
    "paused": "paused",
    "maintenance": "maintenance",
    "offline": "offline",
}
_TAKES_NONE = ("paused", "maintenance", "offline")
MOST_KEPT = 32 * 1024  # characters of measures that later heartbeats need not name


class Keeper:
    """Keep `run()` as a task from the robot's registration to the end of its socket. `replaced` is called when the
    database says that another session took this one's place."""

    def __init__(
        self, connection: Connection, reports: Reports, assigner: Assigner, replaced: Callable[[], Awaitable[None]]
    ) -> None:
        self._connection = connection
        self._reports = reports
        self._assigner = assigner
        self._replaced = replaced
        self._now = asyncio.get_running_loop().time
        self._heard_at = self._renewed_at = self._asked_at = self._now()
        self._metrics: dict[str, Any] = {}
        self._status: model.SaidStatus | None = None
        self._commands: set[UUID] = set()  # that the robot was told, to be acknowledged when it is heard of
        self._obeyed: set[UUID] = set()
        self._knows_quarantine = False  # the robot was told of it when it registered
        self._orders: asyncio.Queue[tuple[str, Mapping[str, Any]]] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._speaking = asyncio.Lock()  # one sign of life after another: the last word about the robot is its own

    def begin(self, robot: model.Robot) -> None:
        """The robot has registered."""
        self._renewed_at = self._now()
        self._status = "idle" if robot.is_active and robot.is_healthy else None
        if self._status == "idle":  # whatever it said of itself before on this socket
            self._assigner.is_paused = False
        self._knows_quarantine = robot.quarantined_at is not None and robot.mode == "active"

    def note_heard(self) -> None:
        """The robot said something."""
        self._heard_at = self._now()

    def on_push(self, event: str, payload: Mapping[str, Any]) -> None:
        """What the database pushes to the robot."""
        if event == "job_available":
            self._assigner.wake()
        elif event == "lost":  # until the bell is heard again it looks every few seconds; robots take turns
            spread = random.uniform(0, LOSS_SPREAD_SECONDS)  # noqa: S311 - spreading load
            asyncio.get_running_loop().call_later(spread, self._assigner.wake)
        else:
            self._orders.put_nowait((event, payload))
            self._changed.set()

    def sign_of_life(self, metrics: dict[str, Any] | None = None) -> model.Heartbeat:
        """A heartbeat of the robot. Claims whose jobs the robot may yet accept keep them."""
        return model.Heartbeat(
            metrics=metrics,
            session_id=self._connection.id,
            acknowledged=list(self._commands)[:100] if metrics is not None else [],
            claims_in_flight=list(self._connection.holdings.claims_in_flight)[:100],
        )

    async def heartbeat(self, said: Heartbeat, message_id: str | None, *, is_acknowledged: bool = True) -> None:
        """The robot lives: its measures are kept, its leases are renewed, and it hears what waits for it."""
        connection = self._connection
        metrics = said.model_dump(exclude_unset=True, exclude={"robot_id"})
        if said.active_job_ids is not None:
            metrics["active_job_ids"] = [name.lower() for name in said.active_job_ids]
            connection.holdings.note_named(metrics["active_job_ids"])
        metrics = self._with_earlier(metrics)
        beat, status = self.sign_of_life(metrics), _STATUSES.get((said.status or "").lower())
        async with self._speaking:
            # A robot that said that it is offline finishes its jobs: a sign of life would bring it back.
            has_left = self._status == "offline" and status in (None, "offline")
            is_news = status is not None and status != self._status
            async with connection.transaction() as tx:
                heard = None if has_left else await robots.heartbeat(tx, str(connection.robot_id), beat)
                if status is not None and is_news:
                    await robots.set_status(tx, str(connection.robot_id), status, connection.id)
                rows = await batches.renew_many(tx, connection.leases_to_renew(), connection.patience.lease)
            if is_news:
                self._status = status
        self._metrics = {name: value for name, value in metrics.items() if name != "active_job_ids"}
        self._renewed_at = self._now()
        self._commands -= set(beat.acknowledged if heard is not None else ())
        if is_acknowledged:
            await connection.tell("heartbeat_ack", OfRobot(robot_id=connection.name), message_id)
        if is_news:
            self._assigner.is_paused = status in _TAKES_NONE
            self._assigner.wake()
        await connection.note_renewals(rows)
        if heard is not None:
            await self._note(heard)
        await self._reports.start_named()
        if connection.holdings.has_unknown:
            await self._reports.refresh()

    def _with_earlier(self, metrics: dict[str, Any]) -> dict[str, Any]:
        """The measures with those of earlier messages that this one leaves out, unless that is too much to keep."""
        kept = {**self._metrics, **metrics}
        return kept if len(json.dumps(kept, ensure_ascii=False)) <= MOST_KEPT else metrics

    async def acknowledge(self) -> None:
        """The robot has heard what it was told: it says goodbye."""
        if self._commands:
            async with self._connection.transaction() as tx:
                await robots.heartbeat(tx, str(self._connection.robot_id), self.sign_of_life(self._metrics))

    async def obey_all(self, commands: Sequence[Mapping[str, Any]]) -> None:
        """Hands on what waits for the robot."""
        for command in commands:
            await self._obey(str(command.get("command")), command)

    async def run(self) -> None:
        """Watches the times and the pushes, until cancelled."""
        while True:
            await happens_within(self._changed, max(self._next_at() - self._now(), 0.0))
            self._changed.clear()
            try:
                while not self._orders.empty():
                    await self._obey(*self._orders.get_nowait())
                await self._take_back_offers()
                await self._renew()
                await self._ask()
            except ApiError as error:
                if not may_pass(error):
                    await self._connection.tell_problem(problem_of(error), None)
                await asyncio.sleep(1.0)

    def _next_at(self) -> float:
        times = [self._renew_at, self._ask_at, *(h.accept_by for h in self._connection.holdings.offers if h.accept_by)]
        return min(min(times), self._now() + 5.0)  # an offer may have been made meanwhile

    @property
    def _renew_at(self) -> float:
        return self._renewed_at + self._connection.patience.heartbeat + RENEWAL_DELAY_SECONDS

    @property
    def _ask_at(self) -> float:
        return max(self._heard_at, self._asked_at) + SILENCE_SECONDS

    async def _take_back_offers(self) -> None:
        for held in self._connection.holdings.offers:
            if held.accept_by is not None and held.accept_by <= self._now():
                with suppress(ApiError):  # its lease has ended by itself
                    await self._reports.take_back(held, "The robot did not accept it in time.")

    async def _renew(self) -> None:
        """Renews the leases of a robot that was heard of, but by no heartbeat: its logs may have used up its limit."""
        if self._now() < self._renew_at:
            return
        was_heard, self._renewed_at = self._heard_at > self._renewed_at, self._now()
        leases = self._connection.leases_to_renew()
        if was_heard and leases:
            async with self._connection.transaction() as tx:
                rows = await batches.renew_many(tx, leases, self._connection.patience.lease)
            await self._connection.note_renewals(rows)

    async def _ask(self) -> None:
        if self._now() >= self._ask_at:
            self._asked_at = self._now()
            await self._connection.tell("status_request", OfRobot(robot_id=self._connection.name))

    async def _check(self) -> None:
        """Whether this session is still the robot's, and what waits for it; not of a robot that is offline."""
        async with self._speaking:
            if self._status == "offline":  # it has left, and is not to be brought back
                return
            async with self._connection.transaction() as tx:
                heard = await robots.heartbeat(tx, str(self._connection.robot_id), self.sign_of_life())
        await self._note(heard)

    async def _note(self, heard: model.Heard) -> None:
        if heard.is_replaced:
            await self._replaced()
        else:
            await self.obey_all(heard.pending_commands)

    async def _obey(self, command: str, payload: Mapping[str, Any]) -> None:
        name = self._connection.name
        match command:
            case "joined":
                await asyncio.sleep(random.uniform(0, JOIN_SPREAD_SECONDS))  # noqa: S311 - spreading load
                self._assigner.wake()
                await self._check()
            case "session_replaced":
                await self._check()
            case "cancel_job":
                await self._connection.tell_to_stop(UUID(str(payload["job_id"])), payload.get("reason"))
            case "pause" | "resume" | "status_request" if self._is_new(payload):
                await self._connection.tell(command, OfRobot(robot_id=name))
                if command == "resume":  # as the database does: it also ends what the robot said of itself
                    self._status, self._assigner.is_paused = None, False
            case "shutdown" if self._is_new(payload):
                await self._connection.tell("shutdown", Shutdown(robot_id=name))
            case "release" if self._knows_quarantine and self._is_new(payload):
                self._knows_quarantine = False
                await self._connection.tell("resume", OfRobot(robot_id=name))
            case "drain" | "quarantine" | "release" if self._is_new(payload):
                pass  # the robot gets no jobs: nothing is to be said
        self._assigner.wake()

    def _is_new(self, payload: Mapping[str, Any]) -> bool:
        """Whether the command was not handed on yet; it is acknowledged when the robot is heard of next."""
        command_id = UUID(str(payload["command_id"]))
        if command_id in self._obeyed:
            return False
        self._obeyed.add(command_id)
        self._commands.add(command_id)
        return True
