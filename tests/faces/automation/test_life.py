"""A whole life through this face alone, and lives that two faces share."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.faces.automation.platform import settings, signer  # noqa: F401 — people register and log in
from tests.faces.automation.rows.auth import register
from tests.faces.automation.rows.runs import DEFINITION, agent, answered, executed, published
from tests.faces.stage import Asker, Stage, refused
from tests.robot.workflows import Recorder

from casare_cloud.config import Settings
from casare_cloud.faces.orchestrator.app import create_app
from casare_cloud.robot.executor import run_workflow
from casare_cloud.robot.executor.control import RunControl
from casare_cloud.robot.executor.errors import WorkflowError
from casare_cloud.robot.executor.sandbox import Sandbox


async def test_a_whole_life_through_this_face(stage: Stage) -> None:
    _, registered = await register(stage)
    token = answered(registered, 201)["access_token"]
    person = Asker(stage.client, {"Authorization": f"Bearer {token}"})
    workflow = answered(await person.post("/workflows/", {"name": "Report", "definition": DEFINITION}), 201)
    assert (workflow["status"], workflow["version"], workflow["description"]) == ("draft", 1, "")
    workflow_id = workflow["id"]
    assert answered(await person.post(f"/workflows/{workflow_id}/publish"), 200)["status"] == "published"
    made = answered(await person.post("/agents", {"name": "Office 7", "capabilities": {"browser": True}}), 201)
    agent_id, own = made["agent"]["id"], Asker(stage.client, {"Authorization": f"Bearer {made['token']}"})
    assert made["token"].startswith("rpa-agent-")
    assert made["agent"]["status"] == "inactive"

    run = answered(await person.post(f"/workflows/{workflow_id}/execute", {"variables": {"city": "Ankara"}}), 202)
    assert run["status"] == "pending"
    answered(await own.post(f"/agents/{agent_id}/heartbeat", {}), 200)
    assert answered(await person.get(f"/agents/{agent_id}"), 200)["status"] == "active"
    task = answered(await own.post("/agent-tasks/claim", {"agent_id": agent_id}), 200)["task"]
    assert (task["execution_id"], task["parameters"], task["definition"]) == (run["id"], {"city": "Ankara"}, DEFINITION)
    path = f"/executions/{run['id']}"
    assert answered(await person.get(path), 200)["status"] == "running"
    line = {"level": "WARNING", "message": "slow", "step_id": "a", "context": {"page": 3}}
    logs = {"entries": [{"message": "began", "level": "info"}, line], "sequence": 1}
    for _ in range(2):  # the batch that comes again is stored once
        assert answered(await own.post(f"/agent-tasks/{run['id']}/logs", logs), 200) == {"accepted": 2}
    heard = answered(await own.post(f"/agents/{agent_id}/heartbeat", {}), 200)
    assert (heard["held_tasks"], heard["task_ids"], heard["cancel_requested"]) == (1, [run["id"]], [])
    steps = [
        {"node_id": "a", "name": "A", "node_type": "log", "status": "completed", "duration_ms": 4, "output": {"n": 1}}
    ]
    result = {"status": "completed", "output": {"node_executions": steps, "variables": {"city": "Ankara"}}}
    assert answered(await own.post(f"/agent-tasks/{run['id']}/result", result), 200)["status"] == "completed"
    assert answered(await own.post(f"/agent-tasks/{run['id']}/result", result), 200)["status"] == "completed"
    detail = answered(await person.get(path), 200)
    assert (detail["status"], detail["agent_id"], detail["retry_count"]) == ("completed", agent_id, 0)
    assert detail["steps"][0] | {"id": "a"} == detail["step_results"][0]
    assert (detail["steps"][0]["type"], detail["steps"][0]["output"]) == ("log", {"n": 1})
    data = answered(await person.get(f"{path}/data"), 200)
    assert (data["steps"]["a"]["output"], data["variables"]) == ({"n": 1}, {"city": "Ankara"})
    shown = (await person.get(f"{path}/logs")).json()
    assert [(each["level"], each["message"], each["context"]) for each in shown] == [
        ("INFO", "began", {}), ("WARNING", "slow", {"step_id": "a", "page": 3}),
    ]  # fmt: skip
    assert refused(await person.post(f"{path}/retry"), 400, "JOB_NOT_RETRYABLE")
    assert refused(await person.post(f"{path}/cancel"), 400, "JOB_ALREADY_FINISHED", "completed")

    second = answered(await person.post(f"/workflows/{workflow_id}/execute"), 202)["id"]
    answered(await own.post("/agent-tasks/claim", {"agent_id": agent_id}), 200)
    failed = {"status": "failed", "error_message": "the page was not there", "output": {"node_executions": steps}}
    assert answered(await own.post(f"/agent-tasks/{second}/result", failed), 200)["status"] == "failed"
    detail = answered(await person.get(f"/executions/{second}"), 200)
    assert (detail["error_message"], detail["steps"][0]["output"]) == ("the page was not there", {"n": 1})
    retried = answered(await person.post(f"/executions/{second}/retry"), 202)
    assert (retried["trigger_type"], retried["status"]) == ("retry", "pending")
    task = answered(await own.post("/agent-tasks/claim", {"agent_id": agent_id}), 200)["task"]
    assert task["execution_id"] == retried["id"]
    back = answered(await own.post(f"/agent-tasks/{retried['id']}/release"), 200)
    assert back == {"execution_id": retried["id"], "status": "pending"}
    assert refused(await own.post(f"/agent-tasks/{retried['id']}/release"), 404, "JOB_NOT_FOUND")

    overview = answered(await person.get("/analytics/overview", days=1), 200)
    assert (overview["total_executions"], overview["success_rate"]) == (2, 50.0)
    [figures] = answered(await person.get("/analytics/workflows/performance", days=1), 200)["workflows"]
    assert (figures["workflow_id"], figures["success_count"], figures["failure_count"]) == (workflow_id, 1, 1)
    stats = answered(await person.get("/dashboard/stats"), 200)
    assert (stats["total_executions"], stats["pending_executions"], stats["agents_online"]) == (3, 1, 1)
    exported = answered(await person.get("/export/executions", format="json"), 200)
    assert [(row["id"], row["status"]) for row in exported["executions"]] == [
        (retried["id"], "pending"), (second, "failed"), (run["id"], "completed"),
    ]  # fmt: skip
    table = (await person.get("/export/executions", status="failed")).text.splitlines()
    assert [line.split(",")[0] for line in table] == ["ID", second]
    history = answered(await person.get(f"/workflows/{workflow_id}/history"), 200)
    assert [row["action"] for row in history["history"]] == ["execute", "execute", "publish", "create"]
    email = (await person.get("/auth/me")).json()["email"]
    assert {row["user_email"] for row in history["history"]} == {email}
    audited = answered(await person.get("/audit-logs", resource_type="workflow", resource_id=workflow_id), 200)
    assert {row["action"] for row in audited["audit_logs"]} >= {"create", "update"}
    assert {row["user_email"] for row in audited["audit_logs"]} == {email}
    agents = answered(await person.get("/audit-logs", resource_type="agent", action="create"), 200)
    assert [row["resource_id"] for row in agents["audit_logs"]] == [agent_id]
    written = {row["id"] for row in answered(await person.get("/export/audit-logs", format="json"), 200)["audit_logs"]}
    assert {row["id"] for row in audited["audit_logs"] + agents["audit_logs"]} <= written
    happened = answered(await person.get("/activity"), 200)["activities"]
    assert {"execution.completed", "execution.failed", "workflow.published", "agent.registered"} <= {
        act["action"] for act in happened
    }


@pytest.fixture
async def orchestrator(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:  # noqa: F811
    app = create_app(settings)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o") as client:
        yield client
    await app.close()


async def test_what_one_face_begins_the_other_sees_cancels_and_ends(
    stage: Stage, orchestrator: httpx2.AsyncClient
) -> None:
    other = Asker(orchestrator, stage.admin.headers)
    workflow_id = await published(stage)
    execution_id = await executed(stage, workflow_id)
    job = answered(await other.get(f"/jobs/{execution_id}"), 200)
    assert (job["status"], job["trigger_type"], job["timeout_seconds"]) == ("pending", "manual", 86400)
    robot, _ = stage.robot()
    asking = Asker(orchestrator, {"X-Api-Key": robot.key.text})
    [held] = answered(await asking.post("/jobs/claim", {}), 200)["jobs"]
    assert held["job_id"] == execution_id
    assert answered(await stage.admin.get(f"/executions/{execution_id}"), 200)["status"] == "running"
    assert "asked to stop" in answered(await stage.admin.post(f"/executions/{execution_id}/cancel"), 200)["message"]
    answered(await asking.post(f"/jobs/{execution_id}/release", {"lease_token": held["lease_token"]}), 200)
    assert answered(await stage.admin.get("/executions", status="cancelled"), 200)["total"] == 1

    job_id = answered(await other.post("/jobs", {"workflow_id": workflow_id}), 201)["job_id"]
    agent_id, own = await agent(stage)
    task = answered(await own.post("/agent-tasks/claim", {"agent_id": agent_id}), 200)["task"]
    assert task["execution_id"] == job_id
    assert answered(await other.get(f"/jobs/{job_id}"), 200)["status"] == "running"
    answered(await own.post(f"/agent-tasks/{job_id}/result", {"status": "completed", "output": {"rows": 3}}), 200)
    assert answered(await other.get(f"/jobs/{job_id}"), 200)["result"] == {"rows": 3}
    assert answered(await stage.admin.get("/executions", status="success"), 200)["total"] == 1


async def test_a_draft_runs_by_hand_and_an_archived_or_disabled_workflow_does_not(stage: Stage) -> None:
    workflow_id = answered(await stage.admin.post("/workflows", {"name": "x", "definition": DEFINITION}), 201)["id"]
    await executed(stage, workflow_id)
    answered(await stage.admin.put(f"/workflows/{workflow_id}", {"is_enabled": False}), 200)
    answer = await stage.admin.post(f"/workflows/{workflow_id}/execute")
    assert refused(answer, 404, "WORKFLOW_NOT_FOUND", "Workflow not found or disabled")
    answered(await stage.admin.post(f"/workflows/{workflow_id}/archive"), 200)
    assert refused(await stage.admin.post(f"/workflows/{workflow_id}/execute"), 404)


async def test_schedules_and_webhooks_do_not_run_a_draft(stage: Stage) -> None:
    workflow_id = answered(await stage.admin.post("/workflows", {"name": "x", "definition": DEFINITION}), 201)["id"]
    body: dict[str, Any] = {
        "workflow_id": workflow_id,
        "name": "w",
        "trigger_type": "webhook",
        "config": {"auth": "none"},
    }
    hook = answered(await stage.admin.post("/triggers", body), 201)
    stranger = Asker(stage.client, {})
    path = f"/triggers/webhooks{hook['config']['path']}"
    assert (await stranger.post(path, {})).status_code == 409
    answered(await stage.admin.post(f"/workflows/{workflow_id}/publish"), 200)
    first = answered(await stranger.post(path, {"order": 1}), 200)
    assert first["accepted"] is True
    run = answered(await stage.admin.get(f"/executions/{first['execution_id']}"), 200)
    assert run["trigger_type"] == "webhook"


async def test_a_definition_that_differs_is_a_new_version_and_an_old_version_is_refused(stage: Stage) -> None:
    workflow_id = answered(await stage.admin.post("/workflows", {"name": "x", "definition": DEFINITION}), 201)["id"]
    path = f"/workflows/{workflow_id}"
    assert answered(await stage.admin.put(path, {"name": "y", "definition": DEFINITION}), 200)["version"] == 1
    other = {**DEFINITION, "steps": [], "entry_point": "a", "note": {"kept": True}}
    changed = answered(await stage.admin.put(path, {"definition": other, "description": None, "version": 1}), 200)
    assert (changed["version"], changed["name"], changed["definition"]) == (2, "y", other)
    assert refused(await stage.admin.put(path, {"name": "z", "version": 1}), 409, "WORKFLOW_CHANGED", "version 2")
    assert refused(await stage.admin.put(path, {"name": None}), 400, "NOTHING_TO_CHANGE")
    copy = answered(await stage.admin.post(f"{path}/clone"), 201)
    assert (copy["name"], copy["version"], copy["status"]) == ("y (Copy)", 1, "draft")
    [row] = answered(await stage.admin.get(f"/workflows/{copy['id']}/history"), 200)["history"]
    assert row["action"] == "clone"


async def run_here(stage: Stage, orchestrator: httpx2.AsyncClient, folder: Path, definition: Any, **input: Any) -> str:
    """The id of an execution that our own robot has run: what it reports comes from its executor."""
    workflow_id = await published(stage, definition=definition)
    execution_id = await executed(stage, workflow_id, **input)
    asking = Asker(orchestrator, {"X-Api-Key": stage.robot()[0].key.text})
    [job] = answered(await asking.post("/jobs/claim", {}), 200)["jobs"]
    assert job["job_id"] == execution_id
    report: dict[str, Any] = {"lease_token": job["lease_token"]}
    path = f"/jobs/{execution_id}"
    try:
        result = run_workflow(
            job["workflow_json"], job["input"], control=RunControl(60), sandbox=Sandbox(folder), reporter=Recorder()
        )
    except WorkflowError as error:
        failure = {"error_message": str(error), "retryable": False, "node_executions": error.node_executions}
        answered(await asking.post(f"{path}/fail", report | failure), 200)
    else:
        answered(await asking.post(f"{path}/complete", report | {"result": result}), 200)
    return execution_id


async def test_what_the_steps_of_our_robot_did_is_stored_and_shown_without_secrets(
    stage: Stage, orchestrator: httpx2.AsyncClient, tmp_path: Path
) -> None:
    definition = {
        "variables": [{"name": "key", "type": "secret"}, {"name": "rows", "type": "list"}],
        "steps": [
            {"id": "l", "name": "Each", "type": "loop", "config": {
                "items": "{{rows}}", "step": {"type": "data_transform", "config": {"expression": "item * 2"}},
            }},
            {"id": "big", "type": "condition", "config": {"expression": "len(rows) > 5"}, "depends_on": ["l"]},
            {"id": "yes", "type": "log", "config": {"message": "big"}, "depends_on": ["big"]},
            {"id": "t", "type": "data_transform", "config": {"mapping": {"key": "{{key}}"}}, "depends_on": ["l"]},
        ],
    }  # fmt: skip
    run = await run_here(stage, orchestrator, tmp_path, definition, key="hunter2-long", rows=[1, 2])
    detail = answered(await stage.admin.get(f"/executions/{run}"), 200)
    steps = {step["step_id"]: step for step in detail["steps"]}
    assert {name: step["status"] for name, step in steps.items()} == {
        "l": "completed", "l/step": "completed", "big": "completed", "yes": "skipped", "t": "completed",
    }  # fmt: skip
    assert (steps["l"]["name"], steps["l"]["output"]["count"]) == ("Each", 2)
    assert steps["l"]["started_at"] <= steps["l"]["completed_at"]
    assert steps["t"]["output"]["result"] == {"key": "********"}
    data = answered(await stage.admin.get(f"/executions/{run}/data"), 200)
    assert (data["variables"]["rows"], data["steps"]["big"]["output"]["result"]) == ([1, 2], False)
    assert "hunter2-long" not in f"{detail}{data}"

    broken = {"steps": [
        {"id": "a", "type": "data_transform", "config": {"expression": "1 + 1"}},
        {"id": "b", "type": "file_read", "config": {"path": "none"}, "depends_on": ["a"]},
    ]}  # fmt: skip
    run = await run_here(stage, orchestrator, tmp_path, broken)
    detail = answered(await stage.admin.get(f"/executions/{run}"), 200)
    first, second = detail["steps"]
    assert (detail["status"], first["status"], first["output"]["result"]) == ("failed", "completed", 2)
    assert (second["status"], "none" in second["error"], second["error"]) == ("failed", True, detail["error_message"])
