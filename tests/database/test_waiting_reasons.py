"""Waiting jobs counted by reason: reasons are those of explain_job, and nothing that waits is hidden by anything."""

from typing import Any

from tests.factories import make_workflow
from tests.fleets import Fleet, call

NOT_YET = "2099-01-01 00:00:00+00"


def reasons(fleet: Fleet) -> dict[str, Any]:
    answer: dict[str, Any] = call(fleet.member, "list_waiting_reasons")["list_waiting_reasons"]
    assert all("{" not in reason["sentence"] + reason["next_step"] for reason in answer["reasons"]), "a fact is missing"
    return answer


def counts(fleet: Fleet) -> dict[str, int]:
    return {reason["reason_code"]: reason["jobs"] for reason in reasons(fleet)["reasons"]}


def assert_explained(fleet: Fleet) -> None:
    """Each reason is what explain_job says of the job that stands for it."""
    for reason in reasons(fleet)["reasons"]:
        explained = call(fleet.member, "explain_job", job_id=reason["job_id"])["explain_job"]
        names = ("reason_code", "verdict", "sentence", "next_step")
        assert {name: reason[name] for name in names} == {name: explained[name] for name in names}


def test_nothing_waits(fleet: Fleet) -> None:
    assert reasons(fleet) == {"waiting": 0, "scheduled": 0, "is_capped": False, "others": 0, "reasons": []}


def test_each_demand_is_counted_with_its_own_reason(fleet: Fleet) -> None:
    robot, busy = fleet.robot(), fleet.robot(environment="production")
    fleet.enqueue(environment="production")
    fleet.claim_one(busy)
    for _ in range(3):
        fleet.enqueue(required_capabilities=["sap"])
    for _ in range(2):
        fleet.enqueue(environment="production", robot_id=busy.external_id)
    fleet.enqueue(run_at=NOT_YET)
    fleet.enqueue(environment="nowhere")
    assert counts(fleet) == {
        "missing_capability": 3, "slots_full": 2, "run_at_in_future": 1, "wrong_environment": 1,
    }  # fmt: skip
    answer = reasons(fleet)
    assert (answer["waiting"], answer["scheduled"], answer["is_capped"]) == (6, 1, False)
    assert answer["reasons"][0]["jobs"] == 3, "the most frequent first"
    assert_explained(fleet)
    assert fleet.claim(robot) == []


def test_of_jobs_that_a_robot_may_have_one_is_next_and_the_others_stand_behind_it(fleet: Fleet) -> None:
    fleet.robot()
    for _ in range(4):
        fleet.enqueue()
    assert counts(fleet) == {"next_in_line": 1, "better_jobs_ahead": 3}
    assert_explained(fleet)


def test_full_and_paused_limits_are_reasons_of_the_lanes_that_they_hold(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=9)
    paused = make_workflow(fleet.database, fleet.tenant)
    call(fleet.member, "set_limit", scope="workflow", workflow_id=paused.workflow_id, max_running=0)
    call(fleet.member, "set_limit", scope="key", concurrency_key="k", max_running=1)
    fleet.enqueue(concurrency_key="k")
    fleet.claim_one(robot)
    for _ in range(2):
        fleet.enqueue(concurrency_key="k")
        fleet.enqueue(workflow_id=paused.workflow_id)
    fleet.enqueue(workflow_id=paused.workflow_id)
    assert counts(fleet) == {"workflow_paused": 3, "key_limit_reached": 2}
    assert_explained(fleet)


def test_the_fleets_own_troubles_are_reasons(fleet: Fleet) -> None:
    fleet.enqueue()
    assert counts(fleet) == {"no_robot_registered": 1}
    robot = fleet.robot()
    call(fleet.member, "command_robot", robot=robot.external_id, command="pause")
    assert counts(fleet) == {"robot_paused": 1}
    assert_explained(fleet)
    call(fleet.member, "command_robot", robot=robot.external_id, command="resume")
    fleet.travel(hours=1)
    assert counts(fleet) == {"no_robot_online": 1}
    assert_explained(fleet)


def test_what_waits_for_a_time_says_for_which(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    fleet.report(robot, "fail_job", fleet.claim_one(robot), error_message="no such button")
    fleet.enqueue(run_at=NOT_YET)
    fleet.enqueue(run_at="2098-01-01 00:00:00+00")
    assert counts(fleet) == {"retry_backoff": 1, "run_at_in_future": 2}
    assert_explained(fleet)
    assert "2098-01-01" in reasons(fleet)["reasons"][0]["sentence"], "the one that is due first stands for the others"


def test_a_full_lane_hides_no_other_and_says_that_there_is_more(fleet: Fleet) -> None:
    fleet.fill(10_005, environment="full")
    fleet.enqueue(environment="other")
    fleet.robot()
    found = {reason["sentence"]: reason for reason in reasons(fleet)["reasons"]}
    (full,) = [reason for sentence, reason in found.items() if " full." in sentence]
    (other,) = [reason for sentence, reason in found.items() if " other." in sentence]
    assert (full["jobs"], full["is_capped"], other["jobs"], other["is_capped"]) == (10_000, True, 1, False)
    assert reasons(fleet)["is_capped"]


def test_what_is_beyond_the_demands_that_are_judged_is_counted(fleet: Fleet) -> None:
    fleet.robot()
    for number in range(53):
        fleet.enqueue(environment=f"e{number}")
    answer = reasons(fleet)
    assert (answer["waiting"], answer["others"], sum(r["jobs"] for r in answer["reasons"])) == (53, 3, 50)


def test_jobs_for_another_tenants_pool_have_the_pools_reason(fleet: Fleet, stranger: Fleet) -> None:
    pool = call(stranger.member, "create_pool", name="shared")["create_pool"]["pool_id"]
    slug = fleet.owner.execute("select slug from public.tenants where tenant_id = %s", [fleet.tenant.tenant_id])
    call(stranger.member, "put_pool_member", pool=str(pool), tenant=slug.fetchone()["slug"])  # type: ignore[index]
    call(fleet.member, "accept_pool", pool=str(pool))
    fleet.enqueue(pool=str(pool))
    fleet.enqueue(pool=str(pool))
    assert counts(fleet) == {"pool_no_robot_suits": 2}
    assert_explained(fleet)


def test_another_tenants_jobs_are_not_counted(fleet: Fleet, stranger: Fleet) -> None:
    stranger.enqueue()
    assert counts(fleet) == {}
