"""Postgres is killed at the moment of firing: every due time has its job, and none has two."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress

import psycopg
import pytest
from tests import servers
from tests.databases import Connection, Database
from tests.factories import make_tenant, make_workflow

from casare_cloud.local.cron import CronRunner
from casare_cloud.local.postgres import PostgresServer

SCHEDULES = 4000  # several transactions
PATIENCE_SECONDS = 180  # a safety net: nothing here is about how long it takes


@contextmanager
def standing_in(server: PostgresServer) -> Iterator[None]:
    """The stand-in for pg_cron runs the duties."""
    loop = asyncio.new_event_loop()
    running = loop.create_task(CronRunner(server.dsn).run())
    thread = threading.Thread(target=lambda: loop.run_until_complete(asyncio.wait([running])), daemon=True)
    thread.start()
    yield
    loop.call_soon_threadsafe(running.cancel)
    thread.join(PATIENCE_SECONDS)
    loop.close()


@contextmanager
def firing(database: Database) -> Iterator[None]:
    """The duties run from now on, without waiting for the minute of a cron, until the server goes."""

    def run() -> None:
        with suppress(psycopg.OperationalError), database.connect() as owner:
            while True:
                owner.execute("call private.run_duties()")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()


@contextmanager
def held_back(database: Database) -> Iterator[None]:
    """Some schedules cannot fire as long as the server lives, however late it is killed."""
    with suppress(psycopg.OperationalError), database.connect() as holder, holder.transaction():
        holder.execute("select from public.schedules order by schedule_id desc limit 100 for update")
        yield


def wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def count(owner: Connection, table: str) -> int:
    row = owner.execute(f"select count(*) as n from {table}").fetchone()
    assert row is not None
    return int(row["n"])


@pytest.mark.parametrize(
    "is_real", [False, pytest.param(True, marks=pytest.mark.needs_pg_cron)], ids=["stand-in", "pg_cron"]
)
def test_schedules_that_are_due_when_postgres_is_killed_fire_once_each(is_real: bool) -> None:
    with servers.durable_server(servers.with_pg_cron() if is_real else None) as server:
        server.bootstrap()
        server.load_schema()
        database = Database(server, "postgres")
        tenant = make_tenant(database)
        workflow = make_workflow(database, tenant)
        owner = database.connect()
        owner.execute(
            "insert into public.schedules "
            "(tenant_id, workflow_id, name, cron_expression, timezone, next_run_at) "
            "select %s, %s, 'due', '0 0 1 1 *', 'UTC', date_trunc('minute', now()) "
            "from generate_series(1, %s)",
            [tenant.tenant_id, workflow.workflow_id, SCHEDULES],
        )
        with held_back(database), firing(database):
            wait_until(lambda: count(owner, "public.schedule_fires") > 0, "nothing has fired")
            assert count(owner, "public.schedule_fires") < SCHEDULES, "it is killed in the midst of it"
            assert server.process is not None
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait()
        server.start()
        with nullcontext() if is_real and server.has_pg_cron else standing_in(server), database.connect() as owner:
            due = "select from public.schedules where next_run_at <= now() limit 1"
            wait_until(lambda: not owner.execute(due).fetchall(), "some are still due")
        with database.connect() as owner:
            fires = owner.execute(
                "select count(*) as rows, count(distinct f.schedule_id) as schedules, count(distinct f.job_id) as jobs "
                "from public.schedule_fires as f where f.outcome = 'enqueued'"
            ).fetchone()
            assert fires == {"rows": SCHEDULES, "schedules": SCHEDULES, "jobs": SCHEDULES}
            assert (count(owner, "public.jobs"), count(owner, "private.ready")) == (SCHEDULES, SCHEDULES)
            assert count(owner, "private.dedupe_keys") == SCHEDULES
