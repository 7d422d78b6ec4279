"""Outages of the service or of Postgres: nothing that nobody could report is taken back, counted or told of anybody."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from tests.factories import Robot
from tests.fleets import Fleet, Row, call, call_all

LAST_CALL = "select setval('private.last_call_at', floor(extract(epoch from clock_timestamp()) * 1000)::bigint - %s)"


def be_away(fleet: Fleet, seconds: float) -> None:
    """Lets time pass in which nobody at all is heard."""
    fleet.owner.execute(LAST_CALL, [round(seconds * 1000)])
    fleet.travel(seconds=seconds)


def hold(fleet: Fleet, robot: Robot, **properties: Any) -> Row:
    """A job that a robot has begun."""
    fleet.enqueue(**properties)
    claimed = fleet.claim_one(robot)
    fleet.report(robot, "start_job", claimed)
    return claimed


def renew(fleet: Fleet, robot: Robot, *jobs: Row) -> list[Row]:
    leases = [{"job_id": str(job["job_id"]), "lease_token": job["lease_token"]} for job in jobs]
    return call_all(fleet.robots[robot.robot_id], "renew_leases", leases=Jsonb(leases))


def lost(fleet: Fleet) -> int:
    """How many jobs a rescue takes back."""
    return fleet.run("rescue_expired_leases")


def seems_away(fleet: Fleet, seconds: float) -> bool:
    """Whether the service seems to be away when nobody was heard for so long, and Postgres was there."""
    row = fleet.owner.execute(
        "select private.is_away(t.last_value + %s) as is_away from private.last_call_at as t", [round(seconds * 1000)]
    ).fetchone()
    assert row is not None
    return bool(row["is_away"])


def outages(fleet: Fleet) -> list[Row]:
    return fleet.owner.execute("select * from private.outages order by ended_at").fetchall()


@pytest.fixture(autouse=True)
def nobody_else(fleet: Fleet) -> None:
    """No lease and no robot of another test, and no outage."""
    fleet.owner.execute("delete from private.leases; delete from private.outages")
    fleet.owner.execute("update public.robot_heartbeats set is_online = false")
    fleet.owner.execute("select setval('private.outage_began_at', 0), setval('private.outage_ended_at', 0)")
    fleet.owner.execute(LAST_CALL, [0])


@pytest.fixture
def old_server(fleet: Fleet) -> Iterator[None]:
    """The server of the tests may be younger than a silence of theirs."""
    row = fleet.owner.execute("select pg_get_functiondef('private.was_away'::regproc) as text").fetchone()
    assert row is not None
    text, started_at = row["text"], "pg_postmaster_start_time()"
    assert started_at in text
    fleet.owner.execute(text.replace(started_at, "timestamptz '2000-01-01'"))
    yield
    fleet.owner.execute(text)


@pytest.mark.parametrize("robots", [1, 2])
def test_leases_that_nobody_could_renew_are_lengthened_by_the_outage(fleet: Fleet, robots: int) -> None:
    fleet_of = [fleet.robot() for _ in range(robots)]
    jobs = [hold(fleet, robot) for robot in fleet_of]
    be_away(fleet, 600)
    assert lost(fleet) == 0, "nobody is back yet"
    fleet.claim(fleet_of[0])  # the first call; a claim rescues, too
    for robot, job in zip(fleet_of, jobs, strict=True):
        now = fleet.job(job["job_id"])
        assert (now["status"], now["attempts"]) == ("running", 1)
        assert abs((now["lease_expires_at"] - fleet.now).total_seconds() - 60) < 0.1, (
            "what it had when the outage began"
        )
        assert renew(fleet, robot, job)[0]["renewed"]
        assert fleet.report(robot, "complete_job", job, result={})["status"] == "completed"
    (outage,) = outages(fleet)
    assert outage["leases"] == robots
    assert abs((outage["ended_at"] - outage["began_at"]).total_seconds() - 600) < 0.1


def test_a_robot_that_died_is_noticed_after_the_outage_and_the_outage_counts_once(fleet: Fleet) -> None:
    first, dead = fleet.robot(), fleet.robot()
    mine, its = hold(fleet, first), hold(fleet, dead)
    be_away(fleet, 300)
    for _ in range(2):
        renew(fleet, first, mine)
        assert lost(fleet) == 0
        fleet.travel(seconds=29)
    fleet.travel(seconds=3)
    renew(fleet, first, mine)
    assert lost(fleet) == 1
    assert [fleet.job(job["job_id"])["status"] for job in (mine, its)] == ["running", "queued"]


def test_the_silence_of_one_robot_beside_any_call_is_no_outage(fleet: Fleet) -> None:
    silent, other = fleet.robot(), fleet.robot()
    job = hold(fleet, silent)
    be_away(fleet, 55)
    fleet.owner.execute(LAST_CALL, [0])
    fleet.claim(other)
    fleet.travel(seconds=6)
    assert lost(fleet) == 1
    assert fleet.job(job["job_id"])["status"] == "queued"
    assert outages(fleet) == []


@pytest.mark.usefixtures("old_server")
@pytest.mark.parametrize("gaps", [(12,), (29,), (9, 11), (1, 29), (2, 5, 15, 8)])
def test_a_robot_that_died_is_noticed_though_the_others_seldom_call(fleet: Fleet, gaps: tuple[float, ...]) -> None:
    """Each of their silences looks like an outage, in which its lease would have run out."""
    dead, other = fleet.robot(), fleet.robot()
    job = hold(fleet, dead)
    taken = 0
    for gap in gaps * 12:
        be_away(fleet, gap)
        call(fleet.robots[other.robot_id], "record_heartbeat")
        taken += lost(fleet)
    assert (taken, fleet.job(job["job_id"])["status"]) == (1, "queued")
    assert len(outages(fleet)) <= 3


@pytest.mark.usefixtures("old_server")
def test_a_tenant_cannot_keep_the_jobs_of_anothers_dead_robot_by_being_silent_in_turns(fleet: Fleet) -> None:
    dead, hostile = fleet.robot(), fleet.robot()
    job, bait = hold(fleet, dead), hold(fleet, hostile)
    taken = 0
    for _ in range(12):
        be_away(fleet, 11)
        renewed = renew(fleet, hostile, bait)
        fleet.owner.execute(
            "update private.leases set lease_expires_at = %s where job_id = %s",
            [fleet.now + timedelta(seconds=5), bait["job_id"]],
        )
        taken += lost(fleet)
    assert renewed[0]["renewed"]
    assert (taken, fleet.job(job["job_id"])["status"]) == (1, "queued")
    assert len(outages(fleet)) > 3, "its own lease ran out in each of them"


@pytest.mark.usefixtures("old_server")
def test_who_renews_between_outages_is_excused_for_all_of_them(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = hold(fleet, robot)
    for _ in range(6):
        be_away(fleet, 100)
        renew(fleet, robot, job)
        assert lost(fleet) == 0
    assert len(outages(fleet)) == 6


@pytest.mark.parametrize("who", ["claim", "renewal", "heartbeat", "request"])
def test_every_door_says_that_somebody_was_heard(fleet: Fleet, who: str) -> None:
    robot = fleet.robot()
    hold(fleet, robot)
    be_away(fleet, 100)
    if who == "claim":
        fleet.claim(robot)
    elif who == "renewal":
        renew(fleet, robot)
    elif who == "heartbeat":
        call(fleet.robots[robot.robot_id], "record_heartbeat")
    else:
        fleet.owner.execute("select private.count_request('api', 100, 60, '198.51.100.9')")
    assert lost(fleet) == 0
    assert [outage["leases"] for outage in outages(fleet)] == [1]


def test_a_call_that_fails_was_heard_all_the_same(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = hold(fleet, robot)
    be_away(fleet, 100)
    with fleet.robots[robot.robot_id].transaction(force_rollback=True):
        fleet.claim(robot)
    assert outages(fleet) == []
    assert lost(fleet) == 0
    assert [outage["leases"] for outage in outages(fleet)] == [1]
    assert fleet.job(job["job_id"])["status"] == "running"


def test_quiet_is_no_outage(fleet: Fleet) -> None:
    """Nobody had to call: the lease is long, and one robot alone should have said that it lives."""
    robot = fleet.robot()
    fleet.enqueue()
    call(fleet.robots[robot.robot_id], "claim_jobs", lease_seconds=3600)
    fleet.travel(seconds=300)
    assert not seems_away(fleet, 300)
    other = fleet.robot()
    fleet.travel(seconds=300)
    call(fleet.robots[robot.robot_id], "record_heartbeat")
    fleet.owner.execute(
        "update public.robot_heartbeats set last_heartbeat_at = %s where robot_id = %s", [fleet.now, other.robot_id]
    )
    fleet.travel(seconds=300)
    assert seems_away(fleet, 300), "two robots should have been heard"
    assert not seems_away(fleet, 10)


def test_a_short_silence_in_which_postgres_was_started_is_an_outage(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    call(fleet.robots[robot.robot_id], "claim_jobs", lease_seconds=5)
    row = fleet.owner.execute(
        "select extract(epoch from clock_timestamp() - pg_postmaster_start_time()) as up"
    ).fetchone()
    assert row is not None
    be_away(fleet, float(row["up"]) + 1)
    assert lost(fleet) == 0
    renew(fleet, robot)
    assert lost(fleet) == 0
    assert [outage["leases"] for outage in outages(fleet)] == [1]


def test_silence_is_believed_for_a_quarter_of_an_hour(fleet: Fleet) -> None:
    """Then all robots are gone, and the people who wait for their jobs must hear of it."""
    hold(fleet, fleet.robot())
    fleet.travel(seconds=899)
    assert seems_away(fleet, 899)
    fleet.travel(seconds=2)
    assert not seems_away(fleet, 901)


def test_no_progress_is_counted_from_before_an_outage_and_the_time_of_a_job_ends_a_minute_after_it(
    fleet: Fleet,
) -> None:
    slow, late, other = (fleet.robot() for _ in range(3))
    standing = hold(fleet, slow, progress_timeout_seconds=100)
    done = hold(fleet, late, timeout_seconds=60)
    fleet.travel(seconds=50)
    be_away(fleet, 300)
    renew(fleet, slow, standing)
    renew(fleet, late, done)
    assert lost(fleet) == 0
    fleet.travel(seconds=49)
    renew(fleet, late, done)
    assert lost(fleet) == 0
    fleet.travel(seconds=2)
    renew(fleet, slow, standing)
    assert lost(fleet) == 1, "100 seconds without the outage"
    assert fleet.job(standing["job_id"])["error_type"] == "NO_PROGRESS"
    fleet.travel(seconds=10)
    renew(fleet, late, done)
    assert lost(fleet) == 1
    assert fleet.job(done["job_id"])["error_type"] == "JOB_TIMEOUT"
    fleet.claim(other)


def test_progress_after_an_outage_counts_from_itself(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = hold(fleet, robot, progress_timeout_seconds=30)
    be_away(fleet, 300)
    renew(fleet, robot, job)
    assert lost(fleet) == 0
    fleet.report(robot, "report_progress", job, progress=1)
    fleet.travel(seconds=31)
    renew(fleet, robot, job)
    assert lost(fleet) == 1


def test_a_service_that_comes_and_goes_was_away_all_the_time(fleet: Fleet) -> None:
    robot, quick = fleet.robot(), fleet.robot()
    job = hold(fleet, robot)
    hold(fleet, quick)
    fleet.owner.execute("update private.leases set lease_expires_at = %s", [fleet.now + timedelta(seconds=8)])
    for _ in range(3):  # and nobody rescues meanwhile
        be_away(fleet, 11)
        renew(fleet, quick)
        fleet.travel(seconds=5)
    assert lost(fleet) == 0
    assert len(outages(fleet)) == 1
    assert fleet.job(job["job_id"])["status"] == "running"


def test_no_robot_is_offline_or_deaf_for_an_outage(fleet: Fleet) -> None:
    first, second = fleet.robot(), fleet.robot()
    for robot in (first, second):
        call(fleet.robots[robot.robot_id], "record_heartbeat")
        fleet.claim(robot)
    fleet.enqueue()
    be_away(fleet, 400)
    assert fleet.run("mark_offline_robots") == 0, "nobody could be heard"
    call(fleet.robots[first.robot_id], "record_heartbeat")
    assert (fleet.run("mark_offline_robots"), fleet.run("notice_deaf_robots")) == (0, 0)
    words = "select external_id from public.live_robots where not is_online and tenant_id = %s"
    assert fleet.member.execute(words, [fleet.tenant.tenant_id]).fetchall() == []
    fleet.travel(seconds=91)
    call(fleet.robots[first.robot_id], "record_heartbeat")
    assert fleet.run("mark_offline_robots") == 1, "this one did not come back"
    assert [row["external_id"] for row in fleet.member.execute(words, [fleet.tenant.tenant_id])] == [second.external_id]
    fleet.travel(seconds=210)
    call(fleet.robots[first.robot_id], "record_heartbeat")
    assert fleet.run("notice_deaf_robots") == 1, "it lives, and has not asked for five minutes"


def test_the_outages_are_the_owners_to_see(fleet: Fleet) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        fleet.member.execute("select * from private.outages")
