"""What CasareRPA's dashboard, designer and clients send and read beside the documents' fields."""

from typing import Any

from tests.faces.stage import Stage, refused
from tests.factories import make_robot

from casare_cloud.faces.orchestrator.casare import shapes


async def fetched(stage: Stage, path: str, **params: Any) -> Any:
    answer = await stage.admin.get(path, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_online_robots_are_those_that_are_not_offline(stage: Stage) -> None:
    robot, _ = stage.robot(capabilities=["browser"])
    away, _ = stage.robot()
    await stage.key(away.key).put(f"/robots/{away.external_id}/status", {"status": "offline"})
    page = await fetched(stage, "/robots", status="online")
    assert [item["robot_id"] for item in page["robots"]] == [robot.external_id]
    [metrics] = await fetched(stage, "/metrics/robots", status="online")
    assert set(metrics) >= set(shapes.ROBOT_ALIASES)
    assert (metrics["environment"], metrics["capabilities"]) == ("default", ["browser"])
    assert (metrics["current_jobs"], metrics["last_seen"]) == (0, metrics["last_heartbeat"])


async def test_a_job_has_the_dashboards_names_too(stage: Stage) -> None:
    robot, asker = stage.robot()
    job = await stage.claimed(asker, max_attempts=1)
    [item] = (await fetched(stage, "/jobs", status="assigned"))["jobs"]
    assert (item["assigned_robot_id"], item["error"], item["max_retries"]) == (robot.external_id, None, 0)
    await asker.post(f"/jobs/{job['job_id']}/fail", {"error_message": "boom", "stack_trace": "line 1"})
    assert (await fetched(stage, f"/jobs/{job['job_id']}"))["error"] == "boom"
    page = await fetched(stage, "/dlq")
    [entry] = page["entries"]
    assert set(entry) == set(shapes.DEAD_LETTER_ENTRY)
    assert (entry["entry_id"], entry["error_stack"], entry["input"]) == (job["job_id"], "line 1", {})
    assert (page["pending"], (await fetched(stage, "/dlq", resolved="true"))["pending"]) == (1, 1)
    assert (await fetched(stage, "/metrics/jobs"))[0]["robot_name"] == robot.external_id
    again = (await stage.admin.post(f"/jobs/{job['job_id']}/retry")).json()
    assert again["job_id"] == again["new_job_id"] != job["job_id"]


async def test_dead_letters_are_listed_by_the_dashboards_word_for_their_state(stage: Stage) -> None:
    _, asker = stage.robot()
    jobs = []
    for _ in range(2):
        jobs.append((await stage.claimed(asker, max_attempts=1))["job_id"])
        await asker.post(f"/jobs/{jobs[-1]}/fail", {"error_message": "boom"})
    assert (await stage.admin.post(f"/dlq/{jobs[0]}/retry")).status_code == 200
    found = {
        word: {entry["job_id"] for entry in (await fetched(stage, "/dlq", status=word))["entries"]}
        for word in ("pending", "resolved", "all")
    }
    assert found == {"pending": {jobs[1]}, "resolved": {jobs[0]}, "all": set(jobs)}
    assert (await fetched(stage, "/dlq", status="all"))["pending"] == 1
    assert refused(await stage.admin.get("/dlq", status="lost"), 400, "INVALID_ARGUMENT", "status")
    assert refused(await stage.admin.get("/dlq", status="all", resolved="true"), 400, "INVALID_ARGUMENT", "status")


async def test_the_fleet_of_a_time_range_says_how_jobs_ended(stage: Stage) -> None:
    _, asker = stage.robot()
    job = await stage.claimed(asker)
    await asker.post(f"/jobs/{job['job_id']}/complete", {"result": {}})
    await stage.job()
    fleet = await fetched(stage, "/metrics/fleet", time_range="24h")
    names = ("total_jobs", "completed_jobs", "running_jobs", "queued_jobs", "failed_jobs", "success_rate", "dlq_count")
    assert [fleet[name] for name in names] == [2, 1, 0, 1, 0, 100.0, 0]
    assert fleet["avg_execution_time"] is not None
    hour = await fetched(stage, "/metrics/fleet", time_range="1h")
    assert [hour[name] for name in names] == [fleet[name] for name in names]
    assert "total_jobs" not in await fetched(stage, "/metrics/fleet")
    assert refused(await stage.admin.get("/metrics/fleet", time_range="2h"), 400, "INVALID_ARGUMENT", "time_range")


async def test_the_fleet_of_a_tenant_in_which_nothing_ran_is_numbers(stage: Stage) -> None:
    fleet = await fetched(stage, "/metrics/fleet", time_range="30d")
    assert [fleet[name] for name in shapes.FleetAliases.model_fields] == [0] * 8


async def test_schedules_come_as_an_object_when_that_is_asked_for_and_run_by_both_paths(stage: Stage) -> None:
    body = {
        "tenant_id": "default",
        "workspace_id": "main",
        "name": "Nightly",
        "workflow_id": str(stage.workflow().workflow_id),
        "cron_expression": "0 3 * * *",
        "timezone": "UTC",
    }
    made = (await stage.admin.post("/schedules", body)).json()
    assert (made["name"], made["next_run_at"], made["last_run_at"]) == (made["schedule_name"], made["next_run"], None)
    page = await fetched(stage, "/schedules", format="object", limit=1)
    assert (page["total"], [item["name"] for item in page["schedules"]]) == (1, ["Nightly"])
    assert isinstance(await fetched(stage, "/schedules"), list), "the documents' form"
    asks = {"Sec-Fetch-Dest": "empty", "Content-Type": "application/json"}  # as a page's script does with fetch()
    page = (await stage.admin.ask("GET", "/schedules", headers=asks)).json()
    assert (page["total"], len(page["schedules"])) == (1, 1)
    for header in asks:
        answer = await stage.admin.ask("GET", "/schedules", headers={header: asks[header]})
        assert isinstance(answer.json(), list), header
    answer = await stage.admin.ask("GET", "/schedules", headers=asks, params={"format": "list"})
    assert isinstance(answer.json(), list), "what is said goes before it"
    for path in ("run", "run-now"):
        ran = await stage.admin.post(f"/schedules/{made['schedule_id']}/{path}")
        assert (ran.status_code, ran.json()["triggered_via"]) == (200, "direct")
    assert len((await fetched(stage, "/jobs"))["jobs"]) == 2


async def test_robot_keys_are_made_listed_and_ended_in_the_dashboards_words(stage: Stage) -> None:
    body = {"tenant_id": "default", "name": "Line 3", "description": "spare", "expires_in_days": 30}
    made = (await stage.admin.post("/robot-api-keys", body)).json()
    assert made["api_key"] == made["key"]
    assert made["expires_at"] is not None
    listed = await fetched(stage, "/robot-api-keys", status="active")
    assert listed["api_keys"] == listed["keys"]
    assert {made["id"]} == {key["key_id"] for key in listed["keys"] if key["key_name"] == "Line 3"}
    robot, _ = stage.robot()
    for name in (robot.external_id, str(robot.robot_id)):
        found = await fetched(stage, "/robot-api-keys", robot_id=name, limit=200)
        assert ([key["robot_id"] for key in found["keys"]], found["total"]) == ([robot.external_id], 1)
    reserved = (await stage.admin.post("/robot-api-keys", {"name": "Spare", "robot_id": "not-there-yet"})).json()
    found = await fetched(stage, "/robot-api-keys", robot_id="not-there-yet")
    assert [key["id"] for key in found["keys"]] == [reserved["id"]]
    for key_id, reason in ((reserved["id"], "sold"), (robot.key.api_key_id, None)):
        ended = await stage.admin.post(f"/robot-api-keys/{key_id}/revoke", {"reason": reason})
        assert (ended.status_code, ended.json()["revoked"]) == (200, True)
    turned = (await stage.admin.post(f"/robot-api-keys/{made['id']}/rotate")).json()
    assert turned["api_key"] == turned["key"]
    ended = await stage.admin.delete(f"/robot-api-keys/{turned['id']}")
    assert (ended.status_code, ended.json()["revoked"]) == (200, True)
    assert not (await fetched(stage, "/robot-api-keys", status="active"))["keys"]
    both = body | {"expires_at": "2099-01-01T00:00:00Z"}
    assert refused(await stage.admin.post("/robot-api-keys", both), 400, "INVALID_ARGUMENT", "expires_in_days")


async def test_the_designers_metadata_names_the_robot_and_the_input(stage: Stage) -> None:
    robot = make_robot(stage.database, stage.tenant)
    graph = {"nodes": [{"id": "start", "type": "StartNode"}]}
    meta = {"robot_id": robot.external_id, "variables": {"n": 1}}
    body = {"workflow_name": "From the designer", "workflow_json": graph, "metadata": meta}
    submitted = (await stage.admin.post("/workflows", body)).json()
    job = await fetched(stage, f"/jobs/{submitted['job_id']}")
    assert (job["target_robot_id"], job["input"]) == (robot.external_id, {"n": 1})
    submitted = (await stage.admin.post("/workflows", body | {"input": {"n": 2}})).json()
    assert (await fetched(stage, f"/jobs/{submitted['job_id']}"))["input"] == {"n": 2}, "what is said goes before it"


async def test_the_designers_schedule_keeps_to_the_robot_that_it_names(stage: Stage) -> None:
    robot = make_robot(stage.database, stage.tenant)
    cron = {"frequency": "daily", "time_hour": 6, "time_minute": 30}
    graph = {
        "nodes": {"t": {"node_id": "t", "node_type": "ScheduleTriggerNode", "config": cron}},
        "connections": [],
    }
    meta = {"robot_id": robot.external_id, "variables": {"n": 1}}
    body = {"workflow_name": "Mornings", "workflow_json": graph, "metadata": meta, "execution_mode": "lan"}
    body |= {"trigger_type": "scheduled", "schedule_cron": "30 6 * * *", "priority": 10}
    submitted = (await stage.admin.post("/workflows", body)).json()
    assert submitted["job_id"] is None
    schedule = await fetched(stage, f"/schedules/{submitted['schedule_id']}")
    assert (schedule["robot_id"], schedule["input"]) == (str(robot.robot_id), {"n": 1})
    unknown = await stage.admin.post("/workflows", body | {"metadata": {"robot_id": "nobody"}})
    assert refused(unknown, 404, "ROBOT_NOT_FOUND")


async def test_a_robot_is_started_stopped_and_read_by_its_controller(stage: Stage) -> None:
    robot, _ = stage.robot()
    path = f"/robots/{robot.external_id}"
    assert (await fetched(stage, f"{path}/logs", limit=10))["logs"] == []
    assert (await fetched(stage, f"{path}/metrics"))["jobs_completed_today"] == 0
    for verb, body, command in ("start", None, "resume"), ("stop", {"force": True}, "shutdown"):
        told = await stage.admin.post(f"{path}/{verb}", body)
        assert (told.status_code, told.json()["last_command"]["command"]) == (200, command)
    assert (await stage.admin.post(f"{path}/restart")).json()["last_command"]["command"] == "shutdown"
    assert refused(await stage.member("viewer").post(f"{path}/restart"), 403, "FORBIDDEN")


async def test_a_submission_is_told_what_no_robot_would_run_by_node_and_port(stage: Stage) -> None:
    graph = {
        "nodes": [
            {"id": "start", "type": "StartNode"},
            {"id": "mark", "type": "SetVariableNode", "config": {"variable_name": "a", "vaule": 1}},
            {"id": "far", "type": "TelepathyNode"},
        ],
        "connections": [{"source": "start.exec_oot", "target": "mark.exec_in"}],
    }
    body = {"workflow_name": "Broken", "workflow_json": graph}
    assert refused(await stage.admin.post("/workflows", body), 400, "WORKFLOW_INVALID", "vaule", "exec_oot")
    answer = await stage.admin.post("/workflows?strict=false", body)
    assert answer.status_code == 200, answer.text
    warnings = answer.json()["warnings"]
    for words in ("no robot will run this", "vaule", "mark"), ("exec_oot", "start"), ("TelepathyNode", "far"):
        assert any(all(word in warning for word in words) for warning in warnings), (words, warnings)


async def test_a_submission_without_a_fault_is_told_nothing(stage: Stage) -> None:
    graph = {"nodes": [{"id": "say", "type": "LogNode", "config": {"message": "hello"}}], "connections": []}
    stage.robot()
    answer = await stage.admin.post("/workflows", {"workflow_name": "Right", "workflow_json": graph})
    assert answer.json()["warnings"] == []


async def test_a_templates_envelope_is_refused(stage: Stage) -> None:
    body = {"workflow_name": "Envelope", "workflow_json": {"template": {"nodes": []}}}
    assert refused(await stage.admin.post("/workflows", body), 400, None, "nodes")
