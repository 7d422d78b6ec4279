"""Workflows over HTTP (documents 000 and 002, "Workflow Endpoints")."""

import json
from typing import Any

import pytest
from tests.faces.stage import GRAPH, UNKNOWN_ID, Stage, refused
from tests.factories import make_robot

SUBMITTED = {"workflow_id", "job_id", "schedule_id", "status", "message", "created_at"}
DOCUMENTED = {"workflow_id", "workflow_name", "workflow_json", "version", "description", "created_at", "updated_at"}


def body(**changes: Any) -> dict[str, Any]:
    return {"workflow_name": "My Workflow", "workflow_json": GRAPH, **changes}


def counts(stage: Stage) -> tuple[int, int]:
    tenant_id = stage.tenant.tenant_id
    return (
        stage.scalar("select count(*) from public.workflows where tenant_id = %s", tenant_id),
        stage.scalar("select count(*) from public.jobs where tenant_id = %s", tenant_id),
    )


def upload(content: bytes | str | dict[str, Any], filename: str = "my_workflow.json", **form: Any) -> dict[str, Any]:
    data = json.dumps(content) if isinstance(content, dict) else content
    return {"files": {"file": (filename, data)}, "data": form}


async def test_the_documented_example_is_submitted_and_queued(stage: Stage) -> None:
    answer = await stage.admin.post(
        "/workflows",
        {
            "workflow_name": "My Workflow",
            "workflow_json": GRAPH,
            "trigger_type": "manual",
            "execution_mode": "lan",
            "schedule_cron": None,
            "priority": 10,
            "metadata": {"description": "Example workflow"},
        },
    )
    assert answer.status_code == 200
    made = answer.json()
    assert set(made) >= SUBMITTED
    assert (made["status"], made["schedule_id"]) == ("success", None)
    assert made["message"] == "Workflow submitted and queued for lan execution"
    assert made["created_at"].endswith("Z")

    read = (await stage.admin.get(f"/workflows/{made['workflow_id']}")).json()
    assert set(read) >= DOCUMENTED
    assert (read["workflow_name"], read["version"], read["description"]) == ("My Workflow", 1, "Example workflow")
    assert read["workflow_json"] == GRAPH
    assert (read["status"], read["is_enabled"], read["node_count"]) == ("published", True, 2)
    job = (await stage.admin.get(f"/jobs/{made['job_id']}")).json()
    assert (job["workflow_id"], job["status"], job["priority"]) == (made["workflow_id"], "pending", 10)


@pytest.mark.parametrize(
    "graph", [{"nodes": {}, "connections": []}, {"nodes": {"a": {"type": "StartNode"}}}, json.dumps(GRAPH)]
)
async def test_nodes_may_be_a_list_or_an_object_and_the_graph_a_text(stage: Stage, graph: Any) -> None:
    made = (await stage.admin.post("/workflows", body(workflow_json=graph))).json()
    read = (await stage.admin.get(f"/workflows/{made['workflow_id']}")).json()
    assert read["workflow_json"] == (json.loads(graph) if isinstance(graph, str) else graph)


@pytest.mark.parametrize("name", ["input", "input_data", "parameters", "variables", "params", "payload"])
async def test_every_name_of_the_input_reaches_the_job(stage: Stage, name: str) -> None:
    made = (await stage.admin.post("/workflows", body(**{name: {"n": 1}}))).json()
    assert (await stage.admin.get(f"/jobs/{made['job_id']}")).json()["input"] == {"n": 1}


async def test_a_submission_for_a_workflow_is_its_next_version(stage: Stage) -> None:
    first = (await stage.admin.post("/workflows", body())).json()
    second = await stage.admin.post("/workflows", body(workflow_id=first["workflow_id"], workflow_json={"nodes": []}))
    assert second.json()["workflow_id"] == first["workflow_id"]
    read = (await stage.admin.get(f"/workflows/{first['workflow_id']}")).json()
    assert (read["version"], read["workflow_json"]) == (2, {"nodes": []})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"workflow_name": None}, ["workflow_name"]),
        ({"workflow_name": ""}, ["workflow_name", "1"]),
        ({"workflow_name": "x" * 256}, ["workflow_name", "255"]),
        ({"workflow_name": 7}, ["workflow_name", "string"]),
        ({"workflow_json": None}, ["workflow_json"]),
        ({"workflow_json": []}, ["workflow_json"]),
        ({"workflow_json": "{"}, ["workflow_json", "JSON"]),
        ({"workflow_json": {}}, ["workflow_json", "nodes"]),
        ({"workflow_json": {"nodes": 3}}, ["workflow_json", "nodes"]),
        ({"workflow_json": {"nodes": [{}] * 1001}}, ["1000", "1001"]),
        ({"workflow_json": {"nodes": {str(n): {} for n in range(1001)}}}, ["1000", "1001"]),
        ({"trigger_type": "sometimes"}, ["trigger_type", "manual"]),
        ({"execution_mode": "wan"}, ["execution_mode", "lan"]),
        ({"priority": 21}, ["priority", "20"]),
        ({"priority": -1}, ["priority", "0"]),
        ({"priority": "high"}, ["priority", "integer"]),
        ({"priority": True}, ["priority", "integer"]),
        ({"priority": 10**30}, ["priority", "20"]),
        ({"metadata": []}, ["metadata"]),
        ({"metadata": {"description": 7}}, ["metadata.description"]),
        ({"input": "x"}, ["input"]),
        ({"workflow_id": "x"}, ["workflow_id", "UUID"]),
        ({"workflow_name": "a\x00b"}, []),
        ({"workflow_json": {"nodes": [], "x": "\ud800"}}, []),
        ({"trigger_type": "scheduled"}, ["schedule_cron"]),
        ({"robot_id": "no such name"}, ["robot_id"]),
    ],
)
async def test_a_submission_that_breaks_a_rule_is_400_and_leaves_nothing(
    stage: Stage, changes: dict[str, Any], words: list[str]
) -> None:
    sent = {name: value for name, value in body(**changes).items() if value is not None}
    assert refused(await stage.admin.post("/workflows", sent), 400, "INVALID_ARGUMENT", *words)
    assert counts(stage) == (0, 0)


async def test_a_submission_for_one_robot_is_that_robot_s_job(stage: Stage) -> None:
    robot = make_robot(stage.database, stage.tenant)
    made = (await stage.admin.post("/workflows", body(robot_id=str(robot.robot_id)))).json()
    job = (await stage.admin.get(f"/jobs/{made['job_id']}")).json()
    assert job["target_robot_id"] == robot.external_id
    unknown = await stage.admin.post("/workflows", body(robot_id="nobody"))
    assert (unknown.status_code, unknown.json()["error_code"]) == (404, "ROBOT_NOT_FOUND")


@pytest.mark.parametrize("content", [b"{", b"[]", b'"text"', b"", b'{"workflow_name": NaN}', b"[" * 100_000])
async def test_a_body_that_is_no_json_object_is_400(stage: Stage, content: bytes) -> None:
    answer = await stage.admin.ask("POST", "/workflows", content=content, headers={"Content-Type": "application/json"})
    assert refused(answer, 400)


async def test_more_than_ten_megabytes_is_413(stage: Stage) -> None:
    graph = {**GRAPH, "padding": "x" * (10 * 1024 * 1024)}
    assert refused(await stage.admin.post("/workflows", body(workflow_json=graph)), 413)
    assert counts(stage) == (0, 0)


async def test_a_submission_with_a_webhook_makes_both_and_what_is_posted_with_the_secret_is_the_input(
    stage: Stage,
) -> None:
    headers = {"Idempotency-Key": "hook"}
    sent = body(trigger_type="webhook", priority=3, execution_mode="internet", schedule_cron="@daily")
    answer = await stage.admin.post("/workflows", sent, headers=headers)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert (made["job_id"], made["schedule_id"]) == (None, None)
    assert made["message"] == "Workflow submitted and waiting for its webhook for internet execution"
    assert made["warnings"][:1] == ["schedule_cron is read with trigger_type scheduled only, and was ignored."]
    trigger = (await stage.admin.get(f"/triggers/{made['trigger_id']}")).json()
    assert (trigger["workflow_id"], trigger["trigger_type"]) == (made["workflow_id"], "webhook")
    assert trigger["webhook_url"] == made["webhook_url"]
    assert made["webhook_url"].endswith(f"/webhook/{made['trigger_id']}")
    assert {"priority": 3, "execution_mode": "internet", "auth": "secret"}.items() <= trigger["config"].items()
    assert len(made["secret"]) >= 16
    assert stage.scalar("select count(*) from private.trigger_secrets") == 1

    again = (await stage.admin.post("/workflows", sent, headers=headers)).json()
    assert again == {**made, "secret": None}
    assert stage.scalar("select count(*) from public.triggers") == 1

    fired = (await stage.admin.post(f"/triggers/{made['trigger_id']}/fire", {"payload": {"order": 7}})).json()
    job = (await stage.admin.get(f"/jobs/{fired['job_id']}")).json()
    assert (job["priority"], job["execution_mode"], job["input"]) == (3, "internet", {"order": 7})


async def test_a_webhook_that_cannot_be_made_leaves_no_workflow_either(stage: Stage) -> None:
    given = [
        ({"input": {"a": 1}}, 400, "input"),
        ({"metadata": {"variables": {"a": 1}}}, 400, "metadata.variables"),
        ({"run": False}, 400, "run"),
        ({"pool": "nowhere"}, 404, "pool"),
    ]
    for changes, status, word in given:
        refused(await stage.admin.post("/workflows", body(trigger_type="webhook", **changes)), status, None, word)
    publisher = stage.service("workflows.write", "jobs.create")
    refused(await publisher.post("/workflows", body(trigger_type="webhook")), 403, "FORBIDDEN")
    assert counts(stage) == (0, 0)


async def test_a_repeated_submission_with_an_idempotency_key_makes_one(stage: Stage) -> None:
    headers = {"Idempotency-Key": "once"}
    first, again = [await stage.admin.post("/workflows", body(), headers=headers) for _ in range(2)]
    assert first.json() == again.json()
    assert counts(stage) == (1, 1)
    assert refused(await stage.admin.post("/workflows", body(priority=1), headers=headers), 422)


async def test_an_uploaded_file_is_submitted_with_the_options_of_the_form(stage: Stage) -> None:
    answer = await stage.admin.ask(
        "POST",
        "/workflows/upload?priority=7&execution_mode=internet",
        **upload(GRAPH, trigger_type="manual", priority="5"),
    )
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert set(made) >= SUBMITTED
    assert made["message"] == "Workflow submitted and queued for internet execution"
    job = (await stage.admin.get(f"/jobs/{made['job_id']}")).json()
    assert (job["priority"], job["execution_mode"], job["workflow_name"]) == (5, "internet", "my_workflow")


async def test_an_uploaded_file_may_name_the_workflow_or_be_a_whole_submission(stage: Stage) -> None:
    named = {**GRAPH, "metadata": {"name": "From metadata", "description": "D"}}
    whole = {"workflow_name": "From body", "workflow_json": GRAPH, "metadata": {"a": 1}}
    for content, name, graph in ((named, "From metadata", named), (whole, "From body", GRAPH)):
        made = (await stage.admin.ask("POST", "/workflows/upload", **upload(content))).json()
        read = (await stage.admin.get(f"/workflows/{made['workflow_id']}")).json()
        assert (read["workflow_name"], read["workflow_json"]) == (name, graph)


async def test_an_uploaded_submission_is_run_as_it_says(stage: Stage) -> None:
    whole = body(priority=3, execution_mode="internet", input_data={"n": 1}, metadata={"a": 1})
    made = (await stage.admin.ask("POST", "/workflows/upload", **upload(whole))).json()
    job = (await stage.admin.get(f"/jobs/{made['job_id']}")).json()
    assert (job["priority"], job["execution_mode"], job["input"]) == (3, "internet", {"n": 1})

    again = upload({**whole, "workflow_id": made["workflow_id"]}, priority="5")
    made = (await stage.admin.ask("POST", "/workflows/upload?priority=7&execution_mode=lan", **again)).json()
    job = (await stage.admin.get(f"/jobs/{made['job_id']}")).json()
    assert (job["priority"], job["execution_mode"], job["input"]) == (5, "lan", {"n": 1})
    assert (await stage.admin.get(f"/workflows/{made['workflow_id']}")).json()["version"] == 2

    timed = upload(body(trigger_type="scheduled", schedule_cron="@daily"))
    made = (await stage.admin.ask("POST", "/workflows/upload", **timed)).json()
    schedule = (await stage.admin.get(f"/schedules/{made['schedule_id']}")).json()
    assert (made["job_id"], schedule["cron_expression"]) == (None, "@daily")


async def test_a_file_larger_than_a_body_may_be_is_uploaded(stage: Stage) -> None:
    graph = {**GRAPH, "padding": "x" * (11 * 1024 * 1024)}
    answer = await stage.admin.ask("POST", "/workflows/upload", **upload(graph))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (upload(GRAPH, "workflow.txt"), ["file", ".json"]),
        (upload("{"), ["file", "JSON"]),
        (upload(b"\xff\xfe"), ["file", "JSON"]),
        (upload("[]"), ["file", "object"]),
        (upload({"workflow_json": 3}), ["workflow_json"]),
        (upload({"workflow_json": "{"}), ["workflow_json"]),
        (upload(body(priority=99)), ["priority (file)", "20"]),
        (upload(body(trigger_type="never")), ["trigger_type (file)"]),
        (upload(body(workflow_name=3)), ["workflow_name (file)"]),
        (upload('{"nodes": [NaN]}'), ["file", "NaN"]),
        (upload(body(workflow_json='{"nodes": [NaN]}')), ["workflow_json (file)", "NaN"]),
        (upload({"nothing": 1}), ["nodes"]),
        (upload({"nodes": [{}] * 1001}), ["1000"]),
        (upload(GRAPH, priority="99"), ["priority"]),
        (upload(GRAPH, trigger_type="never"), ["trigger_type"]),
        ({"data": {"priority": "1"}}, ["file"]),
    ],
)
async def test_an_upload_that_breaks_a_rule_is_400_and_leaves_nothing(
    stage: Stage, files: dict[str, Any], words: list[str]
) -> None:
    assert refused(await stage.admin.ask("POST", "/workflows/upload", **files), 400, "INVALID_ARGUMENT", *words)
    assert counts(stage) == (0, 0)


async def test_a_list_has_every_key_and_pages_do_not_overlap(stage: Stage) -> None:
    names = [stage.workflow(f"Flow {n}").name for n in range(5)]
    first = (await stage.admin.get("/workflows", limit=2)).json()
    assert set(first) == {"workflows", "total", "limit", "offset"}
    assert (first["total"], first["limit"], first["offset"]) == (5, 2, 0)
    assert set(first["workflows"][0]) >= DOCUMENTED - {"workflow_json"}
    seen = [
        item["workflow_name"]
        for offset in (0, 2, 4)
        for item in (await stage.admin.get("/workflows", limit=2, offset=offset)).json()["workflows"]
    ]
    assert seen == list(reversed(names))
    past = (await stage.admin.get("/workflows", offset=99)).json()
    assert (past["workflows"], past["total"]) == ([], 5)


async def test_a_list_is_searched_and_filtered(stage: Stage) -> None:
    stage.workflow("Invoice 100% done_now")
    stage.workflow("Other")

    async def found(**params: Any) -> list[str]:
        return [item["workflow_name"] for item in (await stage.admin.get("/workflows", **params)).json()["workflows"]]

    assert await found(search="iNVoice") == ["Invoice 100% done_now"]
    assert await found(search="%") == ["Invoice 100% done_now"]
    assert await found(search="x") == []
    assert len(await found(status="published")) == 2
    assert await found(status="archived") == []


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 501}, {"limit": "x"}, {"offset": -1}, {"status": "odd"}])
async def test_a_list_with_a_wrong_parameter_is_400(stage: Stage, params: dict[str, Any]) -> None:
    assert refused(await stage.admin.get("/workflows", **params), 400, "INVALID_ARGUMENT", *params)


async def test_a_deleted_workflow_is_gone_and_its_waiting_jobs_are_cancelled(stage: Stage) -> None:
    workflow = stage.workflow("Gone")
    job_id = await stage.job(workflow)
    answer = await stage.admin.delete(f"/workflows/{workflow.workflow_id}")
    assert answer.json() == {
        "status": "success",
        "message": f"Workflow deleted: {workflow.workflow_id}",
        "deleted_from": {"database": True, "filesystem": False},
        "cancelled_jobs": 1,
        "cancelling_jobs": 0,
        "disabled_triggers": 0,
    }
    assert refused(await stage.admin.get(f"/workflows/{workflow.workflow_id}"), 404, "WORKFLOW_NOT_FOUND")
    assert refused(await stage.admin.delete(f"/workflows/{workflow.workflow_id}"), 404, "WORKFLOW_NOT_FOUND")
    assert (await stage.admin.get("/workflows")).json()["total"] == 0
    assert (await stage.admin.get(f"/jobs/{job_id}")).json()["status"] == "cancelled"


async def test_unknown_and_foreign_workflows_get_the_same_404(stage: Stage, elsewhere: Stage) -> None:
    foreign = str(elsewhere.workflow().workflow_id)
    for method in ("GET", "DELETE"):
        answers = [await stage.admin.ask(method, f"/workflows/{item}") for item in (UNKNOWN_ID, foreign)]
        assert all(refused(answer, 404, "WORKFLOW_NOT_FOUND") for answer in answers)
        assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert refused(await stage.admin.post("/workflows", body(workflow_id=foreign)), 404, "WORKFLOW_NOT_FOUND")
    assert (await elsewhere.admin.get(f"/workflows/{foreign}")).json()["version"] == 1


async def test_an_id_that_is_no_uuid_is_400(stage: Stage) -> None:
    for method in ("GET", "DELETE"):
        assert refused(await stage.admin.ask(method, "/workflows/nope"), 400, "INVALID_ARGUMENT", "workflow_id", "UUID")


async def test_each_role_may_do_what_it_may(stage: Stage) -> None:
    workflow_id = stage.workflow().workflow_id
    _, robot = stage.robot()
    askers = {role: stage.member(role) for role in ("admin", "developer", "operator", "viewer")} | {"robot": robot}
    allowed = {
        "submit": {"admin", "developer"},
        "list": {"admin", "developer", "operator", "viewer"},
        "get": {"admin", "developer", "operator", "viewer"},
        "delete": {"admin", "developer"},
    }
    for role, asker in askers.items():
        doomed = stage.workflow().workflow_id
        answers = {
            "submit": await asker.post("/workflows", body()),
            "list": await asker.get("/workflows"),
            "get": await asker.get(f"/workflows/{workflow_id}"),
            "delete": await asker.delete(f"/workflows/{doomed}"),
        }
        for what, answer in answers.items():
            if role in allowed[what]:
                assert answer.status_code == 200, (role, what, answer.text)
            else:
                assert refused(answer, 403, "FORBIDDEN"), (role, what)


async def test_without_a_credential_everything_is_401(stage: Stage) -> None:
    for method, path in (("POST", "/workflows"), ("GET", "/workflows"), ("POST", "/workflows/upload")):
        assert refused(await stage.client.request(method, f"/api/v1{path}"), 401, "AUTHENTICATION_FAILED")


async def test_every_version_is_listed_and_shown_as_it_was_submitted(stage: Stage, elsewhere: Stage) -> None:
    first = (await stage.admin.post("/workflows", body(run=False))).json()
    path = f"/workflows/{first['workflow_id']}"
    grown = {**GRAPH, "nodes": [*GRAPH["nodes"], {"id": "more", "type": "CommentNode"}]}
    await stage.admin.post("/workflows", body(workflow_json=grown, workflow_id=first["workflow_id"], run=False))
    listed = (await stage.member("viewer").get(f"{path}/versions")).json()
    assert [(v["version"], v["is_current"], v["node_count"]) for v in listed["versions"]] == [
        (2, True, len(grown["nodes"])), (1, False, len(GRAPH["nodes"])),
    ]  # fmt: skip
    assert (listed["total"], (await stage.admin.get(f"{path}/versions", limit=1, offset=1)).json()["total"]) == (2, 2)
    old = (await stage.admin.get(f"{path}/versions/1")).json()
    assert (old["workflow_json"], old["version"]) == (GRAPH, 1)
    assert (await stage.admin.get(f"{path}/versions/2")).json()["workflow_json"] == grown
    for asker, missing in (
        (stage, f"{path}/versions/3"),
        (elsewhere, f"{path}/versions/1"),
        (elsewhere, f"{path}/versions"),
    ):
        assert refused(await asker.admin.get(missing), 404, "WORKFLOW_NOT_FOUND")
    assert refused(await stage.admin.get(f"{path}/versions/0"), 400, "INVALID_ARGUMENT", "version")
    assert refused(await stage.service("jobs.read").get(f"{path}/versions"), 403, "FORBIDDEN")
