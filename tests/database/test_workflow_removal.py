"""A deleted workflow is gone at once, however many of its jobs wait: those are cancelled bit by bit and run no more."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.database.plans import PlanWatcher
from tests.databases import Database
from tests.fleets import Fleet, call, make_fleet, refused

DUTY = "cancel_jobs_of_deleted_workflows"


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant alone in its database."""
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


def delete(fleet: Fleet) -> dict[str, Any]:
    answer: dict[str, Any] = call(fleet.member, "delete_workflow", workflow_id=fleet.workflow.workflow_id)[
        "delete_workflow"
    ]
    return answer


def waiting(fleet: Fleet) -> int:
    return fleet.count("private.ready") + fleet.count("private.scheduled")


def test_of_many_waiting_jobs_a_few_are_cancelled_at_once_and_the_others_bit_by_bit(fleet: Fleet) -> None:
    fleet.fill(900)
    fleet.fill(300, run_at=fleet.now + timedelta(hours=1))
    kept = fleet.enqueue(
        workflow_id=call(fleet.member, "submit_workflow", name="Kept", definition={"nodes": []})["workflow_id"]
    )
    answer = delete(fleet)
    assert (answer["cancelled_jobs"], answer["cancelling_jobs"]) == (500, 702)
    assert waiting(fleet) == 703
    assert fleet.run(DUTY) == 702
    assert fleet.count("private.workflow_removals") == 0
    assert waiting(fleet) == 1
    assert fleet.job(kept["job_id"])["status"] == "queued"
    ended = fleet.owner.execute(
        "select count(*) as n from public.jobs "
        "where status = 'cancelled' and error_message = 'The workflow was deleted.'"
    ).fetchone()
    assert ended == {"n": 1202}
    events = "select count(*) as n from private.event_inbox where event_type = 'job.cancelled'"
    assert fleet.owner.execute(events).fetchone() == {"n": 1202}


def test_nothing_of_it_is_claimed_while_its_jobs_are_cancelled(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=100)
    fleet.fill(700)
    delete(fleet)
    job_id = fleet.owner.execute("select job_id from private.ready order by job_id limit 1").fetchone()
    assert job_id is not None
    answer = call(fleet.member, "explain_job", job_id=job_id["job_id"])["explain_job"]
    assert (answer["reason_code"], answer["verdict"], answer["robots"]) == ("workflow_deleted", "waiting", [])
    other = call(fleet.member, "submit_workflow", name="Kept", definition={"nodes": []})["workflow_id"]
    kept = fleet.enqueue(workflow_id=other, priority=0)
    assert [job["job_id"] for job in fleet.claim(robot, limit=50)] == [kept["job_id"]]
    assert fleet.job(job_id["job_id"])["status"] == "cancelled", "the claim met it and put it right"
    actors = fleet.owner.execute(
        "select distinct actor_id from private.event_inbox where event_type = 'job.cancelled' and job_id = %s",
        [job_id["job_id"]],
    ).fetchall()
    assert actors == [{"actor_id": None}], "the robot has nothing to do with it"


@pytest.mark.parametrize("way", ["release", "retry", "retry later", "lost lease"])
def test_a_job_that_a_robot_held_runs_no_second_time(fleet: Fleet, way: str) -> None:
    robot = fleet.robot(max_concurrent_jobs=5)
    delay = 60 if way == "retry later" else 0
    policy = {"policy": "fixed", "base_delay_seconds": delay, "jitter": 0}
    jobs = [fleet.enqueue(retry_policy=policy) for _ in range(2)]
    first, second = fleet.claim(robot, limit=2)
    answer = delete(fleet)
    assert (answer["cancelled_jobs"], answer["cancelling_jobs"]) == (0, 0)
    assert fleet.run(DUTY) == 0
    match way:
        case "release":
            fleet.report(robot, "release_job", first)
        case "lost lease":
            call(
                fleet.robots[robot.robot_id],
                "renew_leases",
                leases=[{"job_id": str(second["job_id"]), "lease_token": second["lease_token"]}],
                lease_seconds=3600,
            )
            fleet.travel(seconds=61)
            assert fleet.run("rescue_expired_leases") == 1
        case _:
            fleet.report(robot, "fail_job", first, error_message="x")
    fleet.travel(seconds=delay)
    fleet.run("promote_scheduled_jobs")
    assert waiting(fleet) == 1
    if way == "retry":
        assert fleet.claim(robot) == [], "the claim finds it before the duty does"
    else:
        assert fleet.run(DUTY) == 1
    assert waiting(fleet) == 0
    assert fleet.job(first["job_id"])["status"] == "cancelled"
    assert fleet.count("private.workflow_removals") == 1, "the other one may come back, too"
    fleet.report(robot, "complete_job", second)
    fleet.run(DUTY)
    assert fleet.count("private.workflow_removals") == 0
    assert {fleet.job(job["job_id"])["status"] for job in jobs} == {"cancelled", "completed"}


def test_what_others_hold_locked_is_passed_over_and_found_later(fleet: Fleet) -> None:
    fleet.fill(5)
    holder = fleet.database.connect()
    with holder.transaction():
        holder.execute("select from private.ready order by job_id limit 2 for update")
        fleet.member.execute("set lock_timeout = '200ms'")
        answer = delete(fleet)
        assert (answer["cancelled_jobs"], answer["cancelling_jobs"]) == (4, 2)
        assert fleet.run(DUTY) == 0
    assert fleet.run(DUTY) == 2
    assert fleet.count("private.workflow_removals") == 0


def test_two_workflows_of_a_tenant_are_removed_one_after_another(fleet: Fleet) -> None:
    other = call(fleet.member, "submit_workflow", name="Other", definition={"nodes": []})["workflow_id"]
    fleet.fill(600)
    fleet.enqueue(workflow_id=other)
    delete(fleet)
    answer = call(fleet.member, "delete_workflow", workflow_id=other)["delete_workflow"]
    assert answer["cancelled_jobs"] + answer["cancelling_jobs"] >= 1
    while fleet.count("private.workflow_removals"):
        fleet.run(DUTY)
    assert waiting(fleet) == 0
    with refused(404, "WORKFLOW_NOT_FOUND"):
        call(fleet.member, "delete_workflow", workflow_id=other)


def test_a_look_reads_a_page_and_no_more(fleet: Fleet) -> None:
    fleet.owner.execute("vacuum analyze")
    fleet.fill(3_000)
    watcher = PlanWatcher(fleet)
    watcher.call(fleet.tenant.admin.claims, "delete_workflow", workflow_id=fleet.workflow.workflow_id)
    assert watcher.full_scans + watcher.hash_joins == []


def test_a_rule_that_cancels_those_that_run_does_a_bounded_part_at_once(fleet: Fleet) -> None:
    fleet.fill(249, concurrency_key="k")
    fleet.owner.execute("update public.jobs set concurrency_key = 'k'")
    call(fleet.member, "set_limit", scope="key", concurrency_key="k", max_running=1, on_collision="cancel_running")
    left = []
    for _ in range(3):
        fleet.enqueue(concurrency_key="k")
        left.append(fleet.count("private.ready"))
    assert left == [151, 52, 1]
