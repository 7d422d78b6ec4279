"""Agents hold what they claim while they are heard of, and are fenced all the same; what each may do, and what not."""

from datetime import timedelta
from typing import Any

import pytest
from tests.faces.automation.rows.runs import DEFINITION, agent, answered, claimed, draft, executed
from tests.faces.stage import UNKNOWN_ID, Stage, refused


def lease_of(stage: Stage, execution_id: str) -> Any:
    return stage.scalar("select lease_expires_at - private.clock() from private.leases where job_id = %s", execution_id)


async def take(stage: Stage, agent_id: str, own: Any, **body: Any) -> dict[str, Any] | None:
    answer = answered(await own.post("/agent-tasks/claim", {"agent_id": agent_id, **body}), 200)
    assert (answer["task"] is None) == (answer["message"] is not None)
    task: dict[str, Any] | None = answer["task"]
    return task


async def test_a_heartbeat_and_a_claim_renew_what_an_agent_holds_for_five_minutes(stage: Stage) -> None:
    execution_id, agent_id, own = await claimed(stage)
    assert lease_of(stage, execution_id) == pytest.approx(timedelta(seconds=300), abs=timedelta(seconds=60))
    for renew in (f"/agents/{agent_id}/heartbeat", "/agent-tasks/claim"):
        stage.scalar("update private.leases set lease_expires_at = now() + interval '60 seconds' returning 1")
        body = {"agent_id": agent_id} if "claim" in renew else {}
        answered(await own.post(renew, body), 200)
        assert lease_of(stage, execution_id) > timedelta(seconds=200)


async def test_what_an_agent_measures_is_kept_over_time_wrapped_or_not(stage: Stage) -> None:
    _, agent_id, own = await claimed(stage)
    for said in ({"metrics": {"cpu_percent": 10}}, {"cpu_percent": 30}):
        answered(await own.post(f"/agents/{agent_id}/heartbeat", said), 200)
    measured = "select private.average_measured(measured, 1) from public.robot_heartbeats where tenant_id = %s"
    assert stage.scalar(measured, stage.tenant.tenant_id) in (20, 30), "30: the next five minutes began between the two"


async def test_a_heartbeat_tells_what_to_stop_and_the_result_of_it_is_cancelled(stage: Stage) -> None:
    execution_id, agent_id, own = await claimed(stage)
    answered(await stage.admin.post(f"/executions/{execution_id}/cancel"), 200)
    heard = answered(await own.post(f"/agents/{agent_id}/heartbeat"), 200)
    assert (heard["held_tasks"], heard["cancel_requested"]) == (1, [execution_id])
    report = {"status": "failed", "error_message": "stopped"}
    assert answered(await own.post(f"/agent-tasks/{execution_id}/result", report), 200)["status"] == "cancelled"


async def test_an_agent_that_was_silent_loses_its_task_and_its_result_changes_nothing(stage: Stage) -> None:
    execution_id, _, own = await claimed(stage)
    other_id, other = await agent(stage)
    stage.scalar("update private.leases set lease_expires_at = now() - interval '1 second' returning 1")
    stage.scalar("select private.rescue_expired_leases()")
    task = await take(stage, other_id, other)
    assert task is not None
    assert (task["execution_id"], task["attempt"]) == (execution_id, 2)
    report = {"status": "completed", "output": {"rows": "late"}}
    assert refused(await own.post(f"/agent-tasks/{execution_id}/result", report), 404, "JOB_NOT_FOUND")
    answered(
        await other.post(f"/agent-tasks/{execution_id}/result", {"status": "completed", "output": {"rows": 1}}), 200
    )
    assert stage.scalar("select result from public.jobs where job_id = %s", execution_id) == {"rows": 1}
    assert stage.scalar("select payload from public.late_results where job_id = %s", execution_id) is not None


async def test_a_definition_says_what_its_agents_must_be_able_to_do(stage: Stage) -> None:
    needs = {**DEFINITION, "required_capabilities": {"browser": True, "excel": False}}
    execution_id = await executed(stage, await draft(stage, definition=needs))
    plain_id, plain = await agent(stage)
    able_id, able = await agent(stage, capabilities={"browser": True})
    assert await take(stage, plain_id, plain) is None
    assert await take(stage, able_id, able, capabilities={"browser": False}) is None
    assert await take(stage, able_id, able, capabilities=["excel"]) is None
    task = await take(stage, able_id, able, capabilities={"browser": True, "more": True})
    assert task is not None
    assert task["execution_id"] == execution_id


async def test_too_many_capabilities_are_refused_when_they_are_written_and_when_a_job_adds_its_own(
    stage: Stage,
) -> None:
    words = [f"{number:02}-{'x' * 60}" for number in range(30)]
    body = {"name": "x", "definition": {**DEFINITION, "required_capabilities": words}}
    assert refused(await stage.admin.post("/workflows", body), 422, "INVALID_ARGUMENT", "required_capabilities")
    workflow_id = await draft(stage, definition={**DEFINITION, "required_capabilities": words[:20]})
    await executed(stage, workflow_id)
    answer = stage.scalar(
        "select status from public.jobs where workflow_id = %s and cardinality(required_capabilities) = 20", workflow_id
    )
    assert answer == "queued"


async def test_a_token_works_for_its_own_agent_and_ends_with_it_or_with_the_next_token(stage: Stage) -> None:
    agent_id, own = await agent(stage)
    other_id, other = await agent(stage)
    for caller, status in ((other, 403), (stage.admin, 403)):
        assert refused(await caller.post(f"/agents/{agent_id}/heartbeat"), status)
    assert refused(await other.post("/agent-tasks/claim", {"agent_id": agent_id}), 404, "ROBOT_NOT_FOUND")
    assert refused(await stage.admin.post("/agent-tasks/claim", {"agent_id": agent_id}), 403)
    assert refused(await stage.admin.post(f"/agents/{UNKNOWN_ID}/rotate-token"), 404)
    made = answered(await stage.admin.post(f"/agents/{agent_id}/rotate-token"), 200)
    assert refused(await own.post(f"/agents/{agent_id}/heartbeat"), 401)
    fresh = type(own)(stage.client, {"Authorization": f"Bearer {made['token']}"})
    answered(await fresh.post(f"/agents/{agent_id}/heartbeat"), 200)
    assert (await stage.admin.delete(f"/agents/{other_id}")).status_code == 204
    assert refused(await other.post(f"/agents/{other_id}/heartbeat"), 401)
    assert refused(await stage.admin.get(f"/agents/{other_id}"), 404)


async def test_agents_are_listed_and_counted_by_the_words_of_the_document(stage: Stage) -> None:
    _, first = await agent(stage, name="Alpha")
    silent_id, silent = await agent(stage, name="Beta")
    await agent(stage, name="Gamma")
    for who, own in ((None, first), (silent_id, silent)):
        agent_id = who or (await stage.admin.get("/agents", search="alpha")).json()["agents"][0]["id"]
        answered(await own.post(f"/agents/{agent_id}/heartbeat"), 200)
    stage.scalar(
        "update public.robot_heartbeats set last_heartbeat_at = now() - interval '1 hour'"
        " where robot_id = %s returning 1",
        silent_id,
    )
    stats = answered(await stage.admin.get("/agents/stats"), 200)
    assert stats == {
        "total": 3, "online": 1, "by_status": {"active": 1, "inactive": 1, "disconnected": 1, "error": 0},
    }  # fmt: skip
    for word, name in (("active", "Alpha"), ("disconnected", "Beta"), ("inactive", "Gamma")):
        page = answered(await stage.admin.get("/agents", status=word), 200)
        assert ([each["name"] for each in page["agents"]], page["total"], page["online_count"]) == ([name], 1, 1)
    assert answered(await stage.admin.get("/agents", status="nonsense"), 200)["agents"] == []


PATHS = [
    ("GET", "/workflows/{}"),
    ("PUT", "/workflows/{}"),
    ("DELETE", "/workflows/{}"),
    ("POST", "/workflows/{}/publish"),
    ("POST", "/workflows/{}/archive"),
    ("POST", "/workflows/{}/execute"),
    ("GET", "/workflows/{}/history"),
    ("POST", "/workflows/{}/clone"),
    ("GET", "/executions/{}"),
    ("GET", "/executions/{}/logs"),
    ("GET", "/executions/{}/data"),
    ("POST", "/executions/{}/retry"),
    ("POST", "/executions/{}/cancel"),
    ("GET", "/agents/{}"),
    ("PUT", "/agents/{}"),
    ("DELETE", "/agents/{}"),
    ("POST", "/agents/{}/rotate-token"),
    ("GET", "/agent-tasks/assigned/{}"),
    ("GET", "/schedules/{}"),
    ("PUT", "/schedules/{}"),
    ("DELETE", "/schedules/{}"),
    ("POST", "/schedules/{}/toggle"),
    ("GET", "/triggers/{}"),
    ("PUT", "/triggers/{}"),
    ("DELETE", "/triggers/{}"),
    ("POST", "/triggers/{}/toggle"),
    ("POST", "/triggers/{}/fire"),
    ("GET", "/workflow-variables/{}/variables"),
    ("POST", "/workflow-variables/{}/variables/validate"),
]


async def test_what_is_another_organizations_is_as_if_it_were_not(stage: Stage, elsewhere: Stage) -> None:
    from tests.faces.automation.rows import runs

    execution_id = await executed(stage)
    ids = {
        "workflows": await draft(stage),
        "workflow-variables": await draft(stage),
        "executions": execution_id,
        "agents": (await agent(stage))[0],
        "agent-tasks": (await agent(stage))[0],
        "schedules": await runs.schedule(stage),
        "triggers": (await runs.trigger(stage))["id"],
    }
    body = {"name": "taken", "variables": {}}
    for method, path in PATHS:
        for id_ in (ids[path.split("/")[1]], UNKNOWN_ID):
            options = {"json": body} if method in ("PUT", "POST") else {}
            answer = await elsewhere.admin.ask(method, path.format(id_), **options)
            assert refused(answer, 404), (method, path)
    for path in ("workflows/publish", "workflows/archive", "workflows/delete", "executions/cancel", "executions/retry"):
        own = execution_id if path.startswith("executions") else ids["workflows"]
        done = answered(await elsewhere.admin.post(f"/bulk/{path}", {"ids": [own]}), 200)
        assert (done["success"], done["failed"], done["errors"][0]["id"]) == (0, 1, own)


async def test_a_viewer_changes_nothing(stage: Stage) -> None:
    viewer = stage.member("viewer")
    workflow_id = await draft(stage)
    agent_id, _ = await agent(stage)
    for method, path, body in (
        ("POST", "/workflows", {"name": "x"}),
        ("PUT", f"/workflows/{workflow_id}", {"name": "x"}),
        ("DELETE", f"/workflows/{workflow_id}", None),
        ("POST", f"/workflows/{workflow_id}/publish", None),
        ("POST", f"/workflows/{workflow_id}/execute", None),
        ("POST", f"/workflows/{workflow_id}/clone", None),
        ("POST", "/agents", {"name": "x"}),
        ("PUT", f"/agents/{agent_id}", {"name": "x"}),
        ("DELETE", f"/agents/{agent_id}", None),
        ("POST", f"/agents/{agent_id}/rotate-token", None),
        ("POST", "/bulk/workflows/delete", {"ids": [workflow_id]}),
        ("PUT", f"/workflow-variables/{workflow_id}/variables", {"variables": []}),
    ):
        options = {} if body is None else {"json": body}
        assert refused(await viewer.ask(method, path, **options), 403, "FORBIDDEN"), (method, path)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/workflows", {"page": 0}),
        ("/workflows", {"per_page": 101}),
        ("/workflows", {"status": "nonsense"}),
        ("/executions", {"page": "x"}),
        ("/executions", {"date_from": "2026-02-01", "date_to": "2026-01-01"}),
        ("/agents", {"per_page": 0}),
        ("/schedules", {"is_enabled": "perhaps"}),
        ("/triggers", {"page": 0}),
    ],
)
async def test_a_list_that_cannot_be_meant_is_refused_with_the_field(
    stage: Stage, path: str, params: dict[str, Any]
) -> None:
    assert refused(await stage.admin.get(path, **params), 422, "INVALID_ARGUMENT", next(iter(params)))


async def test_an_unknown_status_finds_no_execution(stage: Stage) -> None:
    await executed(stage)
    assert answered(await stage.admin.get("/executions", status="nonsense"), 200)["executions"] == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cron_expression": "61 * * * *"}, "minute"),
        ({"cron_expression": "0 0 6 * * *"}, "cron_expression"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"name": ""}, "name"),
    ],
)
async def test_a_schedule_that_cannot_run_is_422(stage: Stage, changes: dict[str, Any], words: str) -> None:
    body = {"workflow_id": await draft(stage), "name": "x", "cron_expression": "0 6 * * *", **changes}
    assert refused(await stage.admin.post("/schedules", body), 422, "INVALID_ARGUMENT", words)


async def test_a_disabled_schedule_has_no_next_run(stage: Stage) -> None:
    body = {"workflow_id": await draft(stage), "name": "x", "cron_expression": "0 6 * * *", "is_enabled": False}
    made = answered(await stage.admin.post("/schedules", body), 201)
    assert (made["is_enabled"], made["next_run_at"], made["timezone"]) == (False, None, "UTC")
    toggled = answered(await stage.admin.post(f"/schedules/{made['id']}/toggle"), 200)
    assert (toggled["is_enabled"], toggled["next_run_at"] is not None) == (True, True)


async def test_variables_are_declared_mapped_and_checked(stage: Stage) -> None:
    path = f"/workflow-variables/{await draft(stage, definition={**DEFINITION, 'variables': {}})}/variables"
    assert answered(await stage.admin.get(path), 200)["variables"] == []
    declared = [
        {"name": "n", "type": "number", "required": True},
        {"name": "key", "type": "secret", "default_value": "s3cret"},
        {"name": "rows", "type": "list"},
    ]
    answered(await stage.admin.put(path, {"variables": declared}), 200)
    assert "s3cret" not in (await stage.admin.get(path)).text
    assert refused(await stage.admin.put(path, {"variables": declared[:1] * 2}), 400, "VARIABLE_REPEATED", "n")
    assert refused(await stage.admin.put(path, {"variables": [{"name": "1x"}]}), 422)
    assert refused(await stage.admin.put(f"{path}/mappings", {"mappings": [{"step_id": "z"}]}), 400, "STEP_UNKNOWN")
    wrong = answered(await stage.admin.post(f"{path}/validate", {"variables": {"rows": "no"}}), 200)
    assert (wrong["valid"], [error["variable"] for error in wrong["errors"]]) == (False, ["n", "rows"])
    right = answered(await stage.admin.post(f"{path}/validate", {"variables": {"n": "4", "rows": "[1]"}}), 200)
    assert right == {"valid": True, "errors": [], "resolved": {"n": 4, "rows": [1]}}


async def test_triggers_take_the_forms_words_and_come_as_an_array_or_a_page(stage: Stage) -> None:
    workflow_id = await draft(stage)
    body = {"workflow_id": workflow_id, "name": "c", "trigger_type": "cron", "config": {"cron_expression": "0 6 * * *"}}
    made = answered(await stage.admin.post("/triggers", body), 201)
    assert (made["trigger_type"], made["config"]["cron"]) == ("schedule", "0 6 * * *")
    hook = {"workflow_id": workflow_id, "name": "w", "trigger_type": "webhook", "config": {"path": "/hooks/my-hook"}}
    made = answered(await stage.admin.post("/triggers", hook), 201)
    assert made["config"]["path"] == "/hooks/my-hook"
    assert made["config"]["secret"]
    assert refused(await stage.admin.post("/triggers", hook), 409, "WEBHOOK_PATH_TAKEN")
    assert refused(await stage.admin.post("/triggers", {**hook, "trigger_type": "nonsense"}), 422)
    assert refused(await stage.admin.post("/triggers", {**hook, "workflow_id": UNKNOWN_ID}), 404)
    assert "secret" not in (await stage.admin.get(f"/triggers/{made['id']}")).json()["config"]
    assert len((await stage.admin.get("/triggers")).json()) == 2
    page = (await stage.admin.get("/triggers", page=2, per_page=1)).json()
    assert (len(page["triggers"]), page["total"], page["page"]) == (1, 2, 2)
    assert refused(await stage.admin.post("/triggers/test", {"trigger_type": "webhook", "config": {"path": 3}}), 400)
    unsigned = await stage.client.post("/api/v1/triggers/webhooks/hooks/my-hook", json={})
    assert refused(unsigned, 401)
    assert refused(await stage.client.post("/api/v1/triggers/webhooks/none", json={}), 404, "TRIGGER_NOT_FOUND")


async def test_a_time_in_any_zone_is_the_moment_that_it_means_and_one_that_is_none_is_refused(stage: Stage) -> None:
    execution_id, _, own = await claimed(stage)
    path = f"/agent-tasks/{execution_id}/logs"

    def line(time: str) -> dict[str, Any]:
        return {"entries": [{"message": "x", "timestamp": time}]}

    assert answered(await own.post(path, line("2026-01-02T12:17:45-16:09")), 200) == {"accepted": 1}
    [shown] = (await stage.admin.get(f"/executions/{execution_id}/logs")).json()
    assert shown["timestamp"].startswith("2026-01-03T04:26:45")
    for never in ("9999-12-31T23:00:00-16:09", "0001-01-01T00:00:00+01:00", "soon"):
        assert refused(await own.post(path, line(never)), 422, "INVALID_ARGUMENT", "timestamp")
    wanted = await stage.admin.get("/executions", date_from="2026-01-02T12:17:45-16:09")
    assert answered(wanted, 200)["total"] == 1
