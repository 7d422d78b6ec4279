"""Why a job waits and why a robot gets nothing: the sentences, and that they are the claim's own reasons."""

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from tests.factories import Robot, make_member, make_workflow
from tests.fleets import Fleet, call, refused

NOT_YET = "2099-01-01 00:00:00+00"


def explain(fleet: Fleet, job_id: uuid.UUID) -> dict[str, Any]:
    answer: dict[str, Any] = call(fleet.member, "explain_job", job_id=job_id)["explain_job"]
    assert "{" not in answer["sentence"] + answer["next_step"], "a fact is missing"
    return answer


def explain_robot(fleet: Fleet, robot: Robot) -> dict[str, Any]:
    answer: dict[str, Any] = call(fleet.member, "explain_robot", robot=robot.external_id)["explain_robot"]
    assert "{" not in answer["sentence"] + answer["next_step"], "a fact is missing"
    return answer


def told(fleet: Fleet, job_id: uuid.UUID) -> tuple[str, str, str]:
    answer = explain(fleet, job_id)
    return answer["state"], answer["verdict"], answer["reason_code"]


def command(fleet: Fleet, robot: Robot, word: str) -> None:
    call(fleet.member, "command_robot", robot=robot.external_id, command=word)


def test_a_job_without_any_robot(fleet: Fleet) -> None:
    job_id = fleet.enqueue()["job_id"]
    assert told(fleet, job_id) == ("queued", "blocked", "no_robot_registered")


def test_a_job_that_is_next(fleet: Fleet) -> None:
    robot, job_id = fleet.robot(), fleet.enqueue()["job_id"]
    answer = explain(fleet, job_id)
    assert (answer["verdict"], answer["reason_code"], answer["position"]) == ("ready", "next_in_line", 0)
    assert robot.external_id in answer["sentence"]
    (seen,) = answer["robots"]
    assert (seen["external_id"], seen["is_eligible"], seen["ahead"]) == (robot.external_id, True, 0)


def test_a_job_behind_better_ones(fleet: Fleet) -> None:
    fleet.robot()
    fleet.enqueue(priority=3)
    fleet.enqueue()
    job_id = fleet.enqueue()["job_id"]
    fleet.enqueue()
    answer = explain(fleet, job_id)
    assert (answer["verdict"], answer["reason_code"], answer["position"]) == ("waiting", "better_jobs_ahead", 2)
    assert " 2 other jobs" in answer["sentence"]


def test_the_position_is_counted_no_further_than_a_thousand(fleet: Fleet) -> None:
    fleet.robot()
    fleet.fill(1100)
    answer = explain(fleet, fleet.enqueue()["job_id"])
    assert answer["position"] == 1000
    assert "at least 100 other jobs" in answer["sentence"]


def test_a_job_of_later_and_one_that_is_tried_again(fleet: Fleet) -> None:
    robot = fleet.robot()
    later = fleet.enqueue(run_at=NOT_YET)["job_id"]
    assert told(fleet, later) == ("scheduled", "waiting", "run_at_in_future")
    assert "2099-01-01 00:00:00 UTC" in explain(fleet, later)["sentence"]
    again = fleet.enqueue()["job_id"]
    fleet.report(robot, "fail_job", fleet.claim_one(robot), error_message="no such button")
    assert told(fleet, again) == ("scheduled", "waiting", "retry_backoff")
    assert "Attempt 1 of 3 failed (no such button)" in explain(fleet, again)["sentence"]
    fleet.travel(hours=1)
    assert told(fleet, again) == ("scheduled", "waiting", "about_to_be_ready")


@pytest.mark.parametrize(
    ("wanted", "given", "code", "words"),
    [
        ({"environment": "production"}, {}, "wrong_environment", "production"),
        ({"required_capabilities": ["sap", "ocr"]}, {"capabilities": ["ocr"]}, "missing_capability", "capability sap."),
        ({"required_tags": ["vip"]}, {}, "missing_tag", "the tag vip"),
        ({"execution_mode": "internet"}, {}, "missing_internet", "execution mode internet"),
    ],
)
def test_a_job_that_asks_for_what_no_robot_has(
    fleet: Fleet, wanted: dict[str, Any], given: dict[str, Any], code: str, words: str
) -> None:
    robot = fleet.robot(**given)
    job_id = fleet.enqueue(**wanted)["job_id"]
    assert told(fleet, job_id) == ("queued", "blocked", code)
    assert words in explain(fleet, job_id)["sentence"]
    answer = explain_robot(fleet, robot)
    assert (answer["reason_code"], answer["nearest_job_id"]) == ("nothing_suitable", str(job_id))
    assert words.rstrip(".") in answer["sentence"]


@pytest.mark.parametrize("is_target", [False, True])
def test_a_robot_whose_screen_is_locked_is_the_reason_until_it_is_unlocked(fleet: Fleet, is_target: bool) -> None:
    robot = fleet.robot(capabilities=["sap"])
    locked = {"session": {"user": "ann", "interactive": True, "locked": True, "width": 1920, "height": 1080}}
    call(fleet.robots[robot.robot_id], "record_heartbeat", metrics=locked)
    target = {"robot_id": robot.external_id} if is_target else {}
    job_id = fleet.enqueue(required_capabilities=["session:interactive", "sap"], **target)["job_id"]
    code = "target_robot_session_locked" if is_target else "robot_session_locked"
    assert told(fleet, job_id) == ("queued", "blocked", code)
    assert f"The screen of robot {robot.external_id} is locked" in explain(fleet, job_id)["sentence"]
    assert explain_robot(fleet, robot)["reason_code"] == "robot_session_locked"
    assert fleet.claim(robot) == []
    locked["session"]["locked"] = False
    call(fleet.robots[robot.robot_id], "record_heartbeat", metrics=locked)
    assert told(fleet, job_id) == ("queued", "ready", "next_in_line")
    assert [job["job_id"] for job in fleet.claim(robot)] == [job_id]


def test_a_robot_without_a_session_lacks_it_and_what_else_is_missing_goes_before_the_screen(fleet: Fleet) -> None:
    robot = fleet.robot()
    job_id = fleet.enqueue(required_capabilities=["session:interactive"])["job_id"]
    assert told(fleet, job_id) == ("queued", "blocked", "missing_capability")
    locked = {"session": {"interactive": True, "locked": True}}
    call(fleet.robots[robot.robot_id], "record_heartbeat", metrics=locked)
    more = fleet.enqueue(required_capabilities=["session:interactive", "sap"])["job_id"]
    assert told(fleet, more) == ("queued", "blocked", "missing_capability")


@pytest.mark.parametrize(
    ("state", "code", "verdict"),
    [
        ("pause", "robot_paused", "blocked"),
        ("drain", "robot_draining", "blocked"),
        ("maintenance", "robot_in_maintenance", "blocked"),
        ("disabled", "robot_disabled", "blocked"),
        ("quarantine", "robot_quarantined", "blocked"),
        ("revoked", "robot_key_missing", "blocked"),
        ("left", "robot_signed_off", "blocked"),
        ("silent", "robot_offline", "blocked"),
        ("error", "robot_in_error", "blocked"),
        ("deaf", "robot_deaf", "blocked"),
        ("full", "slots_full", "waiting"),
    ],
)
@pytest.mark.parametrize("is_target", [False, True])
def test_a_robot_that_is_hindered_is_the_reason(
    fleet: Fleet, state: str, code: str, verdict: str, is_target: bool
) -> None:
    robot = fleet.robot()
    if state == "full":
        fleet.enqueue()
        fleet.claim_one(robot)
    target = {"robot_id": robot.external_id} if is_target else {}
    job_id = fleet.enqueue(**target)["job_id"]
    hinder(fleet, robot, state)
    seen = explain_robot(fleet, robot)
    assert (seen["reason_code"], seen["verdict"]) == (code, verdict)
    told_of_job = explain(fleet, job_id)
    assert robot.external_id in told_of_job["sentence"] or told_of_job["reason_code"] == "no_robot_online"
    expected = code
    if is_target and verdict == "blocked":
        expected = f"target_{code}"
    elif code in ("robot_offline", "robot_signed_off"):
        expected = "no_robot_online"
    assert (told_of_job["reason_code"], told_of_job["verdict"]) == (expected, verdict)


def hinder(fleet: Fleet, robot: Robot, state: str) -> None:
    """Brings a robot into a state in which it gets nothing."""
    session = fleet.robots[robot.robot_id]
    if state in ("pause", "drain", "quarantine"):
        command(fleet, robot, state)
    elif state in ("maintenance", "error"):
        call(session, "set_robot_status", robot=robot.external_id, status=state)
    elif state == "left":
        call(session, "set_robot_status", robot=robot.external_id, status="offline")
    elif state == "disabled":
        fleet.owner.execute("update public.robots set mode = 'disabled' where robot_id = %s", [robot.robot_id])
    elif state == "revoked":
        call(fleet.member, "revoke_api_key", api_key_id=robot.key.api_key_id)
    elif state == "silent":
        fleet.travel(minutes=10)
    elif state == "deaf":
        for _ in range(7):
            fleet.travel(minutes=1)
            call(session, "record_heartbeat")
        assert fleet.run("notice_deaf_robots") == 1


def test_the_nearest_robot_is_the_one_that_is_named(fleet: Fleet) -> None:
    fleet.robot(external_id="far", environment="elsewhere")
    fleet.robot(external_id="near", capabilities=["sap"])
    fleet.robot(external_id="between")
    answer = explain(fleet, fleet.enqueue(required_capabilities=["ocr", "sap"], environment="default")["job_id"])
    assert [robot["external_id"] for robot in answer["robots"]] == ["near", "between", "far"]
    assert answer["robots_total"] == 3
    assert answer["sentence"] == (
        "No robot (of 3) can take this job now. The nearest: Robot near lacks the capability ocr."
    )


def test_not_more_than_fifty_robots_are_listed_and_all_are_counted(fleet: Fleet) -> None:
    fleet.owner.execute(
        "insert into public.robots (tenant_id, external_id, name) "
        "select %s, 'r-' || n, 'r' from generate_series(1, 60) as n",
        [fleet.tenant.tenant_id],
    )
    near = fleet.robot(external_id="z")
    answer = explain(fleet, fleet.enqueue()["job_id"])
    assert (len(answer["robots"]), answer["robots_total"]) == (50, 61)
    assert answer["robots"][0]["external_id"] == near.external_id


def test_a_job_for_a_robot_that_was_deleted(fleet: Fleet) -> None:
    fleet.robot()
    robot = fleet.robot(external_id="gone")
    job_id = fleet.enqueue(robot_id="gone")["job_id"]
    call(fleet.member, "delete_robot", robot=robot.external_id)
    assert told(fleet, job_id) == ("queued", "blocked", "target_robot_deleted")
    assert "Only robot gone " in explain(fleet, job_id)["sentence"]


def test_a_job_in_hand_names_its_holder(fleet: Fleet) -> None:
    robot = fleet.robot(external_id="holder")
    job_id = fleet.enqueue()["job_id"]
    job = fleet.claim_one(robot)
    assert told(fleet, job_id) == ("claimed", "held", "held_claimed")
    fleet.report(robot, "start_job", job)
    fleet.report(robot, "report_progress", job, progress=40, current_node="n", message="m")
    assert told(fleet, job_id) == ("running", "held", "held_running")
    assert "Robot holder runs the job: 40 percent" in explain(fleet, job_id)["sentence"]
    call(fleet.member, "cancel_job", job_id=job_id, reason="wrong month.")
    assert told(fleet, job_id) == ("running", "held", "cancel_requested")
    assert "wrong month." in explain(fleet, job_id)["sentence"]


def test_a_job_whose_robot_was_lost(fleet: Fleet) -> None:
    robot, job_id = fleet.robot(), fleet.enqueue()["job_id"]
    fleet.claim_one(robot)
    fleet.travel(minutes=5)
    assert told(fleet, job_id) == ("claimed", "held", "lease_expired")


def test_a_job_that_ended(fleet: Fleet) -> None:
    robot = fleet.robot()
    completed = fleet.enqueue()["job_id"]
    fleet.report(robot, "complete_job", fleet.claim_one(robot))
    assert told(fleet, completed) == ("completed", "finished", "completed")
    dead = fleet.enqueue(max_attempts=1)["job_id"]
    fleet.report(robot, "fail_job", fleet.claim_one(robot), error_message="boom")
    assert told(fleet, dead) == ("failed", "finished", "dead_lettered")
    assert "(attempts_exhausted): boom" in explain(fleet, dead)["sentence"]
    call(fleet.member, "requeue_dead_letter", job_id=dead)
    assert told(fleet, dead) == ("failed", "finished", "requeued")
    cancelled = fleet.enqueue(required_tags=["none"])["job_id"]
    call(fleet.member, "cancel_job", job_id=cancelled, reason="not needed")
    assert told(fleet, cancelled) == ("cancelled", "finished", "cancelled")
    call(fleet.member, "purge_dead_letter", job_id=dead)
    assert told(fleet, dead) == ("failed", "finished", "failed")


def test_a_job_of_a_workflow_that_was_disabled_has_a_note_and_still_runs(fleet: Fleet) -> None:
    fleet.robot()
    job_id = fleet.enqueue()["job_id"]
    fleet.owner.execute(
        "update public.workflows set is_enabled = false where workflow_id = %s", [fleet.workflow.workflow_id]
    )
    answer = explain(fleet, job_id)
    assert (answer["reason_code"], [note["reason_code"] for note in answer["notes"]]) == (
        "next_in_line",
        ["workflow_disabled"],
    )


def test_a_deleted_workflow_says_what_became_of_its_jobs(fleet: Fleet) -> None:
    robot, held, waiting = fleet.robot(), fleet.enqueue()["job_id"], fleet.enqueue()["job_id"]
    lease = fleet.claim_one(robot)
    call(fleet.member, "delete_workflow", workflow_id=fleet.workflow.workflow_id)
    assert [told(fleet, job_id)[2] for job_id in (held, waiting)] == ["held_claimed", "cancelled"]
    for job_id in (held, waiting):
        [note] = explain(fleet, job_id)["notes"]
        assert "Of a deleted one the jobs that wait are cancelled; all others still run." in note["sentence"]
        assert "submit the workflow as a new one" in note["next_step"]
    assert fleet.report(robot, "complete_job", lease)["status"] == "completed"


def test_a_robot_with_work_and_one_without(fleet: Fleet) -> None:
    robot = fleet.robot()
    assert explain_robot(fleet, robot)["reason_code"] == "nothing_waiting"
    job_id = fleet.enqueue()["job_id"]
    answer = explain_robot(fleet, robot)
    assert (answer["reason_code"], answer["next_job_id"]) == ("next_claim", str(job_id))
    other = fleet.robot(external_id="other")
    fleet.claim_one(robot)
    for_robot = fleet.enqueue(robot_id=robot.external_id)["job_id"]
    answer = explain_robot(fleet, other)
    assert (answer["reason_code"], answer["nearest_job_id"]) == ("nothing_suitable", str(for_robot))
    assert f"only robot {robot.external_id}" in answer["sentence"]


def test_viewers_may_ask_and_strangers_learn_nothing(fleet: Fleet, stranger: Fleet) -> None:
    robot, job_id = fleet.robot(), fleet.enqueue()["job_id"]
    viewer = fleet.database.connect("authenticated", make_member(fleet.database, fleet.tenant, "viewer").claims)
    call(viewer, "explain_job", job_id=job_id)
    call(viewer, "explain_robot", robot=robot.external_id)
    viewer.close()
    with refused(404, "JOB_NOT_FOUND"):
        explain(stranger, job_id)
    with refused(404, "ROBOT_NOT_FOUND"):
        explain_robot(stranger, robot)
    call(fleet.robots[robot.robot_id], "explain_robot", robot=robot.external_id)
    with refused(403, "FORBIDDEN"):
        call(fleet.robots[robot.robot_id], "explain_job", job_id=job_id)


@pytest.mark.parametrize("scope", ["tenant", "workflow", "key"])
def test_a_limit_that_is_reached_is_the_reason_and_the_claim_agrees(fleet: Fleet, scope: str) -> None:
    robot = fleet.robot(max_concurrent_jobs=5)
    named: dict[str, Any] = {
        "tenant": {},
        "workflow": {"workflow_id": fleet.workflow.workflow_id},
        "key": {"concurrency_key": "till-1"},
    }[scope]
    call(fleet.member, "set_limit", scope=scope, max_running=1, **named)
    fleet.enqueue(concurrency_key="till-1")
    job_id = fleet.enqueue(concurrency_key="till-1")["job_id"]
    assert told(fleet, job_id)[1:] == ("waiting", "better_jobs_ahead")
    first = fleet.claim_one(robot)
    answer = explain(fleet, job_id)
    assert (answer["verdict"], answer["reason_code"]) == ("waiting", f"{scope}_limit_reached")
    assert "1 of at most 1 jobs" in answer["sentence"]
    assert answer["robots"][0]["is_eligible"] is False
    assert explain_robot(fleet, robot)["reason_code"] in ("tenant_limit_reached", "nothing_suitable")
    assert fleet.claim(robot) == []
    fleet.report(robot, "complete_job", first)
    assert told(fleet, job_id)[1:] == ("ready", "next_in_line")
    assert fleet.claim_one(robot)["job_id"] == job_id


@pytest.mark.parametrize("scope", ["tenant", "workflow", "key"])
def test_a_limit_of_0_is_explained_as_paused_whatever_other_limit_is_full(fleet: Fleet, scope: str) -> None:
    robot = fleet.robot(max_concurrent_jobs=5)
    call(fleet.member, "set_limit", scope="tenant", max_running=1)
    fleet.enqueue()
    fleet.claim_one(robot)
    named: dict[str, Any] = {
        "tenant": {},
        "workflow": {"workflow_id": fleet.workflow.workflow_id},
        "key": {"concurrency_key": "till-1"},
    }[scope]
    job_id = fleet.enqueue(concurrency_key="till-1")["job_id"]
    later = fleet.enqueue(concurrency_key="till-1", run_at=NOT_YET)["job_id"]
    assert told(fleet, job_id)[1:] == ("waiting", "tenant_limit_reached")
    call(fleet.member, "set_limit", scope=scope, max_running=0, **named)
    answer = explain(fleet, job_id)
    assert (answer["verdict"], answer["reason_code"]) == ("blocked", f"{scope}_paused")
    assert "paused: its limit is 0" in answer["sentence"]
    assert [seen["reason_code"] for seen in explain(fleet, later)["robots"]] == [f"{scope}_paused"]
    if scope != "tenant":
        call(fleet.member, "remove_limit", scope="tenant")
    seen = explain_robot(fleet, robot)
    assert seen["reason_code"] == ("tenant_paused" if scope == "tenant" else "nothing_suitable")
    assert "pause" in seen["sentence"]


def test_a_living_robot_in_quarantine_is_nearer_than_one_that_is_away(fleet: Fleet) -> None:
    away, gone, dead = (fleet.robot(external_id=name) for name in ("a-away", "b-gone", "c-dead"))
    hinder(fleet, away, "quarantine")
    fleet.travel(minutes=10)
    living = fleet.robot(external_id="z-living")
    call(fleet.robots[living.robot_id], "record_heartbeat")
    call(fleet.robots[gone.robot_id], "record_heartbeat")
    hinder(fleet, gone, "left")
    hinder(fleet, living, "quarantine")
    lacking = fleet.robot(external_id="y-elsewhere", environment="elsewhere")
    answer = explain(fleet, fleet.enqueue(environment="default")["job_id"])
    order = [living, dead, gone, away, lacking]
    assert [seen["external_id"] for seen in answer["robots"]] == [robot.external_id for robot in order]
    assert answer["reason_code"] == "robot_quarantined"
    assert "z-living" in answer["sentence"]


def test_a_job_of_next_month_is_next_in_no_line(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    job_id = fleet.enqueue(run_at=NOT_YET)["job_id"]
    answer = explain(fleet, job_id)
    assert (answer["reason_code"], answer["position"]) == ("run_at_in_future", None)
    (seen,) = answer["robots"]
    assert (seen["verdict"], seen["reason_code"], seen["ahead"]) == ("waiting", "when_it_is_time", None)
    hinder(fleet, robot, "pause")
    assert [seen["reason_code"] for seen in explain(fleet, job_id)["robots"]] == ["robot_paused"]


def test_what_waits_for_a_limit_is_not_ahead_of_what_does_not(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=5)
    call(fleet.member, "set_limit", scope="key", max_running=0, concurrency_key="till-1")
    fleet.enqueue(concurrency_key="till-1", priority=0)
    job_id = fleet.enqueue()["job_id"]
    assert told(fleet, job_id)[1:] == ("ready", "next_in_line")
    assert explain_robot(fleet, robot)["next_job_id"] == str(job_id)
    assert fleet.claim_one(robot)["job_id"] == job_id


def test_jobs_of_two_lanes_are_ahead_as_far_as_their_limit_has_room_for_both(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=3)
    call(fleet.member, "set_limit", scope="key", concurrency_key="k", max_running=1)
    call(fleet.member, "set_limit", scope="workflow", workflow_id=fleet.workflow.workflow_id, max_running=2)
    for priority in (1, 2, 3):
        fleet.enqueue(priority=priority, concurrency_key="k")
        fleet.enqueue(priority=priority)
    free = make_workflow(fleet.database, fleet.tenant)
    job_id = fleet.enqueue(priority=9, workflow_id=free.workflow_id)["job_id"]
    answer = explain(fleet, job_id)
    assert (answer["position"], answer["robots"][0]["ahead"]) == (2, 2)
    assert [fleet.claim_one(robot)["job_id"] for _ in range(3)].index(job_id) == 2


def test_braces_in_what_a_robot_says_are_its_own(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    fleet.report(robot, "fail_job", fleet.claim_one(robot), error_message="no {attempts} in {max_attempts}, {robot}")
    answer = call(fleet.member, "explain_job", job_id=job["job_id"])["explain_job"]
    assert answer["reason_code"] == "retry_backoff"
    assert "Attempt 1 of 3 failed (no {attempts} in {max_attempts}, {robot})." in answer["sentence"]


def test_the_page_for_support_people_has_every_reason_with_its_words(fleet: Fleet) -> None:
    page = (Path(__file__).parents[2] / "docs" / "why-is-my-job-waiting.md").read_text()
    shown = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in page.splitlines()
        if re.match(r"\| `\w+` \| \w+ \|", line)
    ]
    rows = fleet.owner.execute(
        "select '`' || reason_code || '`' as code, verdict, sentence, next_step from private.list_explanations()"
    ).fetchall()
    assert sorted(shown) == sorted(tuple(row.values()) for row in rows)


def test_a_lane_that_aged_is_ahead_of_newer_jobs_with_a_better_priority(fleet: Fleet) -> None:
    robot = fleet.robot()
    old = fleet.enqueue(priority=10)["job_id"]
    new = fleet.enqueue(priority=9)["job_id"]
    fleet.owner.execute(
        "update private.lanes set promotion = 2 where lane_id = (select lane_id from public.jobs where job_id = %s)",
        [old],
    )
    assert told(fleet, new)[1:] == ("waiting", "better_jobs_ahead")
    assert (told(fleet, old)[1:], explain_robot(fleet, robot)["next_job_id"]) == (("ready", "next_in_line"), str(old))
    assert fleet.claim_one(robot)["job_id"] == old


def missing_robot(fleet: Fleet, **demand: Any) -> str | None:
    job_id = fleet.enqueue(**demand)["job_id"]
    answer: str | None = call(fleet.member, "name_missing_robot", job_id=job_id)["name_missing_robot"]
    return answer


def test_whether_any_registered_robot_could_run_a_job_is_told_whatever_its_state(fleet: Fleet) -> None:
    assert missing_robot(fleet) == "No robot is registered yet: the job waits for one (casare-cloud robot run)."
    robot = fleet.robot(capabilities=["browser"], tags=["vip"])
    command(fleet, robot, "pause")
    fleet.travel(days=1)
    assert missing_robot(fleet) is None
    assert missing_robot(fleet, required_capabilities=["browser"], required_tags=["vip"]) is None
    assert missing_robot(fleet, robot_id=robot.external_id, required_capabilities=["sap"]) is None
    told = "No registered robot (of 1) has what the job asks for: "
    asked = missing_robot(fleet, required_capabilities=["sap", "browser"], required_tags=["night"])
    assert asked == f"{told}the capability browser and the capability sap and the tag night."
    assert missing_robot(fleet, environment="test") == f"{told}the environment test."


def test_whether_any_robot_could_run_it_is_for_those_who_may_make_jobs(fleet: Fleet) -> None:
    job_id = fleet.enqueue()["job_id"]
    viewer = fleet.database.connect("authenticated", make_member(fleet.database, fleet.tenant, "viewer").claims)
    with refused(403, "FORBIDDEN"):
        call(viewer, "name_missing_robot", job_id=job_id)
    viewer.close()
    with refused(404, "JOB_NOT_FOUND"):
        call(fleet.member, "name_missing_robot", job_id=uuid.uuid4())
