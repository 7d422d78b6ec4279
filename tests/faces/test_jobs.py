"""Jobs over HTTP for people and programs (documents 002 and 003; api-decisions#cancel-and-retry)."""

from typing import Any

import pytest
from tests.faces.stage import UNKNOWN_ID, Stage, refused

SUMMARY = {
    "job_id", "workflow_id", "workflow_name", "workflow_version", "status", "priority", "trigger_type",
    "execution_mode", "environment", "robot_id", "robot_uuid", "progress", "current_node", "message", "attempts",
    "max_attempts", "retry_count", "created_at", "run_at", "claimed_at", "started_at", "completed_at", "duration_ms",
    "error_message", "error_type", "cancel_requested",
}  # fmt: skip
DETAIL = SUMMARY | {"input", "result", "metadata", "error_details"}


async def words(stage: Stage, **params: Any) -> list[str]:
    """The states of the jobs that a list shows, in alphabetical order."""
    answer = await stage.admin.get("/jobs", **params)
    assert answer.status_code == 200, answer.text
    return sorted(item["status"] for item in answer.json()["jobs"])


async def test_a_job_that_is_nowhere_to_be_found_is_busy(stage: Stage) -> None:
    job_id = await stage.job()
    with stage.database.connect("supabase_admin") as owner:  # as if it changed hands each time it is looked for
        owner.execute("delete from private.ready where job_id = %s", [job_id])
        owner.commit()
    assert refused(await stage.admin.post(f"/jobs/{job_id}/cancel"), 503, "JOB_BUSY")


async def test_the_documented_example_queues_a_job_by_the_name_of_its_workflow(stage: Stage) -> None:
    workflow = stage.workflow("my-workflow")
    answer = await stage.admin.post("/jobs", {"workflow_id": "my-workflow", "input_data": {"param": "value"}})
    assert answer.status_code == 201
    job = answer.json()
    assert job.pop("warnings") == []  # of the request
    assert set(job) >= DETAIL
    assert job["workflow_id"] == str(workflow.workflow_id)
    assert (job["status"], job["priority"], job["environment"], job["trigger_type"]) == ("pending", 10, "*", "manual")
    assert job["input"] == {"param": "value"}
    assert (job["attempts"], job["retry_count"], job["progress"]) == (0, 0, 0)
    assert job["created_at"].endswith("Z")
    assert (await stage.admin.get(f"/jobs/{job['job_id']}")).json() == job


async def test_every_documented_field_of_a_job_is_kept(stage: Stage) -> None:
    workflow = stage.workflow()
    robot, _ = stage.robot(environment="production")
    sent = {
        "workflow_id": str(workflow.workflow_id).upper(),
        "input": {"a": [1, None]},
        "priority": 0,
        "environment": "production",
        "execution_mode": "internet",
        "required_capabilities": ["browser"],
        "required_tags": ["red"],
        "robot_id": robot.external_id,
        "run_at": "2999-01-01T00:00:00+02:00",
        "dedupe_key": "d",
        "max_attempts": 5,
        "timeout_seconds": 60,
        "retry_policy": {"policy": "none"},
        "metadata": {"m": 1},
        "version": 1,
    }
    answer = await stage.admin.post("/jobs", sent)
    assert answer.status_code == 201, answer.text
    job = answer.json()
    same = set(sent) - {"workflow_id", "robot_id", "run_at", "version"}
    assert {name: job[name] for name in same} == {name: sent[name] for name in same}
    assert (job["target_robot_id"], job["workflow_version"]) == (robot.external_id, 1)
    assert (job["run_at"], job["status"]) == ("2998-12-31T22:00:00Z", "pending")


@pytest.mark.parametrize("name", ["input", "input_data", "parameters", "variables", "params", "payload"])
async def test_every_name_of_the_input_is_taken(stage: Stage, name: str) -> None:
    workflow = stage.workflow()
    answer = await stage.admin.post("/jobs", {"workflow_id": str(workflow.workflow_id), name: {"n": 1}})
    assert answer.json()["input"] == {"n": 1}


async def test_a_name_means_the_newest_workflow_that_is_written_so(stage: Stage) -> None:
    stage.workflow("flow")
    newest = stage.workflow("flow")
    stage.workflow("FLOW")
    answer = await stage.admin.post("/jobs", {"workflow_id": "flow"})
    assert answer.json()["workflow_id"] == str(newest.workflow_id)
    assert (await stage.admin.post("/jobs", {"workflow_id": "Flow"})).status_code == 201


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"workflow_id": None}, ["workflow_id"]),
        ({"workflow_id": ""}, ["workflow_id"]),
        ({"workflow_id": 7}, ["workflow_id"]),
        ({"input": []}, ["input"]),
        ({"input_data": "x"}, ["input"]),
        ({"priority": 21}, ["priority", "20"]),
        ({"priority": -1}, ["priority", "0"]),
        ({"priority": 1.5}, ["priority"]),
        ({"priority": "1"}, ["priority"]),
        ({"environment": "x" * 65}, ["environment", "64"]),
        ({"execution_mode": "wan"}, ["execution_mode"]),
        ({"required_capabilities": "browser"}, ["required_capabilities"]),
        ({"required_capabilities": [""]}, ["required_capabilities"]),
        ({"required_tags": ["tag:x"]}, ["required_tags"]),
        ({"robot_id": "not a robot"}, ["robot_id"]),
        ({"run_at": "tomorrow"}, ["run_at"]),
        ({"dedupe_key": ""}, ["dedupe_key"]),
        ({"max_attempts": 0}, ["max_attempts"]),
        ({"timeout_seconds": 604801}, ["timeout_seconds"]),
        ({"retry_policy": {"policy": "sometimes"}}, ["retry_policy"]),
        ({"metadata": "x"}, ["metadata"]),
        ({"version": 0}, ["version"]),
    ],
)
async def test_a_job_that_breaks_a_rule_is_400_and_is_not_made(
    stage: Stage, changes: dict[str, Any], named: list[str]
) -> None:
    sent: dict[str, Any] = {"workflow_id": str(stage.workflow().workflow_id), **changes}
    sent = {name: value for name, value in sent.items() if value is not None}
    assert refused(await stage.admin.post("/jobs", sent), 400, "INVALID_ARGUMENT", *named)
    assert await words(stage) == []


async def test_a_workflow_or_robot_that_is_unknown_or_foreign_is_404(stage: Stage, elsewhere: Stage) -> None:
    foreign, own = elsewhere.workflow("theirs"), stage.workflow("own")
    robot, _ = elsewhere.robot()
    for name in (UNKNOWN_ID, "nobody's", str(foreign.workflow_id), "theirs"):
        assert refused(await stage.admin.post("/jobs", {"workflow_id": name}), 404, "WORKFLOW_NOT_FOUND")
    assert refused(await stage.admin.post("/jobs", {"workflow_id": "own", "version": 9}), 404, "WORKFLOW_NOT_FOUND")
    for name in (UNKNOWN_ID, "nobody", str(robot.robot_id), robot.external_id):
        answer = await stage.admin.post("/jobs", {"workflow_id": str(own.workflow_id), "robot_id": name})
        assert refused(answer, 404, "ROBOT_NOT_FOUND")


async def test_a_repeated_job_with_an_idempotency_key_is_made_once(stage: Stage) -> None:
    sent = {"workflow_id": str(stage.workflow().workflow_id)}
    answers = [await stage.admin.post("/jobs", sent, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert await words(stage) == ["pending"]


async def test_a_dedupe_key_answers_the_unfinished_job(stage: Stage) -> None:
    workflow = stage.workflow()
    first = await stage.job(workflow, dedupe_key="d")
    assert await stage.job(workflow, dedupe_key="d") == first
    await stage.admin.post(f"/jobs/{first}/cancel")
    assert await stage.job(workflow, dedupe_key="d") != first


async def test_filter_words_match_their_groups(stage: Stage) -> None:
    workflow = stage.workflow()
    robot, asker = stage.robot(max_concurrent_jobs=9)
    cancelled = await stage.job(workflow)
    await stage.admin.post(f"/jobs/{cancelled}/cancel")
    done, bad, late, claimed, running = [
        await stage.claimed(asker, workflow=workflow, max_attempts=1) for _ in range(5)
    ]
    await stage.job(workflow)
    await stage.job(workflow, run_at="2999-01-01T00:00:00Z")
    for job in (late, running):
        await asker.post(f"/jobs/{job['job_id']}/start", {"lease_token": job["lease_token"]})
    await asker.post(f"/jobs/{done['job_id']}/complete", {"lease_token": done["lease_token"]})
    failure = {"lease_token": bad["lease_token"], "error_message": "no"}
    await asker.post(f"/jobs/{bad['job_id']}/fail", failure)
    with stage.database.connect("supabase_admin") as owner:
        owner.execute(
            "update private.leases set timeout_at = now() - interval '1 s' where job_id = %s", [late["job_id"]]
        )
        owner.execute("select private.rescue_expired_leases()")

    assert await words(stage, status="pending") == await words(stage, status="queued") == ["pending", "pending"]
    assert await words(stage, status="claimed") == ["claimed", "running"]
    assert await words(stage, status="running") == ["running"]
    assert await words(stage, status="completed") == ["completed"]
    assert await words(stage, status="failed") == ["failed", "timeout"]
    assert await words(stage, status="timeout") == ["timeout"]
    assert await words(stage, status="cancelled") == ["cancelled"]
    assert len(await words(stage)) == 8
    assert len(await words(stage, robot_id=robot.external_id)) == 5
    assert len(await words(stage, robot_id=str(robot.robot_id).upper(), status="claimed")) == 2
    assert claimed["job_id"] in [
        job["job_id"] for job in (await stage.admin.get("/jobs", status="claimed")).json()["jobs"]
    ]


async def test_jobs_are_filtered_by_workflow_and_by_time(stage: Stage) -> None:
    one, other = stage.workflow(), stage.workflow()
    job_id = await stage.job(one)
    await stage.job(other)
    assert await words(stage, workflow_id=str(one.workflow_id)) == ["pending"]
    assert await words(stage, workflow_id=UNKNOWN_ID) == []
    assert await words(stage, robot_id="nobody") == []
    created = (await stage.admin.get(f"/jobs/{job_id}")).json()["created_at"]
    assert len(await words(stage, created_after=created)) == 2
    assert await words(stage, created_before=created) == []
    assert len(await words(stage, created_after="2001-01-01T00:00:00", created_before="2999-01-01T00:00:00")) == 2
    assert await words(stage, created_before="0001-01-01T00:00:00Z") == []
    assert await words(stage, created_after="9999-12-31T23:59:59Z") == []


async def test_a_list_has_every_key_and_pages_stay_while_jobs_arrive(stage: Stage) -> None:
    workflow = stage.workflow()
    made = [await stage.job(workflow) for _ in range(5)]
    first = (await stage.admin.get("/jobs", limit=2)).json()
    assert {"jobs", "total", "limit", "offset"} <= set(first)
    assert (first["total"], first["limit"], first["offset"]) == (5, 2, 0)
    assert set(first["jobs"][0]) >= SUMMARY
    before = first["jobs"][-1]["created_at"]
    await stage.job(workflow)
    rest = (await stage.admin.get("/jobs", created_before=before)).json()
    assert [job["job_id"] for job in first["jobs"] + rest["jobs"]] == list(reversed(made))
    past = (await stage.admin.get("/jobs", offset=99)).json()
    assert (past["jobs"], past["total"]) == ([], 6)


@pytest.mark.parametrize(
    "params",
    [
        {"status": "odd"},
        {"workflow_id": "x"},
        {"robot_id": "not a robot"},
        {"created_after": "yesterday"},
        {"limit": 0},
        {"limit": 501},
        {"offset": -1},
    ],
)
async def test_a_list_with_a_wrong_parameter_is_400(stage: Stage, params: dict[str, Any]) -> None:
    assert refused(await stage.admin.get("/jobs", **params), 400, "INVALID_ARGUMENT", *params)


async def test_a_waiting_job_is_cancelled_at_once(stage: Stage) -> None:
    job_id = await stage.job()
    answer = await stage.admin.post(f"/jobs/{job_id}/cancel")
    assert answer.status_code == 200
    assert answer.json() == {
        "job_id": job_id,
        "cancelled": True,
        "previous_status": "pending",
        "message": "Job cancelled successfully",
        "cancel_requested": False,
    }
    assert (await stage.admin.get(f"/jobs/{job_id}")).json()["status"] == "cancelled"


async def test_a_job_in_hand_is_cancelled_when_its_robot_stops(stage: Stage) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot)
    path = f"/jobs/{job['job_id']}"
    answer = (await stage.admin.post(f"{path}/cancel", {"reason": "Wrong file"})).json()
    assert (answer["cancelled"], answer["previous_status"], answer["cancel_requested"]) == (False, "claimed", True)
    assert (await stage.admin.get(path)).json()["cancel_requested"] is True
    told = await robot.put(f"{path}/progress", {"progress": 1})
    assert told.json()["cancel_requested"] is True
    ended = await robot.post(f"{path}/release", {"lease_token": job["lease_token"]})
    assert ended.json()["status"] == "cancelled"


async def test_a_cancellation_is_forced_when_the_robot_had_its_time(stage: Stage) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot)
    path = f"/jobs/{job['job_id']}"
    assert (await stage.admin.post(f"{path}/cancel")).json()["cancelled"] is False
    assert refused(await stage.admin.post(f"{path}/cancel", {"force": True}), 409, "CANCEL_NOT_FORCEABLE", "from 20")
    with stage.database.connect() as owner:
        owner.execute(
            "update private.leases set cancel_requested_at = cancel_requested_at - interval '60 s' where job_id = %s",
            [job["job_id"]],
        )
    forced = await stage.admin.post(f"{path}/cancel", {"force": True})
    assert (forced.status_code, forced.json()["cancelled"]) == (200, True)
    assert (await stage.admin.get(path)).json()["status"] == "cancelled"
    late = await robot.post(f"{path}/complete", {"lease_token": job["lease_token"]})
    assert refused(late, 409, "JOB_ALREADY_FINISHED")


async def test_a_finished_job_is_not_cancelled_and_the_answer_says_so(stage: Stage) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot)
    await robot.post(f"/jobs/{job['job_id']}/complete", {"lease_token": job["lease_token"]})
    answer = await stage.admin.post(f"/jobs/{job['job_id']}/cancel")
    assert answer.status_code == 200
    assert answer.json()["cancelled"] is False
    assert answer.json()["previous_status"] == "completed"
    assert answer.json()["message"] == "Job already completed, cannot cancel"


@pytest.mark.parametrize("body", [{"reason": "x" * 1025}, {"reason": 7}, {"why": "x"}, {"force": "yes"}, []])
async def test_a_cancellation_that_breaks_a_rule_is_400(stage: Stage, body: Any) -> None:
    job_id = await stage.job()
    assert refused(await stage.admin.post(f"/jobs/{job_id}/cancel", body), 400, "INVALID_ARGUMENT")
    assert (await stage.admin.get(f"/jobs/{job_id}")).json()["status"] == "pending"


async def test_a_cancelled_job_is_retried_as_a_new_one(stage: Stage) -> None:
    job_id = await stage.job(input={"n": 1}, priority=3)
    await stage.admin.post(f"/jobs/{job_id}/cancel")
    answers = [await stage.admin.post(f"/jobs/{job_id}/retry", headers={"Idempotency-Key": "again"}) for _ in range(2)]
    assert answers[0].status_code == 200
    answer = answers[0].json()
    assert answer == answers[1].json()
    assert set(answer) >= {"original_job_id", "new_job_id", "message"}
    assert (answer["original_job_id"], answer["message"]) == (job_id, "Job queued for retry")
    new = (await stage.admin.get(f"/jobs/{answer['new_job_id']}")).json()
    assert (new["status"], new["retry_of"], new["input"], new["priority"]) == ("pending", job_id, {"n": 1}, 3)


async def test_a_job_that_did_not_end_badly_is_not_retried(stage: Stage) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot)
    path = f"/jobs/{job['job_id']}"
    assert refused(await stage.admin.post(f"{path}/retry"), 400, "JOB_NOT_RETRYABLE")
    await robot.post(f"{path}/complete", {"lease_token": job["lease_token"]})
    assert refused(await stage.admin.post(f"{path}/retry"), 400, "JOB_NOT_RETRYABLE")


async def test_the_events_of_a_job_tell_its_life_and_can_be_resumed(stage: Stage) -> None:
    _, robot = stage.robot()
    await stage.job(stage.workflow(), run_at="2999-01-01T00:00:00Z")
    job = await stage.claimed(robot)
    await robot.post(f"/jobs/{job['job_id']}/start", {"lease_token": job["lease_token"]})
    await robot.post(f"/jobs/{job['job_id']}/complete", {"lease_token": job["lease_token"]})
    path = f"/jobs/{job['job_id']}/events"
    answer = (await stage.admin.get(path)).json()
    types = [event["event_type"] for event in answer["events"]]
    assert types == ["job.queued", "job.claimed", "job.started", "job.completed"]
    assert {event["job_id"] for event in answer["events"]} == {job["job_id"]}
    assert answer["next"] == answer["events"][-1]["seq"]
    second = (await stage.admin.get(path, after=answer["events"][0]["seq"], limit=1)).json()
    assert [event["event_type"] for event in second["events"]] == ["job.claimed"]
    assert (await stage.admin.get(path, after=answer["next"])).json() == {"events": [], "next": answer["next"]}


async def test_unknown_and_foreign_jobs_get_the_same_404_and_a_long_word_400(stage: Stage, elsewhere: Stage) -> None:
    foreign = await elsewhere.job()
    for method, path in (("GET", ""), ("GET", "/events"), ("GET", "/logs"), ("POST", "/cancel"), ("POST", "/retry")):
        answers = [await stage.admin.ask(method, f"/jobs/{item}{path}") for item in (UNKNOWN_ID, foreign)]
        assert all(refused(answer, 404, "JOB_NOT_FOUND") for answer in answers)
        assert answers[0].json()["detail"] == answers[1].json()["detail"]
        assert refused(await stage.admin.ask(method, f"/jobs/job-12345{path}"), 404, "JOB_NOT_FOUND")
        assert refused(await stage.admin.ask(method, f"/jobs/{'x' * 65}{path}"), 400, "INVALID_ARGUMENT", "job_id")
    assert (await elsewhere.admin.get(f"/jobs/{foreign}")).json()["status"] == "pending"
    assert (await stage.admin.get("/jobs")).json()["total"] == 0


async def test_each_role_may_do_what_it_may(stage: Stage) -> None:
    workflow = stage.workflow()
    waiting = await stage.job(workflow, run_at="2999-01-01T00:00:00Z")
    readers, doers = {"admin", "developer", "operator", "viewer"}, {"admin", "developer", "operator"}
    allowed = {"create": doers, "list": readers, "get": readers, "logs": readers, "events": readers} | {
        "cancel": doers,
        "retry": doers,
    }
    _, robot = stage.robot()
    askers = {role: stage.member(role) for role in sorted(readers)} | {"robot": robot}
    for role, asker in askers.items():
        doomed = await stage.job(workflow)
        answers = {
            "create": await asker.post("/jobs", {"workflow_id": str(workflow.workflow_id)}),
            "list": await asker.get("/jobs"),
            "get": await asker.get(f"/jobs/{waiting}"),
            "logs": await asker.get(f"/jobs/{waiting}/logs"),
            "events": await asker.get(f"/jobs/{waiting}/events"),
            "cancel": await asker.post(f"/jobs/{doomed}/cancel"),
            "retry": await asker.post(f"/jobs/{doomed}/retry"),
        }
        for what, answer in answers.items():
            if role in allowed[what]:
                assert answer.status_code in (200, 201), (role, what, answer.text)
            else:
                assert refused(answer, 403, "FORBIDDEN"), (role, what)


async def test_a_program_does_what_its_scopes_say(stage: Stage) -> None:
    workflow = stage.workflow()
    program = stage.service("jobs.create")
    answer = await program.post("/jobs", {"workflow_id": str(workflow.workflow_id)})
    assert answer.status_code == 201, answer.text
    assert refused(await program.get(f"/jobs/{answer.json()['job_id']}"), 403, "FORBIDDEN")
    assert refused(await program.get("/jobs"), 403, "FORBIDDEN")
    bearer = {"X-Api-Key": "", "Authorization": f"Bearer {program.headers['X-Api-Key']}"}
    answer = await program.ask("POST", "/jobs", json={"workflow_id": str(workflow.workflow_id)}, headers=bearer)
    assert answer.status_code == 201, "003 sends service keys as bearer"


async def test_a_robot_sees_the_job_that_it_holds_and_no_other(stage: Stage) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot)
    waiting = await stage.job()
    seen = await robot.get(f"/jobs/{job['job_id']}")
    assert seen.json()["status"] == "claimed"
    assert refused(await robot.get(f"/jobs/{waiting}"), 403, "FORBIDDEN")


@pytest.mark.parametrize("moment", [0, 1767225600, 1.5e12, "0", "1767225600", "1e3", "nan", True])
async def test_a_number_is_no_moment_whether_in_a_body_or_in_the_query(stage: Stage, moment: Any) -> None:
    workflow = stage.workflow()
    for path, body, field in (
        ("/jobs", {"workflow_id": str(workflow.workflow_id)}, "run_at"),
        ("/schedules/simulate", {"cron_expression": "@daily"}, "after"),
        ("/api-keys", {"name": "Import", "scopes": ["jobs.read"]}, "expires_at"),
    ):
        answer = await stage.admin.post(path, {**body, field: moment})
        assert refused(answer, 400, "INVALID_ARGUMENT", field, "must be a date and time in ISO 8601")
    answer = await stage.admin.get("/jobs", created_after=moment)
    assert refused(answer, 400, "INVALID_ARGUMENT", "created_after")
    answer = await stage.admin.get("/metrics/activity", since=moment)
    assert refused(answer, 400, "INVALID_ARGUMENT", "since")


async def test_a_workflow_is_found_by_its_name_however_that_is_spelt(stage: Stage) -> None:
    stage.workflow("Caf\u00e9")
    answer = await stage.admin.post("/jobs", {"workflow_name": "Cafe\u0301"})
    assert answer.status_code == 201, answer.text
