"""A tenant with a workflow, a member and robots, and the queue's functions as they call them."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from tests.databases import Connection, Database, at
from tests.factories import Robot, Tenant, Workflow, make_member, make_robot, make_tenant, make_workflow

Row = dict[str, Any]


def state_of(robot: Mapping[str, Any]) -> str:
    """What a row of `live_robots` says of a robot: the first that holds."""
    facts = ("is_online", "offline"), ("is_active", "maintenance"), ("is_healthy", "error")
    return next((word for name, word in facts if not robot[name]), "busy" if robot["is_busy"] else "idle")


def call(connection: Connection, function: str, **arguments: object) -> Row:
    """The first row of `public.<function>`, called with named arguments; dicts travel as jsonb."""
    rows = call_all(connection, function, **arguments)
    assert rows, f"{function} returned no row"
    return rows[0]


def call_all(connection: Connection, function: str, **arguments: object) -> list[Row]:
    """Every row of `public.<function>`, called with named arguments."""
    named = ", ".join(f"p_{name} => %s" for name in arguments)
    values = [Jsonb(value) if is_json(value) else value for value in arguments.values()]
    return connection.execute(f"select * from public.{function}({named})", values).fetchall()


def is_json(value: object) -> bool:
    """Whether a value travels as jsonb: objects, and lists of objects."""
    return isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(item, Mapping) for item in value))


@contextmanager
def refused(status: int, code: str, *words: str) -> Iterator[None]:
    """Expects an error with this status and code whose sentence has all the words."""
    with pytest.raises(psycopg.Error) as caught:
        yield
    assert (caught.value.sqlstate, caught.value.diag.message_detail) == (f"PT{status}", code), caught.value
    for word in words:
        assert word in str(caught.value.diag.message_primary)


@dataclass
class Fleet:
    """One tenant at work. Connections commit every call; `travel` moves the time of all of them."""

    database: Database
    tenant: Tenant
    workflow: Workflow
    member: Connection
    owner: Connection
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    robots: dict[uuid.UUID, Connection] = field(default_factory=dict)

    def robot(self, **properties: Any) -> Robot:
        """A new robot of the tenant, connected."""
        robot = make_robot(self.database, self.tenant, **properties)
        self.robots[robot.robot_id] = self.database.connect("authenticated", robot.claims)
        at(self.robots[robot.robot_id], self.now)
        return robot

    def travel(self, **duration: float) -> datetime:
        """Lets time pass for everybody here, without waiting."""
        self.now += timedelta(**duration)
        for connection in [self.member, self.owner, *self.robots.values()]:
            at(connection, self.now)
        return self.now

    def close(self) -> None:
        """Closes the connections."""
        for connection in [self.member, self.owner, *self.robots.values()]:
            connection.close()

    def enqueue(self, **properties: Any) -> Row:
        """A job of the fleet's workflow, as the member enqueues it."""
        return call(self.member, "enqueue_job", **({"workflow_id": self.workflow.workflow_id} | properties))

    def fill(self, count: int, **properties: Any) -> None:
        """Puts many jobs in the queue, all like one that is enqueued with these properties."""
        job = self.enqueue(**properties)
        self.owner.execute(
            """
            with added as (
                insert into public.jobs (
                    tenant_id, workflow_id, workflow_version, workflow_name, lane_id, trigger_type, execution_mode,
                    environment, required_capabilities, required_tags, priority, target_robot_id, pool_id, input,
                    metadata, max_attempts, timeout_seconds, retry_policy
                )
                select
                    j.tenant_id, j.workflow_id, j.workflow_version, j.workflow_name, j.lane_id, j.trigger_type,
                    j.execution_mode, j.environment, j.required_capabilities, j.required_tags, j.priority,
                    j.target_robot_id, j.pool_id, j.input, j.metadata, j.max_attempts, j.timeout_seconds,
                    j.retry_policy
                from public.jobs as j, generate_series(1, %(count)s)
                where j.job_id = %(job_id)s
                returning job_id, tenant_id, lane_id, pool_id
            ), delayed as (
                insert into private.scheduled (job_id, tenant_id, tenant_no, lane_id, run_at)
                select a.job_id, a.tenant_id, q.tenant_no, a.lane_id, %(run_at)s
                from added as a
                join private.queue_tenants as q using (tenant_id)
                where %(run_at)s::timestamptz is not null
            )
            insert into private.ready (tenant_no, lane_id, job_id, pool_id)
            select q.tenant_no, a.lane_id, a.job_id, a.pool_id
            from added as a
            join private.queue_tenants as q using (tenant_id)
            where %(run_at)s::timestamptz is null
            """,
            {"count": count, "job_id": job["job_id"], "run_at": properties.get("run_at")},
        )

    def claim(self, robot: Robot, limit: int = 1, **properties: Any) -> list[Row]:
        """What a robot gets."""
        return call_all(self.robots[robot.robot_id], "claim_jobs", limit=limit, **properties)

    def claim_one(self, robot: Robot) -> Row:
        """The one job that a robot gets."""
        rows = self.claim(robot)
        assert len(rows) == 1
        return rows[0]

    def start_one(self, robot: Robot) -> Row:
        """The one job that a robot gets, and has begun to run."""
        job = self.claim_one(robot)
        self.report(robot, "start_job", job)
        return job

    def report(self, robot: Robot, function: str, job: Row, **arguments: object) -> Any:
        """What start_job, complete_job, fail_job, release_job or report_progress answers to the lease's holder."""
        row = call(
            self.robots[robot.robot_id],
            function,
            job_id=job["job_id"],
            lease_token=job["lease_token"],
            **arguments,
        )
        return row[function]

    def job(self, job_id: uuid.UUID) -> Row:
        """A job as a member sees it now."""
        row = self.member.execute("select * from public.live_jobs where job_id = %s", [job_id]).fetchone()
        assert row is not None
        return row

    def count(self, table: str) -> int:
        """How many rows a table has, for its owner."""
        row = self.owner.execute(f"select count(*) as n from {table}").fetchone()
        assert row is not None
        return int(row["n"])

    def events(self, job_id: uuid.UUID) -> list[str]:
        """The types of the events of a job, in order."""
        rows = self.owner.execute(
            "select event_type from ("
            "    select event_type, seq as place from public.events where job_id = %(job)s"
            "    union all select event_type, 1e18 + inbox_id from private.event_inbox where job_id = %(job)s"
            ") as e order by place",
            {"job": job_id},
        ).fetchall()
        return [row["event_type"] for row in rows]

    def watch(self, job_id: uuid.UUID | None = None) -> Row:
        """What the member who says that they watch the tenant, or a job, is answered."""
        answer: Row = call(self.member, "watch", **({} if job_id is None else {"job_id": job_id}))["watch"]
        return answer

    def bells(self) -> list[Row]:
        """What was pushed to those who watch the tenant, in order."""
        return self.pushes(f"tenant:{self.tenant.tenant_id}:changes")

    def pushes(self, topic: str) -> list[Row]:
        """What was pushed on a topic, in order."""
        return self.owner.execute(
            "select event, payload from realtime.messages where topic = %s "
            "order by inserted_at, payload ->> 'timestamp'",
            [topic],
        ).fetchall()

    def run(self, duty: str) -> int:
        """Runs a bounded part of a duty as the dispatcher does, and returns its count."""
        row = self.owner.execute("select private.run_duty(%s) as n", [duty]).fetchone()
        error = self.owner.execute("select last_error from private.duty_runs where name = %s", [duty]).fetchone()
        assert row is not None
        assert error == {"last_error": None}
        return int(row["n"])

    def rescue(self) -> int:
        """Ends the leases that are over, also those that other tests left; how many of this tenant there were."""
        held = "select count(*) as n from private.leases where tenant_id = %s"
        [before] = self.owner.execute(held, [self.tenant.tenant_id]).fetchall()
        self.run("rescue_expired_leases")
        [after] = self.owner.execute(held, [self.tenant.tenant_id]).fetchall()
        return int(before["n"] - after["n"])


def make_fleet(database: Database, role: str = "admin", nodes: Sequence[str] = ("start", "end")) -> Fleet:
    """A tenant with one member of a role and one workflow; time stands still at the present."""
    tenant = make_tenant(database)
    claims = tenant.admin.claims if role == "admin" else make_member(database, tenant, role).claims
    definition = {"nodes": {name: {"type": "LogNode"} for name in nodes}, "connections": []}
    fleet = Fleet(
        database,
        tenant,
        make_workflow(database, tenant, definition=definition),
        database.connect("authenticated", claims),
        database.connect(),
    )
    fleet.travel()
    return fleet
