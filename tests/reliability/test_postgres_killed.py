"""The database is killed under load, twice: what was acknowledged is there once, and nobody is blamed for it."""

import contextlib
import os
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator

import psycopg
import pytest
from tests import servers
from tests.databases import Claims, Database
from tests.factories import Robot, make_job, make_robot, make_tenant, make_workflow

from casare_cloud.local.postgres import PostgresServer

ENQUEUERS = 2
ROBOTS = 4
LEASE_SECONDS = 6  # of the bystander, who must not lose it before the server is killed
PATIENCE_SECONDS = 120  # a safety net: nothing here is about how long it takes


@pytest.fixture
def durable_server() -> Iterator[PostgresServer]:
    with servers.durable_server() as server:
        yield server


class Load:
    """Programs that go on through lost connections, and remember what the database acknowledged."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.enqueued: list[uuid.UUID] = []
        self.completed: Counter[uuid.UUID] = Counter()

    def enqueue(self, claims: Claims, workflow_id: uuid.UUID) -> None:
        def once(connection: psycopg.Connection[dict[str, uuid.UUID]]) -> None:
            row = connection.execute("select job_id from public.enqueue_job(%s)", [workflow_id]).fetchone()
            assert row is not None
            self.enqueued.append(row["job_id"])
            time.sleep(0.001)

        self._run(claims, once)

    def work(self, claims: Claims) -> None:
        def once(connection: psycopg.Connection[dict[str, uuid.UUID]]) -> None:
            for job in connection.execute("select job_id, lease_token from public.claim_jobs(1, 5)").fetchall():
                answer = connection.execute(
                    "select public.complete_job(%s, %s, '{}') as answer", [job["job_id"], job["lease_token"]]
                ).fetchone()
                assert answer is not None
                if dict(answer["answer"]).get("outcome") == "applied":  # type: ignore[call-overload]
                    self.completed[job["job_id"]] += 1

        self._run(claims, once)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()

    def _run(self, claims: Claims, once: Callable[[psycopg.Connection], None]) -> None:  # type: ignore[type-arg]
        def loop() -> None:
            while not self._stop.is_set():
                with contextlib.suppress(psycopg.OperationalError):
                    connection = self._database.connect("authenticated", claims)
                    while not self._stop.is_set():
                        once(connection)
                time.sleep(0.05)

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        self._threads.append(thread)


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def hold_briefly(database: Database, robot: Robot) -> list[object]:
    """The job and the token of a lease that ends soon."""
    with database.connect("authenticated", robot.claims) as session, database.connect() as owner:
        job = session.execute("select job_id, lease_token from public.claim_jobs()").fetchone()
        assert job is not None
        owner.execute(
            "update private.leases set lease_expires_at = clock_timestamp() + make_interval(secs => %s) "
            "where job_id = %s",
            [LEASE_SECONDS, job["job_id"]],
        )
        return [job["job_id"], job["lease_token"]]


@pytest.mark.long
def test_acknowledged_jobs_survive_kill_9_of_postgres_exactly_once(durable_server: PostgresServer) -> None:
    durable_server.bootstrap()
    durable_server.load_schema()
    database = Database(durable_server, "postgres")
    tenant = make_tenant(database)
    workflow = make_workflow(database, tenant)
    robots = [make_robot(database, tenant) for _ in range(ROBOTS)]
    bystander = make_robot(database, tenant, environment="apart")
    make_job(database, workflow, environment="apart")
    load = Load(database)
    for _ in range(ENQUEUERS):
        load.enqueue(tenant.admin.claims, workflow.workflow_id)
    for robot in robots:
        load.work(robot.claims)
    for is_long in (False, True):
        before = len(load.enqueued)
        wait_until(lambda before=before: len(load.enqueued) > before + 150, PATIENCE_SECONDS, "no load")  # type: ignore[misc]
        held = hold_briefly(database, bystander) if is_long else None
        assert durable_server.process is not None
        os.kill(durable_server.process.pid, signal.SIGKILL)
        durable_server.process.wait()
        time.sleep(LEASE_SECONDS + 0.2 if is_long else 0)  # longer than that lease
        durable_server.start()
    assert held is not None
    with database.connect() as owner:
        owner.execute("select private.rescue_expired_leases()")
    with database.connect("authenticated", bystander.claims) as session:
        row = session.execute("select public.complete_job(%s, %s, '{}') as answer", held).fetchone()
    assert row is not None
    assert row["answer"].get("status") == "completed", "its lease ended while it could not be renewed"
    before = len(load.enqueued)
    wait_until(lambda: len(load.enqueued) > before + 50, PATIENCE_SECONDS, "the load did not come back")
    load.stop()

    acknowledged = Counter(load.enqueued)
    with psycopg.connect(database.dsn(), autocommit=True) as owner:
        rows = owner.execute("select job_id, status::text from public.jobs").fetchall()
        assert [job_id for job_id, count in acknowledged.items() if count > 1] == []
        assert acknowledged.keys() - {job_id for job_id, _ in rows} == set(), "an acknowledged job is gone"
        status = dict(rows)
        lost = [job_id for job_id in load.completed if status[job_id] != "completed"]
        assert lost == [], "an acknowledged completion is gone"
        assert [job_id for job_id, count in load.completed.items() if count > 1] == []
        places = owner.execute(
            "select job_id, count(*) from (select job_id from private.ready "
            "union all select job_id from private.leases union all select job_id from private.scheduled union all "
            "select job_id from public.jobs where status <> 'queued') as p group by job_id having count(*) <> 1"
        ).fetchall()
        assert places == [], "a job is in two places, or in none"
        (homeless,) = owner.execute(
            "select count(*) from public.jobs as j where j.status = 'queued' and not exists "
            "(select from private.ready as r where r.job_id = j.job_id) and not exists "
            "(select from private.leases as l where l.job_id = j.job_id) and not exists "
            "(select from private.scheduled as s where s.job_id = j.job_id)"
        ).fetchone() or (None,)
        assert homeless == 0, "a waiting job stands in no queue"
