"""A small world for the model: a tenant with robots of several kinds and a stranger, copied for every example."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb
from tests import factories
from tests.databases import Connection, Database, at, database_copy, unique_name
from tests.fleets import call
from tests.reliability.memory import Memory
from tests.reliability.queue_model import FAILURES_UNTIL_QUARANTINE, Queue
from tests.reliability.queue_state import MAX_WAITING
from tests.reliability.queue_values import LimitName, Robot, Wish

from casare_cloud.local.postgres import PostgresServer

WORKFLOWS = ("main", "doomed")
ROBOTS: dict[str, dict[str, Any]] = {
    "plain": {"max_concurrent_jobs": 1},
    "skilled": {"max_concurrent_jobs": 3, "capabilities": ["excel", "sap"], "tags": ["eu"]},
    "lab": {"max_concurrent_jobs": 2, "capabilities": ["excel"], "environment": "lab"},
    "outside": {"max_concurrent_jobs": 2, "is_internet": True},
}


@dataclass(frozen=True)
class World:
    """A database that is only copied, and who is in it."""

    server: PostgresServer
    template: str
    tenant: factories.Tenant
    stranger: factories.Tenant
    robots: dict[str, factories.Robot]
    strange_robot: factories.Robot
    workflow_ids: dict[str, uuid.UUID]

    @contextmanager
    def copied(self) -> Iterator["Copy"]:
        """A copy of the world, for one life after another."""
        with database_copy(self.server, self.template) as database:
            yield Copy(self, database)


def make_world(server: PostgresServer, template: str, *, name: str | None = None) -> World:
    """Makes the world in a copy of the template, which its maker drops."""
    name = name or unique_name("world")
    server.create_database(name, template)
    database = Database(server, name)
    try:
        tenant, stranger = factories.make_tenant(database), factories.make_tenant(database)
        with database.connect("authenticated", tenant.admin.claims) as member:
            member.execute(
                "select public.update_tenant(p_quarantine_after_failures => %s)", [FAILURES_UNTIL_QUARANTINE]
            )
        with database.connect() as owner:
            owner.execute(
                "update public.tenants set settings = %s where tenant_id = %s",
                [Jsonb({"queue": {"max_waiting": MAX_WAITING}}), tenant.tenant_id],
            )
        return World(
            server,
            name,
            tenant,
            stranger,
            {external: factories.make_robot(database, tenant, external, **kind) for external, kind in ROBOTS.items()},
            factories.make_robot(database, stranger),
            {workflow: factories.make_workflow(database, tenant, workflow).workflow_id for workflow in WORKFLOWS},
        )
    finally:
        database.close()


class Copy:
    """A copy of the world, in which every life begins as if it were the first: a database for each takes long."""

    def __init__(self, world: World, database: Database) -> None:
        self._world = world
        self._database = database
        self._memory = Memory(database.connect("supabase_admin"))

    @contextmanager
    def opened(self) -> Iterator["Opened"]:
        """The world with everybody connected."""
        opened = Opened(self._world, self._database)
        try:
            yield opened
        finally:
            opened.close()
            self._memory.restore()


class Opened:
    """A copy of the world in use. Every call commits; `travel` moves everybody's time."""

    def __init__(self, world: World, database: Database) -> None:
        self.world = world
        self.now = datetime.now(UTC)
        self.owner = database.connect()
        self.member = database.connect("authenticated", world.tenant.admin.claims)
        self.stranger = database.connect("authenticated", world.stranger.admin.claims)
        self.strange_robot = database.connect("authenticated", world.strange_robot.claims)
        self.robots: dict[str, Connection] = {
            name: database.connect("authenticated", robot.claims) for name, robot in world.robots.items()
        }
        self.workflow_names = {workflow_id: name for name, workflow_id in world.workflow_ids.items()}
        self.names = {robot.robot_id: name for name, robot in world.robots.items()}
        self.travel(0)
        self.be_silent(0)

    @property
    def connections(self) -> list[Connection]:
        """Everybody's."""
        return [self.owner, self.member, self.stranger, self.strange_robot, *self.robots.values()]

    def close(self) -> None:
        """Closes them."""
        for connection in self.connections:
            connection.close()

    def be_silent(self, seconds: int) -> None:
        """As if nobody had been heard for so long; the time is not this."""
        self.owner.execute(
            "select setval('private.last_call_at', floor(extract(epoch from clock_timestamp()) * 1000)::bigint - %s)",
            [seconds * 1000],
        )

    def newest_outage(self) -> tuple[datetime, datetime]:
        """From when until when."""
        row = self.owner.execute(
            "select to_timestamp(b.last_value / 1000.0) as began_at, to_timestamp(e.last_value / 1000.0) as ended_at "
            "from private.outage_began_at as b, private.outage_ended_at as e"
        ).fetchone()
        assert row is not None
        return row["began_at"], row["ended_at"]

    def travel(self, seconds: float) -> datetime:
        """Lets time pass for everybody here."""
        self.now += timedelta(seconds=seconds)
        for connection in self.connections:
            at(connection, self.now)
        return self.now

    def register(self, name: str, held: list[tuple[uuid.UUID, int]]) -> None:
        """A new process of a robot, which names the leases that it knows."""
        call(
            self.robots[name],
            "register_robot",
            external_id=name,
            name=name,
            **ROBOTS[name],
            session_id=uuid.uuid4(),
            held_leases=Jsonb([{"job_id": str(job_id), "lease_token": token} for job_id, token in held]),
        )

    def run(self, duty: str) -> int:
        """Runs a bounded part of a duty, which does for all that there is here, and returns its count."""
        row = self.owner.execute("select private.run_duty(%s) as n", [duty]).fetchone()
        assert row is not None
        return int(row["n"])

    def model(self) -> Queue:
        """The same world as the model sees it."""
        return Queue(
            self.now,
            [
                Robot(
                    name,
                    kind.get("environment", "default"),
                    frozenset(
                        [*kind.get("capabilities", []), *(f"tag:{tag}" for tag in kind.get("tags", []))]
                        + ["mode:internet"] * kind.get("is_internet", False)
                    ),
                    kind["max_concurrent_jobs"],
                )
                for name, kind in ROBOTS.items()
            ],
        )

    def arguments(self, wish: Wish) -> dict[str, Any]:
        """A wish as the arguments of `enqueue_job`."""
        return {
            "workflow_id": self.world.workflow_ids[wish.workflow],
            "priority": wish.priority,
            "environment": wish.environment,
            "required_capabilities": sorted(word for word in wish.required if ":" not in word),
            "required_tags": sorted(word.removeprefix("tag:") for word in wish.required if word.startswith("tag:")),
            "execution_mode": "internet" if "mode:internet" in wish.required else "lan",
            "robot_id": wish.target,
            "run_at": self.now + timedelta(seconds=wish.delay) if wish.delay else None,
            "dedupe_key": wish.dedupe_key,
            "concurrency_key": wish.key,
            "max_attempts": wish.max_attempts,
            "timeout_seconds": wish.timeout_seconds,
            "progress_timeout_seconds": wish.progress_timeout_seconds,
            "retry_policy": wish.policy.document,
        }

    def name_limit(self, name: LimitName) -> dict[str, Any]:
        """The name of a limit as arguments of `set_limit` and `remove_limit`."""
        scope, of = name
        if scope == "workflow":
            return {"scope": scope, "workflow_id": self.world.workflow_ids[str(of)]}
        return {"scope": scope, "concurrency_key": of} if of else {"scope": scope}
