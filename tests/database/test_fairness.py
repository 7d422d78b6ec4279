"""Nothing waits for ever: a lane that nobody serves is promoted, step by step, and falls back when it is served."""

import pytest
from tests.fleets import Fleet, call


def age(fleet: Fleet, minutes: int, every: int = 1) -> int:
    """Lets minutes pass with the duty at work; how many promotions of the tenant's lanes were told so far."""
    for _ in range(0, minutes, every):
        fleet.travel(minutes=every)
        fleet.run("age_lanes")
    query = "select from private.event_inbox where tenant_id = %s and event_type = 'lane.promoted'"
    return len(fleet.owner.execute(query, [fleet.tenant.tenant_id]).fetchall())


def lanes(fleet: Fleet) -> dict[int, int]:
    """The effective priority of each lane, by its own."""
    rows = fleet.owner.execute(
        "select priority, priority - promotion as effective from private.lanes "
        "where tenant_no = (select tenant_no from private.queue_tenants where tenant_id = %s)",
        [fleet.tenant.tenant_id],
    ).fetchall()
    return {row["priority"]: row["effective"] for row in rows}


def set_ageing(fleet: Fleet, minutes: int) -> None:
    """Sets the tenant's ageing_minutes."""
    fleet.owner.execute(
        "update public.tenants "
        "set settings = jsonb_build_object('queue', jsonb_build_object('ageing_minutes', %s::int)) "
        "where tenant_id = %s",
        [minutes, fleet.tenant.tenant_id],
    )


def test_a_lane_whose_first_job_stays_first_is_promoted_step_by_step(fleet: Fleet) -> None:
    fleet.enqueue(priority=12)
    age(fleet, 30)
    assert lanes(fleet) == {12: 12}
    age(fleet, 3)
    assert lanes(fleet) == {12: 11}, "its first job has been seen as first for half an hour"
    age(fleet, 31)
    assert lanes(fleet) == {12: 10}


def test_a_promoted_lane_comes_before_better_ones_that_are_young(fleet: Fleet) -> None:
    robot = fleet.robot()
    starving = fleet.enqueue(priority=11)
    age(fleet, 70)
    fresh = [fleet.enqueue(priority=10), fleet.enqueue(priority=9), fleet.enqueue(priority=8)]
    assert lanes(fleet)[11] == 9
    order = []
    for _ in range(4):
        claimed = fleet.claim_one(robot)
        order.append(claimed["job_id"])
        fleet.report(robot, "complete_job", claimed)
    assert order == [job["job_id"] for job in (fresh[2], starving, fresh[1], fresh[0])]


def test_a_promotion_is_told_by_an_event(fleet: Fleet) -> None:
    job = fleet.enqueue(priority=5)
    assert age(fleet, 40, every=5) == 1
    row = fleet.owner.execute(
        "select job_id, data from private.event_inbox where tenant_id = %s and event_type = 'lane.promoted'",
        [fleet.tenant.tenant_id],
    ).fetchone()
    assert row is not None
    assert row["job_id"] == job["job_id"]
    assert (row["data"]["priority"], row["data"]["effective_priority"]) == (5, 4)


def test_a_lane_that_is_served_falls_back(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=5)
    for _ in range(3):
        fleet.enqueue(priority=3)
    age(fleet, 70)
    assert lanes(fleet) == {3: 1}
    fleet.claim(robot)
    age(fleet, 1)
    assert lanes(fleet) == {3: 2}
    fleet.claim(robot, limit=2)
    age(fleet, 2)
    assert lanes(fleet) == {3: 3}


def test_a_lane_that_was_served_until_it_is_empty_falls_back_all_the_way(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue(priority=5)
    assert age(fleet, 100) == 3
    fleet.claim(robot)
    assert age(fleet, 3) == 3
    assert lanes(fleet) == {5: 5}
    assert age(fleet, 70) == 3, "nothing waits in it"


def test_no_lane_is_promoted_beyond_the_best_priority(fleet: Fleet) -> None:
    fleet.enqueue(priority=1)
    age(fleet, 300, every=10)
    assert lanes(fleet) == {1: 0}


def test_a_delayed_job_is_not_old_when_its_time_comes(fleet: Fleet) -> None:
    fleet.enqueue(priority=5, run_at=fleet.now.replace(year=fleet.now.year + 1))
    fleet.travel(days=366)
    fleet.run("promote_scheduled_jobs")
    assert age(fleet, 29) == 0
    assert lanes(fleet) == {5: 5}


def test_what_a_limit_holds_back_does_not_age(fleet: Fleet) -> None:
    call(fleet.member, "set_limit", scope="workflow", workflow_id=fleet.workflow.workflow_id, max_running=0)
    fleet.enqueue(priority=5)
    assert age(fleet, 120, every=10) == 0


@pytest.mark.parametrize(("minutes", "promotions"), [(0, 0), (10, 6), (60, 1), (70, 0)])
def test_a_tenant_decides_when_its_lanes_age(fleet: Fleet, minutes: int, promotions: int) -> None:
    set_ageing(fleet, minutes)
    fleet.enqueue(priority=20)
    assert age(fleet, 65, every=5) == promotions
