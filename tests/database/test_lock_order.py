"""Who needs several rows locks them in one order: while it waits for the first it holds none that another wants."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from tests.database.test_queue_races import PATIENCE_SECONDS, is_waiting, run_beside
from tests.databases import Database, at
from tests.factories import Robot
from tests.fleets import Fleet, Row, call, call_all, make_fleet

AT_ONCE = {"policy": "fixed", "base_delay_seconds": 0}


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant alone in its database."""
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


def waits_holding_only_the_first(
    fleet: Fleet, row: str, first: object, second: object, work: Callable[[], object]
) -> object:
    """Holds the first row until the work waits for it, sees that the second is free, and lets the work end."""
    with fleet.owner.transaction(), fleet.database.connect() as watcher:
        fleet.owner.execute(f"select from {row} = %s for update", [first])
        beside = run_beside(work)
        assert is_waiting(watcher)
        fleet.owner.execute(f"select from {row} = %s for update nowait", [second])
    return beside.result(PATIENCE_SECONDS)


def dead_letters(fleet: Fleet) -> list[uuid.UUID]:
    """Two jobs that failed for good, the older one first."""
    robot = fleet.robot()
    jobs = [fleet.enqueue(max_attempts=1)["job_id"] for _ in range(2)]
    for _ in jobs:
        fleet.report(robot, "fail_job", fleet.claim_one(robot), error_message="boom")
    return jobs


@pytest.mark.parametrize("function", ["requeue_dead_letters", "purge_dead_letters", "retry_jobs"])
def test_a_batch_of_dead_letters_takes_them_in_the_order_of_their_ids(fleet: Fleet, function: str) -> None:
    older, newer = dead_letters(fleet)
    rows = waits_holding_only_the_first(
        fleet,
        "public.dead_letters where job_id",
        older,
        newer,
        lambda: call_all(fleet.member, function, job_ids=[newer, older]),
    )
    assert isinstance(rows, list)
    assert {row["position"]: row["job_id"] for row in rows} == {0: newer, 1: older}
    assert not any(row["error_code"] for row in rows)


def test_a_batch_of_failures_takes_lanes_in_the_order_of_their_ids(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=2)
    jobs = [fleet.enqueue(priority=priority, retry_policy=AT_ONCE)["job_id"] for priority in (3, 5)]
    leases = {job["job_id"]: job["lease_token"] for job in fleet.claim(robot, limit=2)}
    lanes = [row["lane_id"] for row in fleet.owner.execute("select lane_id from private.lanes order by lane_id")]
    fleet.owner.execute("update private.lanes set low_job_id = 'ffffffff-ffff-ffff-ffff-ffffffffffff'")
    failures = [{"job_id": str(job), "lease_token": leases[job], "error_message": "boom"} for job in (jobs[1], jobs[0])]
    rows = waits_holding_only_the_first(
        fleet,
        "private.lanes where lane_id",
        lanes[0],
        lanes[1],
        lambda: call_all(fleet.robots[robot.robot_id], "fail_jobs", failures=failures),
    )
    assert isinstance(rows, list)
    assert [row["status"] for row in rows] == ["queued", "queued"]
    low = {row["low_job_id"] for row in fleet.owner.execute("select low_job_id from private.lanes")}
    assert low == set(jobs), "and claims find them"


def rescue(fleet: Fleet, _robot: Robot, _job: Row) -> None:
    """Runs the duty in a session of its own."""
    with fleet.database.connect() as owner:
        at(owner, fleet.now)
        assert owner.execute("select private.rescue_expired_leases() as n").fetchone() == {"n": 1}


ENDINGS: dict[str, Callable[[Fleet, Robot, Row], object]] = {
    "complete_job": lambda fleet, robot, job: fleet.report(robot, "complete_job", job),
    "fail_job": lambda fleet, robot, job: fleet.report(robot, "fail_job", job, error_message="boom"),
    "rescue": rescue,
}


@pytest.mark.parametrize("way", ENDINGS)
def test_an_ending_takes_its_counters_before_the_count_of_its_robots_failures_as_a_batch_does(
    fleet: Fleet, way: str
) -> None:
    robot = fleet.robot()
    call(fleet.member, "set_limit", scope="tenant", max_running=10)
    fleet.enqueue(max_attempts=1)
    fleet.report(robot, "fail_job", fleet.claim_one(robot), error_message="boom")
    fleet.enqueue(timeout_seconds=10)
    job = fleet.claim_one(robot)
    fleet.travel(seconds=11)
    with fleet.owner.transaction(), fleet.database.connect() as watcher:
        fleet.owner.execute("select from private.limit_counters for update")
        beside = run_beside(lambda: ENDINGS[way](fleet, robot, job))
        assert is_waiting(watcher)
        failures = fleet.owner.execute("select failures from private.robot_failures for update nowait").fetchall()
    beside.result(PATIENCE_SECONDS)
    assert failures == [{"failures": 1}]
    assert call(fleet.member, "list_limits")["list_limits"]["running"] == 0


def test_a_robot_that_is_deleted_gives_up_its_leases_before_anything_else(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    fleet.claim_one(robot)
    fleet.owner.execute("update public.tenants set quarantine_after_failures = 1")
    with fleet.owner.transaction(), fleet.database.connect() as watcher:
        # As a failure that puts the robot in quarantine does it: first the lease, then the robot.
        fleet.owner.execute("select from private.leases where job_id = %s for update", [job["job_id"]])
        beside = run_beside(lambda: call(fleet.member, "delete_robot", robot=robot.external_id))
        assert is_waiting(watcher)
        fleet.owner.execute(
            "select private.count_robot_failure(%s, %s, %s)",
            [fleet.tenant.tenant_id, robot.robot_id, job["job_id"]],
        )
    assert beside.result(PATIENCE_SECONDS)
    deleted = fleet.owner.execute(
        "select deleted_at is not null as is_deleted, quarantined_at is not null as is_quarantined "
        "from public.robots where robot_id = %s",
        [robot.robot_id],
    ).fetchone()
    assert deleted == {"is_deleted": True, "is_quarantined": True}
