"""The depth of the queue is pushed when it changed, to its tenant, at a cost that no backlog raises."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.database.plans import PlanWatcher, nodes
from tests.databases import Database
from tests.fleets import Fleet, call, make_fleet


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant alone in its database."""
    database.connect().execute("vacuum analyze")
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


def depths(fleet: Fleet) -> list[dict[str, Any]]:
    """What was pushed on the tenant's queue so far."""
    rows = fleet.pushes(f"tenant:{fleet.tenant.tenant_id}:queue")
    assert {row["event"] for row in rows} <= {"queue.depth"}
    return [row["payload"] for row in rows]


def counts(payload: dict[str, Any]) -> tuple[int, int, int]:
    return payload["waiting"], payload["scheduled"], payload["running"]


def test_each_change_is_pushed_once_to_its_tenant_alone(fleet: Fleet) -> None:
    other = make_fleet(fleet.database)
    robot = fleet.robot()
    assert fleet.run("push_queue_depths") == 0, "nothing waits"
    first = fleet.enqueue()
    fleet.enqueue()
    fleet.enqueue(run_at="2099-01-01T00:00:00Z")
    assert fleet.run("push_queue_depths") == 1
    assert fleet.run("push_queue_depths") == 0, "nothing changed"
    [pushed] = depths(fleet)
    assert counts(pushed) == (2, 1, 0)
    assert not pushed["is_capped"]
    row = fleet.owner.execute("select private.to_iso(private.uuid_v7_time(%s)) as at", [first["job_id"]]).fetchone()
    assert row == {"at": pushed["oldest_created_at"]}

    job = fleet.claim_one(robot)
    assert fleet.run("push_queue_depths") == 1
    fleet.report(robot, "complete_job", job)
    other.enqueue()
    assert fleet.run("push_queue_depths") == 2
    assert [counts(item) for item in depths(fleet)[1:]] == [(1, 1, 1), (1, 1, 0)]
    assert [counts(item) for item in depths(other)] == [(1, 0, 0)]
    other.close()


def test_an_empty_queue_is_pushed_once(fleet: Fleet) -> None:
    job = fleet.enqueue()
    assert fleet.run("push_queue_depths") == 1
    call(fleet.member, "cancel_job", job_id=job["job_id"])
    assert fleet.run("push_queue_depths") == 1
    assert fleet.run("push_queue_depths") == 0
    assert counts(depths(fleet)[-1]) == (0, 0, 0)
    assert depths(fleet)[-1]["oldest_created_at"] is None


def test_a_tenant_can_turn_it_off(fleet: Fleet) -> None:
    fleet.owner.execute(
        'update public.tenants set settings = \'{"realtime": {"queue": false}}\' where tenant_id = %s',
        [fleet.tenant.tenant_id],
    )
    fleet.enqueue()
    assert fleet.run("push_queue_depths") == 0
    assert depths(fleet) == []


def test_a_run_does_a_part_and_the_next_one_goes_on(fleet: Fleet) -> None:
    others = [make_fleet(fleet.database) for _ in range(3)]
    fleets = [fleet, *others]
    for each in fleets:
        each.enqueue()

    def run() -> int:
        row = fleet.owner.execute("select private.push_queue_depths(2) as n").fetchone()
        assert row is not None
        return int(row["n"])

    assert [run() for _ in range(4)] == [2, 2, 0, 0]
    assert [len(depths(each)) for each in fleets] == [1, 1, 1, 1]
    fleet.enqueue()
    assert 1 in [run(), run(), run()], "and begins again"
    for each in others:
        each.close()


def test_a_backlog_is_counted_to_a_thousand_by_index(fleet: Fleet) -> None:
    watcher = PlanWatcher(fleet)
    fleet.enqueue()
    assert watcher.run_duty("push_queue_depths()", fleet.now) == 1
    fleet.fill(20_000)
    fleet.fill(3_000, run_at="2099-01-01T00:00:00Z")
    fleet.owner.execute("vacuum analyze private.ready, private.scheduled")
    watcher.connection.execute("select set_config('auto_explain.log_analyze', 'on', false)")
    assert watcher.run_duty("push_queue_depths()", fleet.now) == 1
    assert watcher.full_scans == []
    pushed = depths(fleet)[-1]
    assert (counts(pushed), pushed["is_capped"]) == ((1000, 1000, 0), True)
    read = sum(
        node["Actual Rows"] * node["Actual Loops"]
        for plan in watcher.plans
        for node in nodes(plan["Plan"])
        if node.get("Relation Name") in ("ready", "scheduled")
    )
    assert read <= 2 * 1000 + 20
    fleet.fill(1_000)
    assert watcher.run_duty("push_queue_depths()", fleet.now) == 0, "more than a thousand is more than a thousand"
