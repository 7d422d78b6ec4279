"""A robot that speaks the protocol of document 001 to a session, without a socket."""

import asyncio
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.databases import Database, as_caller
from tests.factories import Robot, Tenant, make_job, make_robot, make_tenant, make_workflow

from casare_cloud.gateway.robots.connection import Switchboard
from casare_cloud.gateway.robots.session import RobotSession
from casare_cloud.identity import ANONYMOUS, Actor, hash_of_key

SECONDS = 120  # a safety net: nothing here is about how long it takes


class Wire:
    """The robot's end of a socket."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.closed: tuple[int, str] | None = None
        self.changed = asyncio.Event()

    async def take_place(self, tenant_id: uuid.UUID) -> bool:
        return True

    async def send(self, text: str) -> None:
        self.heard.append(json.loads(text))
        self.changed.set()

    async def close(self, code: int, reason: str) -> None:
        self.closed = self.closed or (code, reason)
        self.changed.set()


@dataclass
class Speaker:
    """A robot with a session."""

    robot: Robot
    wire: Wire
    session: RobotSession
    _read: int = 0
    has_left: bool = False

    async def say(self, kind: str, payload: dict[str, Any] | None = None, **fields: Any) -> str:
        """Sends a message, and returns its id."""
        message_id = str(uuid.uuid4())
        payload = {"robot_id": self.robot.external_id, **(payload or {})}
        message = {"type": kind, "id": message_id, "timestamp": "2026-01-15T10:30:00Z", "payload": payload, **fields}
        await self.session.receive(json.dumps(message))
        return message_id

    async def hear(self, kind: str) -> dict[str, Any]:
        """The next message of this type; those before it are passed over."""
        async with asyncio.timeout(SECONDS):
            while True:
                while self._read < len(self.wire.heard):
                    message = self.wire.heard[self._read]
                    self._read += 1
                    if message["type"] == kind:
                        return message
                self.wire.changed.clear()
                await self.wire.changed.wait()

    async def closed(self) -> int:
        """The code with which the socket was closed."""
        async with asyncio.timeout(SECONDS):
            while self.wire.closed is None:
                self.wire.changed.clear()
                await self.wire.changed.wait()
        return self.wire.closed[0]

    async def answer(self, kind: str, payload: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any] | None:
        """What is said at once to a message: the first message that answers it, or nothing."""
        before = len(self.wire.heard)
        message_id = await self.say(kind, payload, **fields)
        return next((m for m in self.wire.heard[before:] if m["correlation_id"] == message_id), None)

    async def register(self, **more: Any) -> dict[str, Any]:
        """The acknowledgement of a registration."""
        payload = {"robot_name": self.robot.external_id, "environment": "default", **more}
        ack = await self.answer("register", payload)
        assert ack is not None
        assert ack["type"] == "register_ack", ack
        return ack

    async def assigned(self) -> dict[str, Any]:
        """The next job that it is offered."""
        return await self.hear("job_assign")

    async def accept(self, assigned: dict[str, Any]) -> str:
        """Accepts it; returns the job's id."""
        job_id: str = assigned["payload"]["job_id"]
        await self.say("job_accept", {"job_id": job_id}, correlation_id=assigned["id"])
        return job_id

    async def drop(self) -> None:
        """Its socket is gone."""
        self.has_left = True
        await self.session.leave()


@dataclass
class Fleet:
    """A tenant, its robots and the gateway's part for them."""

    database: Database
    board: Switchboard
    tenant: Tenant
    speakers: list[Speaker] = field(default_factory=list)

    def speaker(
        self,
        robot: Robot | None = None,
        *,
        actor: Actor | None = None,
        path: str | None = None,
        board: Switchboard | None = None,
    ) -> Speaker:
        """A robot whose socket was just opened."""
        robot = robot or make_robot(self.database, self.tenant)
        actor = actor or Actor("authenticated", key_hash=hash_of_key(robot.key.text))
        wire = Wire()
        made = Speaker(robot, wire, RobotSession(board or self.board, wire, actor, path))
        self.speakers.append(made)
        return made

    def anonymous(self, robot: Robot | None = None, path: str | None = None) -> Speaker:
        """A robot whose connection brought no key."""
        return self.speaker(robot, actor=ANONYMOUS, path=path)

    async def registered(self, robot: Robot | None = None, **more: Any) -> Speaker:
        """A robot that has registered."""
        made = self.speaker(robot)
        ack = await made.register(**more)
        assert ack["payload"]["success"] is True, ack
        return made

    def submit(self, definition: Any = None, **arguments: Any) -> str:
        """A queued job."""
        if "input" in arguments:
            arguments["input"] = json.dumps(arguments["input"])
        return str(
            make_job(self.database, make_workflow(self.database, self.tenant, definition=definition), **arguments)
        )

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        """What the database holds."""
        with self.database.connect() as owner:
            return owner.execute(query, list(parameters)).fetchall()

    def job(self, job_id: str) -> dict[str, Any]:
        """A job as it is now."""
        return self.rows("select * from public.live_jobs where job_id = %s", job_id)[0]

    def lease(self, job_id: str) -> dict[str, Any] | None:
        """Its lease, with the seconds that are left."""
        rows = self.rows(
            "select *, extract(epoch from lease_expires_at - private.clock())::float as seconds from private.leases "
            "where job_id = %s",
            job_id,
        )
        return rows[0] if rows else None

    def robot(self, robot: Robot) -> dict[str, Any]:
        """A robot as it is now."""
        return self.rows("select * from public.live_robots where robot_id = %s", robot.robot_id)[0]

    def as_admin(self, query: str, *parameters: Any) -> Any:
        """The first value of a statement of the tenant's admin."""
        with self.database.connect() as owner, as_caller(owner, self.tenant.admin.claims):
            row = owner.execute(query, list(parameters)).fetchone()
        return None if row is None else next(iter(row.values()))

    def end_lease(self, job_id: str) -> None:
        """As if its robot had been silent for longer than its lease."""
        query = "update private.leases set lease_expires_at = private.clock() - interval '1 second' where job_id = %s"
        with self.database.connect() as owner:
            owner.execute(query, [job_id])
            owner.execute("select private.rescue_expired_leases()")

    async def until(self, condition: Callable[[], Any]) -> Any:
        """The condition's value, as soon as it is true."""
        async with asyncio.timeout(SECONDS):
            while not (found := condition()):
                await asyncio.sleep(0.02)
        return found


def new_fleet(database: Database, board: Switchboard) -> Fleet:
    """A tenant of its own."""
    return Fleet(database, board, make_tenant(database))


async def running(fleet: Fleet, speaker: Speaker | None = None, **options: Any) -> tuple[Speaker, str]:
    """A robot that runs a job."""
    speaker = speaker or await fleet.registered()
    job_id = fleet.submit(**options)
    assert await speaker.accept(await speaker.assigned()) == job_id
    return speaker, job_id
