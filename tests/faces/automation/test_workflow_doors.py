"""The doors of the automation face tell the mistakes of a workflow; a draft may be half done."""

from typing import Any
from uuid import UUID

import pytest
from tests.faces.automation.rows.runs import answered
from tests.faces.stage import Stage, refused

from casare_cloud.faces.automation.workflows import routes
from casare_cloud.faces.kit import workflow_check
from casare_cloud.faces.kit.workflow_check import Checked

LOG: dict[str, Any] = {"id": "a", "type": "log", "config": {"message": "x"}}
UNFINISHED = {"steps": [{"id": "fetch", "type": "http_request", "config": {}}]}

# what is broken: (the steps, words of the sentence that says so)
BROKEN: dict[str, tuple[list[Any], tuple[str, ...]]] = {
    "an option that is misspelt": ([{**LOG, "config": {"mesage": "x"}}], ("mesage", "message")),
    "two steps of one id": ([LOG, LOG], ("two steps", "a")),
    "a dependency on no step": (
        [{**LOG, "id": "fetch"}, {**LOG, "depends_on": ["fecth"]}], ("fecth", "did you mean fetch?")),
    "a way to no step": ([{**LOG, "next": "gone"}], ("gone",)),
    "a side of a condition that leads to no step": (
        [{"id": "c", "type": "condition", "config": {"expression": "1 > 0"}, "branches": {"true": ["gone"]}}],
        ("gone",)),
    "a handler that is no step": ([{**LOG, "on_error": "cleanup"}], ("cleanup",)),
    "a body of no step": ([{"id": "l", "type": "loop", "config": {"items": [1], "body": ["gone"]}}], ("gone",)),
    "a circle": ([{**LOG, "depends_on": ["b"]}, {**LOG, "id": "b", "depends_on": ["a"]}], ("circle", "a, b")),
    "a step without a type": ([{"id": "a"}], ("steps[0]", "type")),
    "a step without an id": ([{"type": "log"}], ("steps[0]", "id")),
    "steps that are none": (["log"], ("steps[0]",)),
    "a backoff that is none": ([{**LOG, "retry": {"backoff": "cubic"}}], ("cubic",)),
    "a mistake inside a loop": (
        [{"id": "l", "type": "loop", "config": {"items": [1], "step": {"type": "log", "config": {"mesage": "x"}}}}],
        ("mesage", "message")),
}  # fmt: skip

WARNED: dict[str, tuple[list[Any], tuple[str, ...]]] = {
    "a type that is not built in": ([{"id": "a", "type": "ai_ask", "config": {}}], ("ai_ask", "plugin")),
    "a type that is misspelt": ([{**LOG, "type": "lgo"}], ("lgo", "log")),
    "a key that is not read": ([{**LOG, "on_errors": "stop"}], ("on_errors",)),
    "no steps": ([], ("no steps",)),
    "a template that names nothing": (
        [{**LOG, "config": {"message": "{{steps.a.output.mesage}}"}}], ("steps.a.output.mesage",)),
    "a template of no step": ([{**LOG, "config": {"message": "{{fetch.json}}"}}], ("fetch.json",)),
}  # fmt: skip


async def made(stage: Stage, definition: Any) -> dict[str, Any]:
    return answered(await stage.admin.post("/workflows", {"name": "w", "definition": definition}), 201)


@pytest.mark.parametrize("what", BROKEN)
async def test_mistakes_are_refused_by_each_door(stage: Stage, what: str) -> None:
    steps, words = BROKEN[what]
    definition = {"steps": steps}
    answer = await stage.admin.post("/workflows", {"name": "w", "definition": definition})
    assert refused(answer, 400, "WORKFLOW_INVALID", "definition.steps", *words)
    [first, *_] = answer.json()["details"]
    assert first["path"].startswith("definition.steps[")
    path = f"/workflows/{(await made(stage, {'steps': [LOG]}))['id']}"
    assert refused(await stage.admin.put(path, {"definition": definition}), 400, "WORKFLOW_INVALID", *words)
    assert answered(await stage.admin.get(path), 200)["definition"] == {"steps": [LOG]}
    taken = answered(await stage.admin.put(f"{path}?strict=false", {"definition": definition}), 200)
    assert any(all(word in warning for word in words) for warning in taken["warnings"])
    assert refused(await stage.admin.post(f"{path}/execute"), 400, "WORKFLOW_INVALID", *words)
    assert refused(await stage.admin.post(f"{path}/publish"), 400, "WORKFLOW_INVALID", *words)
    assert answered(await stage.admin.get(path), 200)["status"] == "draft"
    answered(await stage.admin.post(f"{path}/publish?strict=false"), 200)
    run = answered(await stage.admin.post(f"{path}/execute"), 202)  # who took it so has been told
    assert run["status"] == "pending"


@pytest.mark.parametrize("what", WARNED)
async def test_what_may_be_meant_is_a_warning(stage: Stage, what: str) -> None:
    steps, words = WARNED[what]
    workflow = await made(stage, {"steps": steps})
    assert any(all(word in warning for word in words) for warning in workflow["warnings"]), workflow["warnings"]
    published = answered(await stage.admin.post(f"/workflows/{workflow['id']}/publish"), 200)
    assert published["warnings"] == workflow["warnings"]


async def test_a_draft_may_lack_options_until_it_is_run_or_published(stage: Stage) -> None:
    workflow = await made(stage, UNFINISHED)
    assert workflow["warnings"] == ["definition.steps[0].config: http_request fetch needs url."]
    path = f"/workflows/{workflow['id']}"
    answered(await stage.admin.put(path, {"definition": {**UNFINISHED, "variables": []}}), 200)
    assert refused(await stage.admin.post(f"{path}/execute"), 400, "WORKFLOW_INVALID", "fetch needs url")
    answered(await stage.admin.post(f"{path}/execute?strict=false"), 202)
    assert refused(await stage.admin.post(f"{path}/publish"), 400, "WORKFLOW_INVALID", "fetch needs url")
    answered(await stage.admin.post(f"{path}/publish?strict=false"), 200)
    assert refused(await stage.admin.put(path, {"definition": UNFINISHED}), 400, "WORKFLOW_INVALID", "fetch needs url")


async def test_other_changes_ask_nothing_of_the_definition(stage: Stage) -> None:
    workflow = answered(
        await stage.admin.post("/workflows?strict=false", {"name": "w", "definition": {"steps": [LOG, LOG]}}), 201
    )
    changed = answered(await stage.admin.put(f"/workflows/{workflow['id']}", {"name": "v"}), 200)
    assert (changed["name"], changed["warnings"]) == ("v", [])


async def test_nothing_is_checked_for_those_who_may_not_write(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/workflows/{(await made(stage, {'steps': [LOG]}))['id']}"
    monkeypatch.setattr(workflow_check, "_is_large", None)  # looking at a definition at all would be a TypeError
    viewer, broken = stage.member("viewer"), {"steps": [LOG, LOG]}
    for answer in (
        await viewer.post("/workflows", {"name": "w", "definition": broken}),
        await viewer.put(path, {"definition": broken}),
        await viewer.post(f"{path}/publish"),
        await viewer.post(f"{path}/execute"),
    ):
        assert refused(answer, 403, "FORBIDDEN")


@pytest.mark.parametrize("act", ["PUT", "publish", "execute"])
async def test_a_workflow_may_be_changed_while_it_is_checked(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    workflow = await made(stage, {"steps": [LOG]})
    path = f"/workflows/{workflow['id']}"
    other = {"steps": [{**LOG, "id": "b"}]}

    async def checked(tenant_id: UUID, *_: Any) -> Checked:
        monkeypatch.undo()
        answered(await stage.admin.put(path, {"definition": other}), 200)  # waits for whoever has it locked
        return Checked([], [])

    monkeypatch.setattr(workflow_check if act == "PUT" else routes, "check", checked)
    if act == "PUT":
        body = {"definition": {"steps": []}, "version": workflow["version"]}
        assert refused(await stage.admin.put(path, body), 409, "WORKFLOW_CHANGED")
    elif act == "publish":
        assert refused(await stage.admin.post(f"{path}/publish"), 409, "WORKFLOW_CHANGED")
        assert answered(await stage.admin.get(path), 200)["status"] == "draft"
    else:
        answered(await stage.admin.post(f"{path}/execute"), 202)
