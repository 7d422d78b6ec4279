"""The stand-in for pg_cron: the same calls, the same refusals, and a runner that keeps pg_cron's rules."""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests import servers
from tests.databases import Connection, Database

from casare_cloud.local.cron import CronRunner, next_run
from casare_cloud.local.postgres import PostgresServer

NOON = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def owner(database: Database) -> Connection:
    connection = database.connect()
    connection.execute("select cron.unschedule(jobid) from cron.job")
    return connection


@pytest.fixture
def runner(database: Database) -> CronRunner:
    return CronRunner(database.server.dsn, database.name)


async def run_at(runner: CronRunner, database: Database, now: datetime) -> None:
    """Reads the jobs as of `now`, then lets a minute pass."""
    async with await psycopg.AsyncConnection.connect(database.dsn("postgres"), autocommit=True) as control:
        await runner.load(control, now)
    await asyncio.gather(*runner.tick(now + timedelta(minutes=1)))


def details(connection: Connection) -> list[dict[str, Any]]:
    return connection.execute(
        "select status, return_message, username, command from cron.job_run_details order by runid"
    ).fetchall()


def test_scheduling_by_name_again_changes_the_job(owner: Connection) -> None:
    first = owner.execute("select cron.schedule('tidy', '* * * * *', 'select 1') as id").fetchone()
    second = owner.execute("select cron.schedule('tidy', '5 * * * *', 'select 2') as id").fetchone()
    assert first == second
    jobs = owner.execute("select jobname, schedule, command, username, active from cron.job").fetchall()
    assert jobs == [
        {"jobname": "tidy", "schedule": "5 * * * *", "command": "select 2", "username": "postgres", "active": True}
    ]


def test_a_job_without_a_name_is_altered_and_unscheduled_by_its_id(owner: Connection) -> None:
    row = owner.execute("select cron.schedule('30 seconds', 'select 1') as id").fetchone()
    assert row is not None
    owner.execute("select cron.alter_job(%s, active => false)", [row["id"]])
    assert owner.execute("select active, schedule from cron.job").fetchone() == {
        "active": False,
        "schedule": "30 seconds",
    }
    owner.execute("select cron.unschedule(%s::bigint)", [row["id"]])
    assert owner.execute("select count(*) as n from cron.job").fetchone() == {"n": 0}


@pytest.mark.parametrize("schedule", ["", "often", "60 seconds", "0 seconds", "* * * *", "* * * * * *"])
def test_a_schedule_that_pg_cron_refuses_is_refused(owner: Connection, schedule: str) -> None:
    with pytest.raises(psycopg.Error, match="invalid schedule"):
        owner.execute("select cron.schedule('x', %s, 'select 1')", [schedule])


def test_unscheduling_what_is_not_there_is_an_error(owner: Connection) -> None:
    with pytest.raises(psycopg.Error, match="could not find valid entry"):
        owner.execute("select cron.unschedule('nobody')")


def test_postgres_cannot_write_the_job_table_nor_schedule_as_somebody_else(owner: Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute("insert into cron.job (schedule, command) values ('* * * * *', 'select 1')")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute("select cron.schedule_in_database('x', '* * * * *', 'select 1', 'postgres', 'supabase_admin')")


def test_clients_of_the_data_api_cannot_schedule(database: Database) -> None:
    for role in ("anon", "authenticated"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.connect(role).execute("select cron.schedule('x', '* * * * *', 'select 1')")


@pytest.mark.parametrize(
    ("schedule", "last", "following"),
    [
        ("* * * * *", "12:00:00", "12:01:00"),
        ("*/5 * * * *", "12:00:30", "12:05:00"),
        ("10 seconds", "12:00:03", "12:00:13"),
        ("@hourly", "12:00:00", "13:00:00"),
    ],
)
def test_the_next_run_follows_the_schedule(schedule: str, last: str, following: str) -> None:
    day = NOON.date().isoformat()
    result = next_run(schedule, datetime.fromisoformat(f"{day}T{last}+00:00"))
    assert result == datetime.fromisoformat(f"{day}T{following}+00:00")


async def test_a_due_job_runs_as_its_owner_and_leaves_a_record(
    owner: Connection, runner: CronRunner, database: Database
) -> None:
    owner.execute("create table public.ran (who text)")
    owner.execute("select cron.schedule('go', '* * * * *', 'insert into public.ran values (current_user)')")
    await run_at(runner, database, NOON)
    assert owner.execute("table public.ran").fetchall() == [{"who": "postgres"}]
    (record,) = details(owner)
    assert (record["status"], record["return_message"], record["username"]) == ("succeeded", "INSERT 0 1", "postgres")


async def test_a_job_that_fails_is_recorded_with_its_error(
    owner: Connection, runner: CronRunner, database: Database
) -> None:
    owner.execute("select cron.schedule('bad', '* * * * *', 'select 1/0')")
    await run_at(runner, database, NOON)
    (record,) = details(owner)
    assert (record["status"], record["return_message"]) == ("failed", "ERROR: division by zero")


async def test_a_job_whose_owner_cannot_log_in_is_recorded_as_failed(owner: Connection, database: Database) -> None:
    def dsn(user: str, name: str) -> str:
        if user != "postgres":
            raise KeyError(user)
        return database.server.dsn(user, name)

    with database.connect("supabase_admin") as admin:
        admin.execute("select cron.schedule('theirs', '* * * * *', 'select 1')")
    await run_at(CronRunner(dsn, database.name), database, NOON)
    with database.connect("supabase_admin") as admin:
        assert [record["return_message"] for record in details(admin)] == [
            "ERROR: nobody knows how to log in as supabase_admin"
        ]


async def test_a_job_that_is_not_active_does_not_run(owner: Connection, runner: CronRunner, database: Database) -> None:
    owner.execute("select cron.alter_job(cron.schedule('off', '* * * * *', 'select 1'), active => false)")
    await run_at(runner, database, NOON)
    assert details(owner) == []


async def test_a_job_never_runs_beside_itself_and_catches_up_once(
    owner: Connection, runner: CronRunner, database: Database
) -> None:
    owner.execute("select cron.schedule('slow', '* * * * *', 'select pg_advisory_xact_lock(7)')")
    owner.execute("select pg_advisory_lock(7)")
    async with await psycopg.AsyncConnection.connect(database.dsn("postgres"), autocommit=True) as control:
        await runner.load(control, NOON)
    (first,) = runner.tick(NOON + timedelta(minutes=1))
    await until(lambda: details(owner))
    assert runner.tick(NOON + timedelta(minutes=2)) == []
    assert runner.tick(NOON + timedelta(minutes=3)) == []
    owner.execute("select pg_advisory_unlock(7)")
    await first
    assert [record["status"] for record in details(owner)] == ["succeeded", "succeeded"]


async def test_the_runner_notices_a_new_job_at_once_and_survives_the_death_of_its_connections(
    owner: Connection, runner: CronRunner, database: Database
) -> None:
    task = asyncio.create_task(runner.run())
    try:
        await until(lambda: control_connections(database) > 0)
        with database.server.connect() as admin:
            admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where datname = %s and application_name = 'cron'",
                [database.name],
            )
        await until(lambda: control_connections(database) > 0)
        owner.execute("select cron.schedule('soon', '1 seconds', 'select 1')")
        await until(lambda: len(details(owner)) > 0)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await until(lambda: control_connections(database) == 0)


def control_connections(database: Database) -> int:
    with database.server.connect() as admin:
        row = admin.execute(
            "select count(*) from pg_stat_activity "
            "where datname = %s and application_name = 'cron' and wait_event = 'ClientRead'",
            [database.name],
        ).fetchone()
    return int(str(row[0])) if row else 0


async def until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.needs_pg_cron
def test_the_real_pg_cron_takes_the_same_calls_and_keeps_the_same_jobs(
    pg_cron_server: PostgresServer, shared_database: Database
) -> None:
    # A pg_cron that knows no seconds runs the duties by the minute.
    query = (
        "select jobname, replace(schedule, '5 seconds', '* * * * *'), command, username, active from cron.job "
        "order by jobname"
    )
    ours = [tuple(row.values()) for row in shared_database.connect().execute(query).fetchall()]
    with pg_cron_server.connect("postgres") as owner:
        assert owner.execute("select extname from pg_extension where extname = 'pg_cron'").fetchone() is not None
        assert owner.execute(query).fetchall() == ours
        owner.execute("select cron.schedule('aaa', '* * * * *', 'select 1')")
        owner.execute("select cron.schedule('aaa', '5 * * * *', 'select 2')")
        assert owner.execute(query).fetchone() == ("aaa", "5 * * * *", "select 2", "postgres", True)
        owner.execute("select cron.unschedule('aaa')")
        assert owner.execute(query).fetchall() == ours


@pytest.mark.long
@pytest.mark.needs_pg_cron
def test_the_real_pg_cron_runs_our_jobs_from_the_first_minute_of_a_first_start() -> None:
    with servers.temporary_server(servers.with_pg_cron()) as server:
        server.bootstrap()
        server.load_schema()
        with server.connect() as admin:
            admin.execute("update private.duty_runs set last_run_at = now() - interval '1 day'")
            admin.commit()
            deadline = time.monotonic() + 180
            while not admin.execute(
                "select from cron.job_run_details where command like 'call%' and end_time > now() - interval '1 hour'"
            ).fetchall():
                assert time.monotonic() < deadline, "the duties were not run in a whole minute"
                time.sleep(0.5)
                admin.commit()
            runs = admin.execute("select status, return_message from cron.job_run_details").fetchall()
            left = admin.execute("select name from private.duty_runs where last_count is null").fetchall()
    assert all(status in ("starting", "running", "succeeded") for status, _ in runs), runs
    assert left == [], "it runs every duty, each in a transaction of its own"
