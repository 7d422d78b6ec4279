"""Workflows of a tenant share its robots by robot-seconds, when the tenant asked for it."""

from collections import Counter
from typing import Any

import pytest
from tests.database.plans import PlanWatcher
from tests.factories import Robot, Workflow, make_workflow
from tests.fleets import Fleet, call, make_fleet


def share_fairly(fleet: Fleet, is_on: bool = True) -> None:
    """Turns the tenant's setting on or off."""
    fleet.owner.execute(
        "update public.tenants "
        "set settings = jsonb_set('{\"queue\": {}}', '{queue,fair_share}', to_jsonb(%s::boolean)) where tenant_id = %s",
        [is_on, fleet.tenant.tenant_id],
    )


def weigh(fleet: Fleet, workflow: Workflow, weight: int) -> None:
    call(fleet.member, "set_share", workflow_id=workflow.workflow_id, weight=weight)


@pytest.fixture
def workflows(fleet: Fleet) -> list[Workflow]:
    """The fleet's workflow and two more, of a tenant that shares fairly."""
    share_fairly(fleet)
    return [fleet.workflow, *(make_workflow(fleet.database, fleet.tenant) for _ in range(2))]


def enqueue(fleet: Fleet, workflow: Workflow, count: int, **properties: Any) -> None:
    for _ in range(count):
        fleet.enqueue(workflow_id=workflow.workflow_id, **properties)


def live(fleet: Fleet, robots: list[Robot], seconds_of: dict[Any, float], rounds: int) -> Counter[Any]:
    """Robots that take one job after another, which last as their workflow says; the robot-seconds of each workflow."""
    used: Counter[Any] = Counter()
    busy: list[tuple[float, Robot, Any]] = [(0.0, robot, None) for robot in robots]
    now = 0.0
    for _ in range(rounds):
        busy.sort(key=lambda entry: entry[0])
        free_at, robot, job = busy.pop(0)
        fleet.travel(seconds=free_at - now)
        now = free_at
        if job:
            fleet.report(robot, "complete_job", job)
            fleet.run("fold_share_usage")
        [claimed] = fleet.claim(robot, lease_seconds=3600)
        seconds = seconds_of[claimed["workflow_id"]]
        used[claimed["workflow_id"]] += seconds
        busy.append((now + seconds, robot, claimed))
    return used


def test_without_the_setting_the_oldest_is_first(fleet: Fleet) -> None:
    other = make_workflow(fleet.database, fleet.tenant)
    robot = fleet.robot(max_concurrent_jobs=10)
    enqueue(fleet, fleet.workflow, 3)
    enqueue(fleet, other, 3)
    claimed = [job["workflow_id"] for job in fleet.claim(robot, 6)]
    assert claimed == [fleet.workflow.workflow_id] * 3 + [other.workflow_id] * 3


def test_workflows_get_the_same_robot_seconds_though_their_jobs_differ_in_length(
    fleet: Fleet, workflows: list[Workflow]
) -> None:
    long, short, _ = workflows
    robots = [fleet.robot() for _ in range(4)]
    enqueue(fleet, long, 30)
    enqueue(fleet, short, 150)
    used = live(fleet, robots, {long.workflow_id: 120, short.workflow_id: 15}, 130)
    share = used[long.workflow_id] / sum(used.values())
    assert 0.43 < share < 0.57, used


def test_weights_say_how_much_each_gets(fleet: Fleet, workflows: list[Workflow]) -> None:
    heavy, light, _ = workflows
    weigh(fleet, heavy, 3)
    robots = [fleet.robot() for _ in range(4)]
    enqueue(fleet, light, 40)
    enqueue(fleet, heavy, 90)
    used = live(fleet, robots, {heavy.workflow_id: 30, light.workflow_id: 30}, 100)
    share = used[heavy.workflow_id] / sum(used.values())
    assert 0.68 < share < 0.82, used


def test_robots_that_ask_in_one_moment_do_not_all_get_the_same_workflow(
    fleet: Fleet, workflows: list[Workflow]
) -> None:
    for workflow in workflows:
        enqueue(fleet, workflow, 10)
    got = Counter(fleet.claim_one(fleet.robot())["workflow_id"] for _ in range(9))
    assert sorted(got.values()) == [3, 3, 3]


def test_one_claim_for_many_shares_as_well(fleet: Fleet, workflows: list[Workflow]) -> None:
    for workflow in workflows:
        enqueue(fleet, workflow, 10)
    got = Counter(job["workflow_id"] for job in fleet.claim(fleet.robot(max_concurrent_jobs=9), 9))
    assert sorted(got.values()) == [3, 3, 3]


def test_priority_comes_before_shares(fleet: Fleet, workflows: list[Workflow]) -> None:
    favoured, other, _ = workflows
    enqueue(fleet, other, 2)
    enqueue(fleet, favoured, 4, priority=1)
    got = [job["workflow_id"] for job in fleet.claim(fleet.robot(max_concurrent_jobs=6), 6)]
    assert got == [favoured.workflow_id] * 4 + [other.workflow_id] * 2


def test_what_nobody_else_wants_is_not_kept_for_later(fleet: Fleet, workflows: list[Workflow]) -> None:
    enqueue(fleet, workflows[0], 5)
    assert len(fleet.claim(fleet.robot(max_concurrent_jobs=9), 9)) == 5


def test_jobs_from_before_the_setting_come_first_and_none_is_lost_when_it_goes(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=10)
    before = fleet.enqueue()
    share_fairly(fleet)
    during = fleet.enqueue()
    assert [job["job_id"] for job in fleet.claim(robot)] == [before["job_id"]]
    share_fairly(fleet, False)
    after = fleet.enqueue()
    assert [job["job_id"] for job in fleet.claim(robot, 5)] == [during["job_id"], after["job_id"]]


@pytest.mark.parametrize("end", ["complete_job", "fail_job", "release_job", "rescue"])
def test_a_robot_s_time_counts_however_its_lease_ends(fleet: Fleet, workflows: list[Workflow], end: str) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    job = fleet.claim_one(robot)
    fleet.travel(seconds=50 if end != "rescue" else 70)  # a lease lasts for a minute
    if end == "rescue":
        fleet.run("rescue_expired_leases")
    else:
        fleet.report(robot, end, job, **({"error_message": "x"} if end == "fail_job" else {}))
    assert fleet.run("fold_share_usage") >= 1
    query = "select used_seconds from private.shares where workflow_id = %s"
    row = fleet.owner.execute(query, [fleet.workflow.workflow_id]).fetchone()
    assert row is not None
    assert row["used_seconds"] == pytest.approx(70 if end == "rescue" else 50)


def test_what_was_had_long_ago_is_forgotten(fleet: Fleet, workflows: list[Workflow]) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    job = fleet.claim_one(robot)
    fleet.travel(seconds=100)
    fleet.report(robot, "complete_job", job)
    fleet.run("fold_share_usage")

    def load() -> float:
        [share] = [row["list_shares"] for row in fleet.member.execute("select public.list_shares()").fetchall()]
        assert isinstance(share, dict)
        return float(share["load"])

    assert load() == pytest.approx(100)
    fleet.travel(minutes=10)
    assert load() == pytest.approx(50)
    fleet.travel(days=400)
    assert load() == 0


def test_who_does_not_share_counts_nothing(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    fleet.report(robot, "complete_job", fleet.claim_one(robot))
    assert fleet.run("fold_share_usage") == 0


def test_a_share_belongs_to_its_tenant(fleet: Fleet, workflows: list[Workflow]) -> None:
    fleet.enqueue()
    other = make_fleet(fleet.database)
    assert other.member.execute("select public.list_shares()").fetchall() == []
    with pytest.raises(Exception, match="There is no such workflow"):
        call(other.member, "set_share", workflow_id=fleet.workflow.workflow_id, weight=2)
    other.close()


def test_the_position_that_is_explained_is_the_order_of_claims(fleet: Fleet, workflows: list[Workflow]) -> None:
    robot = fleet.robot(max_concurrent_jobs=9)
    waiting = {
        job["job_id"]: job
        for workflow in workflows
        for job in (fleet.enqueue(workflow_id=workflow.workflow_id) for _ in range(2))
    }
    while waiting:
        first = [
            job_id
            for job_id in waiting
            if call(fleet.member, "explain_job", job_id=job_id)["explain_job"]["position"] == 0
        ]
        claimed = fleet.claim_one(robot)
        assert first == [claimed["job_id"]]
        del waiting[claimed["job_id"]]


def test_a_robot_is_told_the_job_that_its_next_claim_takes(fleet: Fleet, workflows: list[Workflow]) -> None:
    robot = fleet.robot(max_concurrent_jobs=6)
    for workflow in workflows:
        enqueue(fleet, workflow, 2)
    for _ in range(6):
        told = call(fleet.member, "explain_robot", robot=robot.external_id)["explain_robot"]
        assert told["next_job_id"] == str(fleet.claim_one(robot)["job_id"])


def test_a_claim_of_those_who_share_reads_no_table_from_end_to_end(fleet: Fleet, workflows: list[Workflow]) -> None:
    robot = fleet.robot()
    watcher = PlanWatcher(fleet)
    for workflow in workflows:
        enqueue(fleet, workflow, 2)
    fleet.fill(5_000)
    watcher.call(robot.claims, "claim_jobs")
    assert watcher.full_scans + watcher.hash_joins == []
