"""What an operator sees of the queue, and what keeps it healthy by itself."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.databases import Database
from tests.fleets import Fleet, call, make_fleet


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant alone in its database."""
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


def figures(fleet: Fleet) -> dict[str, tuple[float, bool]]:
    """Value and verdict of each figure."""
    rows = fleet.owner.execute("select * from private.queue_health()").fetchall()
    assert all(row["advice"] for row in rows)
    return {row["figure"]: (float(row["value"]), row["is_ok"]) for row in rows}


def test_all_is_well_in_a_new_database(fleet: Fleet) -> None:
    # It is a copy of one that may be as old as this run of the tests.
    fleet.owner.execute("update private.duty_runs set last_run_at = now()")
    assert {name: figure for name, figure in figures(fleet).items() if not figure[1]} == {}


def test_an_old_transaction_is_seen(fleet: Fleet) -> None:
    holder = fleet.database.connect()
    with holder.transaction():
        holder.execute("set transaction isolation level repeatable read")
        holder.execute("select count(*) from private.ready")
        assert figures(fleet)["oldest_snapshot_seconds"][0] > 0
    assert figures(fleet)["oldest_snapshot_seconds"][0] == 0


def test_jobs_whose_partition_is_missing_are_seen(fleet: Fleet) -> None:
    row = fleet.owner.execute(
        "select c.relname as name from pg_inherits as i join pg_class as c on c.oid = i.inhrelid "
        "where i.inhparent = 'public.jobs'::regclass and c.relname <> 'jobs_default' order by 1 limit 1"
    ).fetchone()
    assert row is not None
    fleet.owner.execute(f"drop table private.{row['name']}")
    fleet.enqueue()
    found = figures(fleet)
    assert found["missing_partition_rows"] == (1, False)
    assert found["weeks_without_partition"] == (1, False)


def test_overdue_work_is_seen(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    fleet.claim_one(robot)
    fleet.enqueue(run_at=fleet.now + timedelta(seconds=60))
    fleet.travel(seconds=60 + 100)
    found = figures(fleet)
    assert found["late_scheduled_seconds"] == (100, False)
    assert found["late_rescue_seconds"] == (100, False)
    fleet.run("promote_scheduled_jobs")
    fleet.run("rescue_expired_leases")
    found = figures(fleet)
    assert (found["late_scheduled_seconds"], found["late_rescue_seconds"]) == ((0, True), (0, True))


def test_a_job_without_progress_that_nobody_takes_back_is_seen(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue(progress_timeout_seconds=5)
    call(fleet.robots[robot.robot_id], "claim_jobs", lease_seconds=3600)
    fleet.travel(seconds=5 + 100)
    assert figures(fleet)["late_rescue_seconds"] == (100, False)


def test_a_duty_that_does_not_run_or_fails_is_seen(fleet: Fleet) -> None:
    fleet.travel(hours=1)
    assert not figures(fleet)["duty_purge_expired_jobs_seconds"][1]
    assert figures(fleet)["duty_purge_expired_dead_letters_seconds"][1] is False
    assert figures(fleet)["duty_ensure_job_partitions_seconds"][1]
    fleet.owner.execute("select private.run_duty('purge_expired_jobs')")
    assert figures(fleet)["duty_purge_expired_jobs_seconds"] == (0, True)
    fleet.owner.execute("update private.duty_runs set last_error = 'x' where name = 'purge_expired_jobs'")
    assert not figures(fleet)["duty_purge_expired_jobs_seconds"][1]


def test_partitions_that_nobody_keeps_are_seen_when_they_stay(fleet: Fleet) -> None:
    fleet.fill(1)
    fleet.travel(days=21)
    assert figures(fleet)["partitions_not_dropped"][1] is False


def test_no_figure_may_be_asked_for_by_a_client(fleet: Fleet) -> None:
    row = fleet.owner.execute(
        "select has_function_privilege('authenticated', 'private.queue_health()', 'execute') or "
        "has_function_privilege('casare_functions', 'private.queue_health()', 'execute') as may"
    ).fetchone()
    assert row == {"may": False}


def test_the_functions_login_holds_no_transaction_for_long(fleet: Fleet) -> None:
    connection = fleet.database.connect("casare_functions")
    row = connection.execute(
        "select current_setting('statement_timeout') as statement, "
        "current_setting('idle_in_transaction_session_timeout') as idle, current_setting('lock_timeout') as lock"
    ).fetchone()
    assert row == {"statement": "15s", "idle": "15s", "lock": "8s"}


def test_cron_vacuums_the_hot_tables_every_minute_by_a_command_that_runs(fleet: Fleet) -> None:
    row = fleet.owner.execute(
        "select schedule, command from cron.job where jobname = 'casare_vacuum_hot_tables'"
    ).fetchone()
    assert row is not None
    assert row["schedule"] == "* * * * *"
    fleet.fill(500)
    fleet.owner.execute("delete from private.ready")
    fleet.owner.execute("select pg_stat_force_next_flush()")
    fleet.owner.execute(row["command"])
    dead = fleet.owner.execute("select pg_stat_get_dead_tuples('private.ready'::regclass) as n").fetchone()
    assert dead == {"n": 0}
