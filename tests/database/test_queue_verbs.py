"""A job's way through the queue: enqueue, claim, start, progress, complete; who may; and what each refuses."""

import secrets
import uuid
from datetime import timedelta

import pytest
from psycopg.types.json import Jsonb
from tests.factories import claims_for, make_key, make_member
from tests.fleets import Fleet, Row, call, call_all, refused


def test_a_job_goes_from_queued_to_completed(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(input={"url": "x"}, metadata={"by": "test"})
    assert (job["status"], job["attempts"], job["priority"], job["environment"]) == ("queued", 0, 10, "*")

    claimed = fleet.claim_one(robot)
    assert claimed["job_id"] == job["job_id"]
    assert claimed["workflow_json"] == fleet.workflow.definition
    assert (claimed["input"], claimed["attempt"], claimed["max_attempts"]) == ({"url": "x"}, 1, 3)
    assert claimed["lease_expires_at"] == fleet.now + timedelta(seconds=60)
    assert fleet.job(job["job_id"])["status"] == "claimed"

    assert fleet.report(robot, "start_job", claimed)["status"] == "running"
    fleet.report(robot, "report_progress", claimed, progress=40, current_node="start", message="half way")
    seen = fleet.job(job["job_id"])
    assert (seen["status"], seen["progress"], seen["current_node"]) == ("running", 40, "start")
    assert (seen["robot_id"], seen["progress_message"]) == (robot.robot_id, "half way")

    answer = fleet.report(robot, "complete_job", claimed, result={"rows": 3})
    assert answer == {"job_id": str(job["job_id"]), "status": "completed", "outcome": "applied"}
    done = fleet.job(job["job_id"])
    assert (done["status"], done["result"], done["attempts"], done["progress"]) == ("completed", {"rows": 3}, 1, 100)
    assert done["finished_at"] == fleet.now
    assert fleet.claim(robot) == []


def test_every_transition_is_an_event(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(retry_policy={"policy": "fixed", "base_delay_seconds": 1})
    fleet.report(robot, "release_job", fleet.claim_one(robot))
    fleet.report(robot, "fail_job", fleet.claim_one(robot), error_message="boom")
    fleet.travel(seconds=1)
    claimed = fleet.claim_one(robot)
    fleet.report(robot, "start_job", claimed)
    fleet.report(robot, "report_progress", claimed, progress=50)
    fleet.report(robot, "complete_job", claimed)
    way = ["job.queued", "job.claimed", "job.queued", "job.claimed", "job.retrying", "job.claimed", "job.started"]
    assert fleet.events(job["job_id"]) == [*way, "job.completed"]
    cancelled = fleet.enqueue()["job_id"]
    call(fleet.member, "cancel_job", job_id=cancelled)
    assert fleet.events(cancelled) == ["job.queued", "job.cancelled"]


def test_claims_go_by_priority_and_then_by_age_over_all_lanes(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=100, capabilities=["a"], tags=["t"])
    first = [
        fleet.enqueue(priority=5),
        fleet.enqueue(priority=5, required_capabilities=["a"]),
        fleet.enqueue(priority=5, environment="default"),
        fleet.enqueue(priority=5, required_tags=["t"], robot_id=robot.external_id),
        fleet.enqueue(priority=5),
    ]
    urgent = fleet.enqueue(priority=0, required_capabilities=["a"])
    later = fleet.enqueue(priority=20)
    expected = [urgent["job_id"], *[job["job_id"] for job in first], later["job_id"]]
    one = fleet.claim(robot)
    rest = fleet.claim(robot, limit=100)
    assert [job["job_id"] for job in one + rest] == expected


@pytest.mark.parametrize(
    ("demand", "robot"),
    [
        ({"required_capabilities": ["browser"]}, {"capabilities": ["browser"]}),
        ({"required_tags": ["invoices"]}, {"tags": ["invoices"]}),
        ({"execution_mode": "internet"}, {"is_internet": True}),
        ({"environment": "production"}, {"environment": "production"}),
        ({"required_capabilities": ["a", "b"], "required_tags": ["x"]}, {"capabilities": ["b", "a"], "tags": ["x"]}),
    ],
)
def test_a_job_goes_only_to_a_robot_that_meets_its_demand(
    fleet: Fleet, demand: dict[str, object], robot: dict[str, object]
) -> None:
    plain, able = fleet.robot(), fleet.robot(**robot)
    job = fleet.enqueue(**demand)
    assert fleet.claim(plain) == []
    assert fleet.claim_one(able)["job_id"] == job["job_id"]


def test_a_job_for_one_robot_goes_to_no_other(fleet: Fleet) -> None:
    other, target = fleet.robot(), fleet.robot()
    fleet.enqueue(robot_id=str(target.robot_id))
    fleet.enqueue(robot_id=target.external_id)
    assert fleet.claim(other) == []
    assert len(fleet.claim(target)) == 1


def test_a_job_without_environment_goes_to_any_robot_and_one_with_it_only_there(fleet: Fleet) -> None:
    production = fleet.robot(environment="production")
    anywhere = fleet.enqueue()
    fleet.enqueue(environment="default")
    assert fleet.claim_one(production)["job_id"] == anywhere["job_id"]
    assert fleet.claim(production) == []
    with refused(400, "INVALID_ARGUMENT", "environment", "production"):
        fleet.claim(production, environment="default")


def test_a_robot_never_gets_more_jobs_than_it_has_slots(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=2)
    for _ in range(4):
        fleet.enqueue()
    held = fleet.claim(robot, limit=100)
    assert len(held) == 2
    assert fleet.claim(robot) == []
    fleet.report(robot, "complete_job", held[0])
    assert len(fleet.claim(robot, limit=5)) == 1


@pytest.mark.parametrize("mode", ["paused", "draining", "maintenance", "disabled"])
def test_a_robot_that_is_not_active_gets_nothing(fleet: Fleet, mode: str) -> None:
    robot = fleet.robot()
    fleet.enqueue()
    fleet.owner.execute("update public.robots set mode = %s where robot_id = %s", [mode, robot.robot_id])
    assert fleet.claim(robot) == []


def test_a_tenants_jobs_go_to_its_own_robots_only(fleet: Fleet, stranger: Fleet) -> None:
    robot = stranger.robot()
    fleet.enqueue()
    assert stranger.claim(robot, limit=100) == []


def test_only_a_registered_robot_claims_and_only_those_who_may_enqueue(fleet: Fleet) -> None:
    with refused(403, "FORBIDDEN"):
        call_all(fleet.member, "claim_jobs")
    robot = fleet.robot()
    with refused(403, "FORBIDDEN"):
        call(fleet.robots[robot.robot_id], "enqueue_job", workflow_id=fleet.workflow.workflow_id)
    viewer = fleet.database.connect("authenticated", make_member(fleet.database, fleet.tenant, "viewer").claims)
    with refused(403, "FORBIDDEN"):
        call(viewer, "enqueue_job", workflow_id=fleet.workflow.workflow_id)
    with (
        fleet.database.connect("authenticated", claims_for(uuid.uuid4(), fleet.tenant.tenant_id, "user")) as nobody,
        refused(401, "AUTHENTICATION_FAILED"),
    ):
        call(nobody, "enqueue_job", workflow_id=fleet.workflow.workflow_id)
    key = make_key(fleet.database, fleet.tenant, "robot")
    claims = claims_for(key.api_key_id, fleet.tenant.tenant_id, "robot", api_key_id=key.api_key_id)
    unbound = fleet.database.connect("authenticated", claims)
    with refused(403, "FORBIDDEN"):
        call_all(unbound, "claim_jobs")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("priority", -1),
        ("priority", 21),
        ("environment", ""),
        ("environment", "x" * 65),
        ("execution_mode", "moon"),
        ("max_attempts", 0),
        ("max_attempts", 101),
        ("timeout_seconds", 0),
        ("timeout_seconds", 604801),
        ("progress_timeout_seconds", 4),
        ("progress_timeout_seconds", 604801),
        ("run_at", "infinity"),
        ("run_at", "20000-01-01T00:00:00Z"),
        ("dedupe_key", ""),
        ("dedupe_key", "x" * 256),
        ("required_capabilities", ["tag:x"]),
        ("required_capabilities", ["mode:internet"]),
        ("required_tags", [""]),
        ("required_tags", ["x"] * 101),
        ("required_capabilities", ["x" * 64] * 28),
        ("retry_policy", {"policy": "sometimes"}),
        ("retry_policy", {"policy": "fixed", "base_delay_seconds": -1}),
        ("retry_policy", {"policy": "fixed", "jitter": 2}),
        ("retry_policy", {"policy": "fixed", "surprise": 1}),
    ],
)
def test_an_invalid_job_is_refused_and_the_field_is_named(fleet: Fleet, field: str, value: object) -> None:
    with refused(400, "INVALID_ARGUMENT", field):
        fleet.enqueue(**{field: value})
    assert fleet.member.execute("select from public.live_jobs").fetchall() == []


def test_the_longest_demand_that_is_accepted_finds_a_lane(fleet: Fleet) -> None:
    tags = [secrets.token_hex(6) + "x" for _ in range(95)]  # 95 * (13 + 8) bytes
    wish = {"required_tags": tags, "environment": "\U0001f916" * 64, "execution_mode": "internet"}
    job = fleet.enqueue(**wish, robot_id=fleet.robot().external_id)
    assert job["status"] == "queued"
    with refused(400, "INVALID_ARGUMENT", "required_capabilities and required_tags", "2000 bytes"):
        fleet.enqueue(**wish, required_capabilities=["x"])


def test_input_that_is_no_object_is_refused(fleet: Fleet) -> None:
    with refused(400, "INVALID_ARGUMENT", "input"):
        fleet.enqueue(input=[{"a": 1}])


def test_a_workflow_that_is_not_there_is_not_found(fleet: Fleet, stranger: Fleet) -> None:
    for workflow_id in [uuid.uuid4(), stranger.workflow.workflow_id]:
        with refused(404, "WORKFLOW_NOT_FOUND"):
            fleet.enqueue(workflow_id=workflow_id)
    with refused(404, "WORKFLOW_NOT_FOUND"):
        fleet.enqueue(version=2)
    fleet.owner.execute(
        "update public.workflows set deleted_at = now() where workflow_id = %s", [fleet.workflow.workflow_id]
    )
    with refused(404, "WORKFLOW_NOT_FOUND"):
        fleet.enqueue()


@pytest.mark.parametrize("change", ["is_enabled = false", "status = 'archived'"])
def test_a_workflow_that_must_not_run_is_refused(fleet: Fleet, change: str) -> None:
    fleet.owner.execute(
        f"update public.workflows set {change} where workflow_id = %s",
        [fleet.workflow.workflow_id],
    )
    with refused(409, "WORKFLOW_NOT_RUNNABLE"):
        fleet.enqueue()


def test_a_draft_is_run_by_hand_and_again_by_a_retry(fleet: Fleet) -> None:
    fleet.owner.execute(
        "update public.workflows set status = 'draft' where workflow_id = %s", [fleet.workflow.workflow_id]
    )
    job = fleet.enqueue()
    fleet.member.execute("select public.cancel_job(%s)", [job["job_id"]])
    retried = fleet.member.execute("select public.retry_job(%s) as answer", [job["job_id"]]).fetchone()
    assert retried is not None
    assert retried["answer"]["job_id"] == str(job["job_id"])


def test_a_delayed_job_waits_for_its_time_and_is_promoted_by_a_claim(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(run_at=fleet.now + timedelta(minutes=5))
    assert job["run_at"] == fleet.now + timedelta(minutes=5)
    assert fleet.claim(robot) == []
    fleet.travel(minutes=4, seconds=59)
    assert fleet.claim(robot) == []
    fleet.travel(seconds=1)
    assert fleet.claim_one(robot)["job_id"] == job["job_id"]


def test_a_dedupe_key_names_at_most_one_unfinished_job(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue(dedupe_key="invoice-7")
    assert fleet.enqueue(dedupe_key="invoice-7")["job_id"] == job["job_id"]
    claimed = fleet.claim_one(robot)
    assert fleet.enqueue(dedupe_key="invoice-7")["job_id"] == job["job_id"], "a running job is not finished"
    fleet.report(robot, "complete_job", claimed)
    again = fleet.enqueue(dedupe_key="invoice-7")
    assert again["job_id"] != job["job_id"]
    call(fleet.member, "cancel_job", job_id=again["job_id"])
    assert fleet.enqueue(dedupe_key="invoice-7")["job_id"] not in {job["job_id"], again["job_id"]}


def test_an_idle_robot_is_rung_once_for_a_job_that_it_may_have(fleet: Fleet) -> None:
    robot, other = fleet.robot(), fleet.robot(environment="elsewhere")
    assert fleet.claim(robot, listening=True) == fleet.claim(other, listening=True) == []
    fleet.enqueue(environment="default")
    fleet.enqueue(environment="default")
    assert [push["event"] for push in fleet.pushes(f"robot:{robot.robot_id}")] == ["job_available"]
    assert fleet.pushes(f"robot:{other.robot_id}") == []


def test_one_job_wakes_one_robot(fleet: Fleet) -> None:
    robots = [fleet.robot() for _ in range(3)]
    for robot in robots:
        fleet.claim(robot, listening=True)
    fleet.enqueue()
    assert sum(len(fleet.pushes(f"robot:{robot.robot_id}")) for robot in robots) == 1


def test_a_job_of_another_tenant_is_not_found_by_any_verb(fleet: Fleet, stranger: Fleet) -> None:
    robot = stranger.robot()
    job = fleet.enqueue()
    foreign = {"job_id": job["job_id"], "lease_token": 1}
    verbs: list[tuple[str, dict[str, object]]] = [
        ("start_job", {}),
        ("complete_job", {}),
        ("release_job", {}),
        ("report_progress", {"progress": 1}),
        ("fail_job", {"error_message": "x"}),
    ]
    for function, arguments in verbs:
        with refused(404, "JOB_NOT_FOUND"):
            stranger.report(robot, function, foreign, **arguments)
    for function in ["cancel_job", "retry_job"]:
        with refused(404, "JOB_NOT_FOUND"):
            call(stranger.member, function, job_id=job["job_id"])
    assert fleet.member.execute("select from public.late_results").fetchall() == []


def test_a_robot_sees_the_jobs_that_it_holds_and_no_others(fleet: Fleet) -> None:
    robot = fleet.robot()
    held, _ = fleet.enqueue(), fleet.enqueue()
    fleet.claim_one(robot)
    seen = fleet.robots[robot.robot_id].execute("select job_id, status from public.live_jobs").fetchall()
    assert seen == [{"job_id": held["job_id"], "status": "claimed"}]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"lease_seconds": 4}, "lease_seconds")],
)
def test_a_claim_with_an_impossible_number_is_refused(fleet: Fleet, arguments: dict[str, int], word: str) -> None:
    robot = fleet.robot()
    with refused(400, "INVALID_ARGUMENT", word):
        call_all(fleet.robots[robot.robot_id], "claim_jobs", **arguments)


def enqueue_many(fleet: Fleet, jobs: list[dict[str, object]]) -> list[Row]:
    return call_all(fleet.member, "enqueue_jobs", jobs=jobs)


def test_a_batch_answers_for_each_job_and_one_bad_job_spoils_no_other(fleet: Fleet, stranger: Fleet) -> None:
    workflow_id = str(fleet.workflow.workflow_id)
    robot = fleet.robot(max_concurrent_jobs=10)
    answers = enqueue_many(
        fleet,
        [
            {"workflow_id": workflow_id, "input": {"n": 1}, "priority": 3},
            {"workflow_id": workflow_id, "priority": 99},
            {"workflow_id": workflow_id, "priority": "high"},
            {"workflow_id": str(stranger.workflow.workflow_id)},
            {"workflow_id": workflow_id, "robot_id": "nobody"},
            {"workflow_id": workflow_id, "surprise": 1},
            {"input": {}},
            {"workflow_id": workflow_id, "dedupe_key": "k"},
            {"workflow_id": workflow_id, "dedupe_key": "k", "robot_id": robot.external_id},
        ],
    )
    assert [answer["position"] for answer in answers] == list(range(9))
    assert [answer["error_code"] for answer in answers] == [
        None,
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        "WORKFLOW_NOT_FOUND",
        "ROBOT_NOT_FOUND",
        "INVALID_ARGUMENT",
        "INVALID_ARGUMENT",
        None,
        None,
    ]
    assert [answer["error_status"] for answer in answers[1:5]] == [400, 400, 404, 404]
    assert "priority" in answers[1]["error_message"]
    assert "surprise" in answers[5]["error_message"]
    assert answers[7]["job_id"] == answers[8]["job_id"]
    claimed = fleet.claim(robot, limit=10)
    assert [job["job_id"] for job in claimed] == [answers[0]["job_id"], answers[7]["job_id"]]
    assert claimed[0]["input"] == {"n": 1}


def test_a_batch_answers_the_status_of_the_job_that_has_the_dedupe_key(fleet: Fleet) -> None:
    robot = fleet.robot()
    wish = {"workflow_id": str(fleet.workflow.workflow_id), "dedupe_key": "k"}
    assert enqueue_many(fleet, [wish])[0]["status"] == "queued"
    job = fleet.claim_one(robot)
    (found,) = enqueue_many(fleet, [wish])
    assert (found["job_id"], found["status"]) == (job["job_id"], "claimed")
    fleet.report(robot, "start_job", job)
    assert enqueue_many(fleet, [wish])[0]["status"] == "running"


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_has_1_to_1000_jobs(fleet: Fleet, count: int) -> None:
    with refused(400, "INVALID_ARGUMENT", "1000"):
        call_all(fleet.member, "enqueue_jobs", jobs=Jsonb([{}] * count))


def test_a_batch_needs_the_permission(fleet: Fleet) -> None:
    robot = fleet.robot()
    with refused(403, "FORBIDDEN"):
        call_all(fleet.robots[robot.robot_id], "enqueue_jobs", jobs=[{}])
