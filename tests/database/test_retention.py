"""Retention: what leaves, when, in which order, and what never does."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.types.json import Jsonb
from tests.databases import Database, at
from tests.factories import Robot
from tests.fleets import Fleet, Row, call, make_fleet, refused


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant on the plan free, alone in its database."""
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


@pytest.fixture
def robot(fleet: Fleet) -> Robot:
    """The fleet's robot."""
    return fleet.robot(max_concurrent_jobs=50)


def duty(fleet: Fleet, name: str) -> int | None:
    """Runs a duty as cron does."""
    row = fleet.owner.execute("select private.run_duty(%s) as n", [name]).fetchone()
    assert row is not None
    error = fleet.owner.execute("select last_error from private.duty_runs where name = %s", [name]).fetchone()
    assert error == {"last_error": None}
    count: int | None = row["n"]
    return count


def bind(fleet: Fleet, name: str, bound: int) -> None:
    """Lets a run of a duty do no more than this."""
    fleet.owner.execute("update private.duties set bound = %s where name = %s", [bound, name])


def done_job(fleet: Fleet, robot: Robot) -> uuid.UUID:
    """A job that was completed."""
    fleet.enqueue()
    job = fleet.claim_one(robot)
    fleet.report(robot, "complete_job", job, result={"n": 1})
    found: uuid.UUID = job["job_id"]
    return found


def dead_job(fleet: Fleet, robot: Robot) -> uuid.UUID:
    """A job that is a dead letter."""
    fleet.enqueue()
    job = fleet.claim_one(robot)
    fleet.report(robot, "fail_job", job, error_message="x", retryable=False)
    found: uuid.UUID = job["job_id"]
    return found


def set_plan(fleet: Fleet, plan: str) -> None:
    """Changes what the tenant pays for."""
    fleet.owner.execute("update public.tenants set plan = %s where tenant_id = %s", [plan, fleet.tenant.tenant_id])


def is_there(fleet: Fleet, *job_ids: uuid.UUID) -> list[bool]:
    """Whether each job still has its row."""
    rows = fleet.owner.execute("select job_id from public.jobs where job_id = any (%s)", [list(job_ids)]).fetchall()
    found = {row["job_id"] for row in rows}
    return [job_id in found for job_id in job_ids]


def partition_of(fleet: Fleet, job_id: uuid.UUID) -> str:
    """The name of the partition that has a job."""
    row = fleet.owner.execute(
        "select tableoid::regclass::text as name from public.jobs where job_id = %s", [job_id]
    ).fetchone()
    assert row is not None
    return str(row["name"]).removeprefix("private.")


@pytest.fixture
def payer(fleet: Fleet) -> Iterator[Fleet]:
    """Another tenant, whose plan keeps longer: the partition is not dropped for the first one."""
    payer = make_fleet(fleet.database)
    set_plan(payer, "enterprise")
    yield payer
    payer.close()


def test_finished_jobs_leave_when_the_plan_keeps_them_no_longer(fleet: Fleet, robot: Robot, payer: Fleet) -> None:
    mine, others = done_job(fleet, robot), done_job(payer, payer.robot())
    fleet.travel(days=6, hours=23)
    assert duty(fleet, "purge_expired_jobs") == 0
    fleet.travel(hours=2)
    assert duty(fleet, "purge_expired_jobs") == 1
    assert is_there(fleet, mine, others) == [False, True]
    fleet.travel(days=392)
    assert duty(fleet, "purge_expired_jobs") == 0
    fleet.travel(days=10)
    assert duty(fleet, "purge_expired_jobs") == 1, "a partition that was not dropped in time is emptied"
    assert is_there(fleet, others) == [False]


def test_a_live_job_never_leaves(fleet: Fleet, robot: Robot, payer: Fleet) -> None:
    set_plan(payer, "enterprise")
    held = fleet.enqueue()["job_id"]
    fleet.claim_one(robot)
    waiting, delayed = fleet.enqueue()["job_id"], fleet.enqueue(run_at=fleet.now + timedelta(days=600))["job_id"]
    fleet.travel(days=500)
    assert duty(fleet, "purge_expired_jobs") == 0
    assert is_there(fleet, held, waiting, delayed) == [True, True, True]


def test_a_job_that_finished_late_is_kept_from_then_on(fleet: Fleet, robot: Robot, payer: Fleet) -> None:
    job = fleet.enqueue()["job_id"]
    fleet.travel(days=20)
    fleet.report(robot, "complete_job", fleet.claim_one(robot))
    fleet.travel(days=6)
    assert duty(fleet, "purge_expired_jobs") == 0
    fleet.travel(days=2)
    assert duty(fleet, "purge_expired_jobs") == 1
    assert is_there(fleet, job) == [False]


def test_a_dead_letter_keeps_its_job_until_it_leaves_itself(fleet: Fleet, robot: Robot, payer: Fleet) -> None:
    job = dead_job(fleet, robot)
    fleet.travel(days=29)
    assert (duty(fleet, "purge_expired_dead_letters"), duty(fleet, "purge_expired_jobs")) == (0, 0)
    fleet.travel(days=2)
    assert (duty(fleet, "purge_expired_dead_letters"), duty(fleet, "purge_expired_jobs")) == (1, 1)
    assert is_there(fleet, job) == [False]
    assert fleet.count("public.dead_letters") == 0


def test_a_run_reads_a_bounded_number_of_rows_and_the_next_goes_on(fleet: Fleet, robot: Robot, payer: Fleet) -> None:
    fleet.fill(60)  # live jobs that stand in front are not read again and again
    for job in fleet.claim(robot, limit=50):
        fleet.report(robot, "complete_job", job)
    ready = fleet.count("private.ready")
    fleet.travel(days=9)
    bind(fleet, "purge_expired_jobs", 20)
    purged = [fleet.run("purge_expired_jobs") for _ in range(8)]
    assert max(purged) <= 20
    assert sum(purged) == 50
    assert fleet.count("public.jobs") == ready == fleet.count("private.ready")


def test_a_tenant_may_keep_shorter_but_not_longer_than_its_plan(fleet: Fleet) -> None:
    set_plan(fleet, "pro")
    answer = call(fleet.member, "set_retention", days={"jobs": 3, "events": 1})["set_retention"]
    assert (answer["days"]["jobs"], answer["days"]["events"], answer["days"]["job_logs"]) == (3, 1, 30)
    assert answer["most_days"]["jobs"] == 90
    assert answer["export_before_drop"] is False
    with refused(400, "INVALID_ARGUMENT", "days.jobs", "90"):
        call(fleet.member, "set_retention", days={"jobs": 91})
    with refused(400, "INVALID_ARGUMENT", "days.audit_log"):
        call(fleet.member, "set_retention", days={"audit_log": 1})
    with refused(400, "INVALID_ARGUMENT", "days.jobs"):
        call(fleet.member, "set_retention", days={"jobs": 0})
    back = fleet.member.execute("select public.set_retention(%s) as r", [Jsonb({"jobs": None})]).fetchone()
    assert back is not None
    assert back["r"]["days"]["jobs"] == 90
    set_plan(fleet, "free")
    assert call(fleet.member, "get_retention")["get_retention"]["days"]["dead_letters"] == 30


def test_only_those_who_may_change_settings_change_the_retention(database: Database) -> None:
    developer = make_fleet(database, "developer")
    with refused(403, "FORBIDDEN"):
        call(developer.member, "set_retention", days={"jobs": 1})
    developer.close()


def test_a_shorter_setting_takes_effect(fleet: Fleet, robot: Robot, payer: Fleet) -> None:
    job = done_job(fleet, robot)
    call(fleet.member, "set_retention", days={"jobs": 2})
    fleet.travel(days=3)
    assert duty(fleet, "purge_expired_jobs") == 1
    assert is_there(fleet, job) == [False]


@pytest.mark.parametrize(
    ("table", "kept", "gone"),
    [("job_logs", 6, 8), ("late_results", 6, 8), ("events", 6, 8), ("audit_log", 364, 366)],
)
def test_other_rows_leave_after_their_own_time(fleet: Fleet, robot: Robot, table: str, kept: int, gone: int) -> None:
    fleet.enqueue()
    stale = fleet.claim_one(robot)
    fleet.report(robot, "release_job", stale)
    job = fleet.claim_one(robot)
    call(
        fleet.robots[robot.robot_id], "append_job_logs", job_id=job["job_id"], lease_token=job["lease_token"],
        entries=[{"level": "info", "message": "x"}, {"level": "info", "message": "y"}],
    )  # fmt: skip
    fleet.report(robot, "complete_job", stale)
    fleet.run("sequence_events")
    before = fleet.count(f"public.{table}")
    assert before > 0
    fleet.travel(days=kept)
    assert duty(fleet, f"purge_expired_{table}") == 0
    fleet.travel(days=gone - kept)
    assert duty(fleet, f"purge_expired_{table}") == before
    assert fleet.count(f"public.{table}") == 0


def test_rows_leave_tenant_by_tenant_and_no_more_than_asked_at_once(fleet: Fleet) -> None:
    others = [make_fleet(fleet.database) for _ in range(3)]
    for each in [fleet, *others]:
        each.enqueue()
        each.close() if each is not fleet else None
    fleet.run("sequence_events")
    total = fleet.count("public.events")
    fleet.travel(days=8)
    bind(fleet, "purge_expired_events", 2)
    purged = []
    while fleet.count("public.events"):
        purged.append(fleet.run("purge_expired_events"))
        assert len(purged) < 50
    assert sum(purged) == total
    assert max(purged) <= 2


# -- partitions


def end_of_week(fleet: Fleet, days: int) -> None:
    """Travels until the whole week of the present is older than a number of days."""
    monday = datetime.now(UTC).date() + timedelta(days=7 - datetime.now(UTC).weekday())
    fleet.now = datetime(monday.year, monday.month, monday.day, 1, tzinfo=UTC) + timedelta(days=days)
    fleet.travel()


def test_a_partition_is_dropped_and_what_is_kept_of_it_stays(fleet: Fleet, robot: Robot) -> None:
    held = fleet.enqueue()
    claimed = fleet.claim_one(robot)
    fleet.owner.execute("update private.leases set lease_expires_at = 'infinity', timeout_at = 'infinity'")
    done, dead = done_job(fleet, robot), dead_job(fleet, robot)
    late = fleet.enqueue(run_at=fleet.now + timedelta(minutes=5))["job_id"]
    waiting, delayed = fleet.enqueue()["job_id"], fleet.enqueue(run_at=fleet.now + timedelta(days=60))["job_id"]
    week = partition_of(fleet, done)
    end_of_week(fleet, 6)
    assert duty(fleet, "drop_job_partitions") == 0
    end_of_week(fleet, 7)
    fleet.run("promote_scheduled_jobs")
    finished = fleet.claim(robot, limit=2)
    assert {job["job_id"] for job in finished} == {late, waiting}
    fleet.report(robot, "complete_job", next(job for job in finished if job["job_id"] == late))
    fleet.report(robot, "release_job", next(job for job in finished if job["job_id"] == waiting))

    assert duty(fleet, "drop_job_partitions") == 1
    assert is_there(fleet, done, held["job_id"], dead, late, waiting, delayed) == [False, *[True] * 5]
    assert partition_of(fleet, waiting) == "jobs_default"
    gone = fleet.owner.execute("select to_regclass('private.' || %s) as name", [week]).fetchone()
    assert gone == {"name": None}
    fleet.report(robot, "complete_job", claimed, result={"n": 2})
    assert fleet.job(held["job_id"])["result"] == {"n": 2}
    assert fleet.claim_one(robot)["job_id"] == waiting
    assert duty(fleet, "drop_job_partitions") == 0


def test_a_week_that_was_dropped_is_not_made_again_and_its_rest_leaves_in_time(fleet: Fleet, robot: Robot) -> None:
    job = fleet.enqueue()["job_id"]
    week = partition_of(fleet, job)
    end_of_week(fleet, 7)
    assert duty(fleet, "drop_job_partitions") == 1
    fleet.report(robot, "complete_job", fleet.claim_one(robot))
    assert duty(fleet, "place_default_jobs") == 0
    assert fleet.owner.execute("select to_regclass('private.' || %s) as name", [week]).fetchone() == {"name": None}
    fleet.travel(days=9)
    assert duty(fleet, "purge_expired_jobs") == 1
    assert is_there(fleet, job) == [False]


def test_a_partition_waits_for_the_longest_retention_of_any_tenant(fleet: Fleet, robot: Robot, payer: Fleet) -> None:
    done_job(fleet, robot)
    other = done_job(payer, payer.robot())
    end_of_week(fleet, 399)
    assert duty(fleet, "drop_job_partitions") == 0
    end_of_week(fleet, 400)
    assert duty(fleet, "drop_job_partitions") == 1
    assert is_there(fleet, other) == [False]


def test_a_partition_with_too_many_jobs_to_keep_is_not_dropped(fleet: Fleet) -> None:
    fleet.fill(20)
    end_of_week(fleet, 7)
    row = fleet.owner.execute("select private.drop_job_partitions(10) as n").fetchone()
    assert row == {"n": 0}
    row = fleet.owner.execute("select private.drop_job_partitions(30) as n").fetchone()
    assert row == {"n": 1}
    assert fleet.count("private.jobs_default") == 21 == fleet.count("private.ready")


def test_a_drop_gives_way_to_the_queue(fleet: Fleet, robot: Robot) -> None:
    job = done_job(fleet, robot)
    end_of_week(fleet, 7)
    busy = fleet.database.connect()
    with busy.transaction():
        busy.execute("select count(*) from public.jobs")
        fleet.owner.execute("select private.run_duty('drop_job_partitions')")
    row = fleet.owner.execute(
        "select last_error, last_run_at from private.duty_runs where name = 'drop_job_partitions'"
    ).fetchone()
    assert row is not None
    assert "lock timeout" in row["last_error"]
    assert is_there(fleet, job) == [True]
    assert duty(fleet, "drop_job_partitions") == 1


# -- exports


def want_exports(fleet: Fleet) -> None:
    """The tenant, which pays, asks that jobs are exported before they leave, after seven days."""
    set_plan(fleet, "pro")
    answer: Row = call(fleet.member, "set_retention", days={"jobs": 7}, export_before_drop=True)["set_retention"]
    assert answer["export_before_drop"] is True


def mark(fleet: Fleet, partition: str, finished_before: datetime) -> None:
    """Says that a file has the jobs of a partition."""
    fleet.owner.execute("select private.mark_exported(%s, %s)", [partition, finished_before])


def test_jobs_that_must_be_exported_leave_only_when_they_are_in_a_file(
    fleet: Fleet, robot: Robot, payer: Fleet
) -> None:
    want_exports(fleet)
    first = done_job(fleet, robot)
    between = fleet.travel(minutes=1)
    fleet.travel(minutes=1)
    second = done_job(fleet, robot)
    fleet.travel(days=8)
    assert duty(fleet, "purge_expired_jobs") == 0
    mark(fleet, partition_of(fleet, first), between)
    assert duty(fleet, "purge_expired_jobs") == 1
    assert is_there(fleet, first, second) == [False, True]
    mark(fleet, partition_of(fleet, second), fleet.now)
    mark(fleet, partition_of(fleet, second), between)  # an older file takes nothing back
    assert duty(fleet, "purge_expired_jobs") == 1


def test_a_partition_with_jobs_that_must_be_exported_is_not_dropped_before(fleet: Fleet, robot: Robot) -> None:
    want_exports(fleet)
    job, dead = done_job(fleet, robot), dead_job(fleet, robot)
    week = partition_of(fleet, job)
    end_of_week(fleet, 7)
    assert duty(fleet, "drop_job_partitions") == 0
    mark(fleet, week, fleet.now - timedelta(days=1))
    assert duty(fleet, "drop_job_partitions") == 1
    assert is_there(fleet, job, dead) == [False, True]
    assert fleet.count("private.exports") == 0


def test_who_pays_nothing_keeps_no_partition_of_all_tenants(fleet: Fleet, robot: Robot) -> None:
    with refused(403, "SETTING_OF_THE_PLAN"):
        call(fleet.member, "set_retention", export_before_drop=True)
    with refused(403, "SETTING_OF_THE_PLAN"):
        call(fleet.member, "set_settings", changes={"retention.export_before_drop": True})
    want_exports(fleet)
    set_plan(fleet, "free")  # asked for it while it paid
    done_job(fleet, robot)
    end_of_week(fleet, 7)
    assert duty(fleet, "drop_job_partitions") == 1


def test_only_a_partition_of_jobs_can_be_marked_and_not_for_the_future(fleet: Fleet) -> None:
    with refused(404, "PARTITION_NOT_FOUND"):
        mark(fleet, "tenants", fleet.now)
    with refused(400, "INVALID_ARGUMENT"):
        mark(fleet, "jobs_default", fleet.now + timedelta(days=1))


# -- missing partitions, and duties


def test_jobs_in_the_default_partition_get_the_one_that_was_missing(fleet: Fleet, robot: Robot) -> None:
    week = partition_of(fleet, done_job(fleet, robot))
    fleet.owner.execute(f"drop table private.{week}")
    fleet.owner.execute("delete from public.dead_letters")
    job = fleet.enqueue()["job_id"]
    assert partition_of(fleet, job) == "jobs_default"
    set_plan(fleet, "pro")
    fleet.travel(days=40)  # too late for ensure_job_partitions, which looks ahead only
    assert duty(fleet, "place_default_jobs") == 1
    assert partition_of(fleet, job) == week
    assert fleet.claim_one(robot)["job_id"] == job


def test_too_many_rows_are_not_moved_while_others_want_the_table(fleet: Fleet) -> None:
    week = partition_of(fleet, fleet.enqueue()["job_id"])
    fleet.owner.execute(f"drop table private.{week}")
    fleet.owner.execute("delete from private.ready")
    fleet.fill(20)
    made = "select private.make_job_partition(now(), %s) as made"
    assert fleet.owner.execute(made, [10]).fetchone() == {"made": False}
    assert fleet.owner.execute(made, [100]).fetchone() == {"made": True}
    assert fleet.count(f"private.{week}") == 21


def test_a_duty_that_fails_is_written_down_and_the_next_run_clears_it(fleet: Fleet) -> None:
    fleet.owner.execute(
        "insert into private.duties (name, every, without_turns) values ('no_such_duty', '1 hour', 'It is not there.')"
    )
    fleet.owner.execute("insert into private.duty_runs (name) values ('no_such_duty')")
    fleet.owner.execute("select private.run_duty('no_such_duty')")
    row = fleet.owner.execute("select last_error from private.duty_runs where name = 'no_such_duty'").fetchone()
    assert row is not None
    assert "no_such_duty" in row["last_error"]
    assert duty(fleet, "purge_expired_events") == 0


def test_a_duty_runs_once_at_a_time(fleet: Fleet) -> None:
    other = fleet.database.connect()
    with other.transaction():
        other.execute("select private.run_duty('purge_expired_jobs')")
        assert duty(fleet, "purge_expired_jobs") is None
    assert duty(fleet, "purge_expired_jobs") == 0


def test_every_duty_of_the_table_runs(fleet: Fleet) -> None:
    known = fleet.owner.execute("select name from private.duty_runs").fetchall()
    for row in known:
        assert duty(fleet, row["name"]) is not None


def test_ids_tell_their_time(fleet: Fleet) -> None:
    at(fleet.owner, None)
    row = fleet.owner.execute(
        "select private.uuid_v7_time(private.uuid_v7('2026-05-04 03:02:01.123Z')) as time"
    ).fetchone()
    assert row == {"time": datetime(2026, 5, 4, 3, 2, 1, 123000, tzinfo=UTC)}
