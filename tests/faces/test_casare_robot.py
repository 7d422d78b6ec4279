"""The calls of CasareRPA's own robot, in its order and its words; it never sends a lease token."""

import json
from typing import Any

from tests.faces.stage import Asker, Stage, refused
from tests.faces.test_job_leases import lose
from tests.factories import make_key

CLAIM = {"environment": "default", "limit": 1, "visibility_timeout_seconds": 30}
REGISTER = {
    "robot_id": "robot-7",
    "name": "Robot 7",
    "hostname": "office-pc",
    "capabilities": ["browser", "on_premise"],
    "environment": "default",
    "max_concurrent_jobs": 1,
    "tags": [],
}
KEYS = {
    "job_id", "workflow_id", "workflow_name", "workflow_json", "priority", "environment", "variables", "created_at",
    "claimed_at", "retry_count", "max_retries",
}  # fmt: skip


async def claim(asker: Asker, **body: Any) -> Any:
    answer = await asker.post("/jobs/claim", CLAIM | body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_robot_looks_for_itself_before_it_registers_and_then_takes_a_job_to_its_end(stage: Stage) -> None:
    asker = stage.key(make_key(stage.database, stage.tenant, "robot"))
    assert refused(await asker.get("/metrics/robots/robot-7"), 404, "ROBOT_NOT_FOUND")
    assert (await asker.get("/metrics/robots")).json() == []
    assert (await asker.post("/robots/register", REGISTER)).status_code == 200
    assert (await asker.get("/metrics/robots/robot-7")).json()["jobs_completed_today"] == 0
    [own] = (await asker.get("/metrics/robots")).json()
    assert own["robot_id"] == "robot-7"
    load = {"cpu_percent": 3.5, "memory_percent": 40.1, "current_job_count": 0, "max_concurrent_jobs": 1}
    assert (await asker.post("/robots/robot-7/heartbeat", load)).status_code == 200
    assert await claim(asker) is None

    workflow = stage.workflow()
    job_id = await stage.job(workflow, input={"n": 1}, max_attempts=3)
    job = await claim(asker)
    assert set(job) >= KEYS
    assert json.loads(job["workflow_json"]) == workflow.definition
    assert (job["job_id"], job["variables"], job["retry_count"], job["max_retries"]) == (job_id, {"n": 1}, 0, 2)
    assert job["created_at"] <= job["claimed_at"]
    assert (await stage.admin.get(f"/jobs/{job_id}")).json()["status"] == "running", "from its claim"
    assert (await asker.put("/robots/robot-7/status", {"status": "busy"})).status_code == 200
    kept = await asker.post(f"/jobs/{job_id}/extend-lease", {"extension_seconds": 90})
    assert (kept.status_code, kept.json()["renewed"]) == (200, True)
    sent = {"result": {"executed_nodes": 2, "duration_ms": 4, "recovered": False}}
    assert (await asker.post(f"/jobs/{job_id}/complete", sent)).json()["status"] == "completed"
    assert (await stage.admin.get(f"/jobs/{job_id}")).json()["result"] == sent["result"]


async def test_a_robot_fails_and_releases_without_a_token_or_a_body(stage: Stage) -> None:
    _, asker = stage.robot()
    job_id = await stage.job(retry_policy={"policy": "none"})
    assert (await claim(asker))["job_id"] == job_id
    assert (await asker.post(f"/jobs/{job_id}/release")).json()["status"] == "pending"
    assert (await claim(asker))["job_id"] == job_id
    assert (await asker.post(f"/jobs/{job_id}/fail", {"error_message": "boom"})).json()["status"] == "failed"


async def test_the_report_of_an_attempt_whose_lease_is_lost_is_refused(stage: Stage) -> None:
    _, asker = stage.robot()
    job_id = await stage.job()
    await claim(asker)
    lose(stage, job_id)
    for verb, body in ("extend-lease", {"extension_seconds": 30}), ("complete", {"result": {}}), ("release", None):
        assert refused(await asker.post(f"/jobs/{job_id}/{verb}", body), 409, "LEASE_LOST"), verb


async def test_the_robots_own_pause_keeps_it_from_jobs_until_it_is_idle_again(stage: Stage) -> None:
    robot, asker = stage.robot()
    await stage.job()
    path = f"/robots/{robot.external_id}/status"
    paused = (await asker.put(path, {"status": "paused"})).json()
    assert paused["status"] == "maintenance"
    assert await claim(asker) is None
    assert (await asker.put(path, {"status": "idle"})).json()["status"] == "idle"
    assert await claim(asker) is not None
    assert (await stage.admin.put(path, {"status": "paused"})).json()["mode"] == "paused", (
        "a person's pause is its mode"
    )


async def test_a_robot_that_is_known_with_another_environment_works_where_it_says(stage: Stage) -> None:
    robot, asker = stage.robot()
    changed = await stage.admin.put(f"/robots/{robot.external_id}", {"environment": "production"})
    assert changed.status_code == 200, "as an import or a person says; the robot does not register again"
    assert refused(await asker.post("/jobs/claim", {"environment": "default"}), 400, "INVALID_ARGUMENT", "production")
    seen = (await stage.admin.get("/events", after=0, limit=1000)).json()["events"]
    elsewhere = await stage.job(environment="production")
    here = await stage.job(environment="default")
    assert (await claim(asker))["job_id"] == here
    assert (await stage.admin.get(f"/robots/{robot.external_id}")).json()["environment"] == "default"
    assert (await stage.admin.get(f"/jobs/{elsewhere}")).json()["status"] == "pending"
    told = (await stage.admin.get("/events", after=seen[-1]["seq"], limit=1000)).json()["events"]
    assert [event["event_type"] for event in told].count("robot.updated") == 1
    await asker.post(f"/jobs/{here}/complete", {"result": {}})
    assert await claim(asker) is None
    assert refused(await asker.post("/jobs/claim", CLAIM | {"environment": ""}), 400, "INVALID_ARGUMENT")


async def test_a_robots_key_sees_no_other_robot(stage: Stage) -> None:
    _, asker = stage.robot()
    other, _ = stage.robot()
    assert refused(await asker.get(f"/metrics/robots/{other.external_id}"), 404, "ROBOT_NOT_FOUND")
