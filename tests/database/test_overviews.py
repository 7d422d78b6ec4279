"""What changed of a watched tenant's queue and robots is pushed, at the same cost for any backlog."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.database.plans import PlanWatcher, nodes
from tests.databases import Database
from tests.fleets import Fleet, call, make_fleet


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant alone in its database, whose member watches it."""
    database.connect().execute("vacuum analyze")
    fleet = make_fleet(database)
    fleet.watch()
    yield fleet
    fleet.close()


def overviews(fleet: Fleet) -> list[dict[str, Any]]:
    """What was pushed of the tenant's queue and robots so far."""
    return [push["payload"] for push in fleet.bells() if push["event"] == "overview"]


def counts(payload: dict[str, Any]) -> tuple[int, int, int]:
    return payload["queue"]["waiting"], payload["queue"]["scheduled"], payload["queue"]["running"]


def test_each_change_is_pushed_once_to_its_tenant_alone(fleet: Fleet) -> None:
    other = make_fleet(fleet.database)
    robot = fleet.robot()
    fleet.travel(seconds=30)  # registered by the clock on the wall
    first = fleet.enqueue()
    fleet.enqueue()
    fleet.enqueue(run_at="2099-01-01T00:00:00Z")
    other.enqueue()
    assert fleet.run("push_overviews") == 1
    assert fleet.run("push_overviews") == 0, "nothing changed"
    [pushed] = overviews(fleet)
    assert counts(pushed) == (2, 1, 0)
    assert not pushed["queue"]["is_capped"]
    row = fleet.owner.execute("select private.to_iso(private.uuid_v7_time(%s)) as at", [first["job_id"]]).fetchone()
    assert row == {"at": pushed["queue"]["oldest_created_at"]}

    job = fleet.claim_one(robot)
    assert fleet.run("push_overviews") == 1
    fleet.report(robot, "complete_job", job)
    assert fleet.run("push_overviews") == 1
    assert [counts(item) for item in overviews(fleet)[1:]] == [(1, 1, 1), (1, 1, 0)]
    assert overviews(other) == []
    other.close()


def test_of_a_tenant_that_nobody_watches_any_more_nothing_is_pushed(fleet: Fleet) -> None:
    fleet.travel(seconds=60)
    fleet.enqueue()
    assert fleet.run("push_overviews") == 0


def test_an_empty_queue_is_pushed_once(fleet: Fleet) -> None:
    job = fleet.enqueue()
    assert fleet.run("push_overviews") == 1
    call(fleet.member, "cancel_job", job_id=job["job_id"])
    assert fleet.run("push_overviews") == 1
    assert fleet.run("push_overviews") == 0
    assert counts(overviews(fleet)[-1]) == (0, 0, 0)
    assert overviews(fleet)[-1]["queue"]["oldest_created_at"] is None


def test_a_robot_is_told_of_when_it_was_heard_or_is_not_what_it_was(fleet: Fleet) -> None:
    robot, idle = fleet.robot(), fleet.robot()
    fleet.travel(seconds=30)  # registered by the clock on the wall
    fleet.run("push_overviews")
    assert {told["robot_id"] for told in overviews(fleet)[-1]["robots"]} == {str(robot.robot_id), str(idle.robot_id)}
    fleet.travel(seconds=1)
    metrics = {"cpu_percent": 12.5, "memory_percent": 40.0, "memory_mb": 900.0}
    call(fleet.robots[robot.robot_id], "record_heartbeat", metrics=metrics)
    assert fleet.run("push_overviews") == 1
    [told] = overviews(fleet)[-1]["robots"]
    assert told["external_id"] == robot.external_id
    assert (told["is_online"], told["is_busy"], told["load"]) == (True, False, 0)
    assert {name: told[name] for name in metrics} == metrics
    fleet.travel(seconds=1)
    fleet.enqueue()
    fleet.claim(robot)
    assert fleet.run("push_overviews") == 1
    [told] = overviews(fleet)[-1]["robots"]
    assert (told["robot_id"], told["is_busy"], told["load"]) == (str(robot.robot_id), True, 1)


def test_a_run_does_a_part_and_the_next_one_goes_on(fleet: Fleet) -> None:
    others = [make_fleet(fleet.database) for _ in range(3)]
    fleets = [fleet, *others]
    for each in fleets:
        each.watch()
        each.enqueue()

    def run() -> int:
        row = fleet.owner.execute("select private.push_overviews(2) as n").fetchone()
        assert row is not None
        return int(row["n"])

    assert [run() for _ in range(4)] == [2, 2, 0, 0]
    assert [len(overviews(each)) for each in fleets] == [1, 1, 1, 1]
    fleet.enqueue()
    assert 1 in [run(), run(), run()], "and begins again"
    for each in others:
        each.close()


def test_a_backlog_is_counted_to_a_thousand_by_index(fleet: Fleet) -> None:
    watcher = PlanWatcher(fleet)
    fleet.enqueue()
    assert watcher.run_duty("push_overviews()", fleet.now) == 1
    fleet.fill(20_000)
    fleet.fill(3_000, run_at="2099-01-01T00:00:00Z")
    fleet.owner.execute("vacuum analyze private.ready, private.scheduled")
    watcher.connection.execute("select set_config('auto_explain.log_analyze', 'on', false)")
    assert watcher.run_duty("push_overviews()", fleet.now) == 1
    assert watcher.full_scans == []
    pushed = overviews(fleet)[-1]
    assert (counts(pushed), pushed["queue"]["is_capped"]) == ((1000, 1000, 0), True)
    read = sum(
        node["Actual Rows"] * node["Actual Loops"]
        for plan in watcher.plans
        for node in nodes(plan["Plan"])
        if node.get("Relation Name") in ("ready", "scheduled")
    )
    assert read <= 2 * 1000 + 20
    fleet.fill(1_000)
    assert watcher.run_duty("push_overviews()", fleet.now) == 0, "more than a thousand is more than a thousand"
