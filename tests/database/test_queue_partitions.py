"""Partitions of jobs: made weeks ahead, never missed when they are not there, found by id."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from tests.databases import Database, at
from tests.fleets import Fleet, call, make_fleet


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant alone in its database."""
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


def partitions(fleet: Fleet) -> set[str]:
    """The names of the weekly partitions."""
    rows = fleet.owner.execute(
        "select c.relname as name from pg_inherits as i join pg_class as c on c.oid = i.inhrelid "
        "where i.inhparent = 'public.jobs'::regclass and c.relname <> 'jobs_default'"
    ).fetchall()
    return {row["name"] for row in rows}


def partition_of(fleet: Fleet, job_id: uuid.UUID) -> str:
    """The name of the partition that has a job."""
    row = fleet.owner.execute(
        "select tableoid::regclass::text as name from public.jobs where job_id = %s", [job_id]
    ).fetchone()
    assert row is not None
    return str(row["name"])


def week(moment: datetime) -> str:
    """The name of the partition for a time."""
    year, number, _ = moment.astimezone(UTC).isocalendar()
    return f"jobs_{year}w{number:02}"


def test_this_week_and_four_more_are_there_from_the_start(fleet: Fleet) -> None:
    now = datetime.now(UTC)
    assert {week(now + timedelta(weeks=number)) for number in range(5)} <= partitions(fleet)
    assert partition_of(fleet, fleet.enqueue()["job_id"]) == f"private.{week(now)}"


def test_new_weeks_are_added_and_those_that_are_there_stay(fleet: Fleet) -> None:
    before = partitions(fleet)
    assert fleet.run("ensure_job_partitions") == 0
    at(fleet.owner, datetime(2027, 12, 30, tzinfo=UTC))
    assert fleet.run("ensure_job_partitions") == 5
    assert partitions(fleet) - before == {
        "jobs_2027w52",
        "jobs_2028w01",
        "jobs_2028w02",
        "jobs_2028w03",
        "jobs_2028w04",
    }


def test_every_partition_is_closed_to_clients_and_keeps_room_for_its_update(fleet: Fleet) -> None:
    at(fleet.owner, datetime(2027, 6, 1, tzinfo=UTC))
    fleet.run("ensure_job_partitions")
    rows = fleet.owner.execute(
        "select c.relrowsecurity and c.relforcerowsecurity as is_closed, c.reloptions, obj_description(c.oid) as says, "
        "has_table_privilege('authenticated', c.oid, 'select') as is_granted "
        "from pg_inherits as i join pg_class as c on c.oid = i.inhrelid where i.inhparent = 'public.jobs'::regclass"
    ).fetchall()
    assert len(rows) >= 11
    for row in rows:
        assert (row["is_closed"], row["is_granted"], row["reloptions"]) == (True, False, ["fillfactor=70"])
        assert row["says"]


def test_a_job_whose_partition_is_missing_is_kept_and_moved_when_it_is_made(fleet: Fleet) -> None:
    robot = fleet.robot()
    name = week(datetime.now(UTC))
    fleet.owner.execute(f"drop table private.{name}")
    done, waiting = fleet.enqueue(), fleet.enqueue()
    assert partition_of(fleet, done["job_id"]) == "private.jobs_default"
    fleet.report(robot, "complete_job", fleet.claim_one(robot), result={"n": 1})

    assert fleet.run("ensure_job_partitions") == 1
    assert [partition_of(fleet, job["job_id"]) for job in (done, waiting)] == [f"private.{name}"] * 2
    assert fleet.job(done["job_id"])["result"] == {"n": 1}
    assert fleet.claim_one(robot)["job_id"] == waiting["job_id"]
    assert call(fleet.member, "cancel_job", job_id=waiting["job_id"])["cancel_job"]["cancel_requested"] is True


def test_a_partition_holds_exactly_the_ids_of_its_week(fleet: Fleet) -> None:
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    row = fleet.owner.execute(
        "select private.uuid_v7_floor(%(m)s) as floor, private.uuid_v7(%(m)s) as first, "
        "private.uuid_v7(%(m)s - interval '1 microsecond') as last",
        {"m": monday},
    ).fetchone()
    assert row is not None
    assert row["last"] < row["floor"] < row["first"]
    assert row["first"].version == 7


def test_ids_sort_by_the_time_that_they_were_made_at(fleet: Fleet) -> None:
    rows = fleet.owner.execute("select private.uuid_v7() as id from generate_series(1, 2000)").fetchall()
    ids = [row["id"] for row in rows]
    assert ids == sorted(ids)
    assert len(set(ids)) == 2000
