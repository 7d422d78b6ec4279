"""Every door that takes a workflow tells its mistakes: as a refusal with each place, or if asked to as warnings."""

import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from tests.faces.stage import Stage, refused
from tests.factories import make_key, make_robot
from tests.robot.test_broken_workflows import BROKEN, LOG, wire, workflow

from casare_cloud.faces.kit import workflow_check
from casare_cloud.faces.kit.workflow_check import Checked

REFUSED_BY_THE_DATABASE = {"nodes are no list", "neither nodes nor steps", "an envelope"}
SIMPLE = {"nodes": [{"id": "l", "type": "LogNode", "config": {"message": "x"}}]}
MISSPELT = workflow({**LOG, "config": {"mesage": "x"}}, wires=[wire("m.exec_out", "l.exec_in")])


def body(definition: Any, **more: Any) -> dict[str, Any]:
    return {"workflow_name": "w", "workflow_json": definition, "run": False, **more}


@pytest.mark.parametrize("what", BROKEN)
async def test_no_broken_workflow_is_taken_without_a_word(stage: Stage, what: str) -> None:
    definition, words = BROKEN[what]
    answer = await stage.admin.post("/workflows", body(definition))
    given = answer.json()
    if what in REFUSED_BY_THE_DATABASE:
        assert refused(answer, 400, "INVALID_ARGUMENT", "nodes")
        return
    if answer.status_code == 400:
        assert refused(answer, 400, "WORKFLOW_INVALID", "workflow_json")
        assert all(set(each) == {"path", "rule", "sentence", "did_you_mean", "node_id"} for each in given["details"])
    told = given["warnings"] if answer.status_code == 200 else [each["sentence"] for each in given["details"]]
    assert any(all(word in sentence for word in words) for sentence in told), told
    taken = await stage.admin.post("/workflows?strict=false", body(definition))
    assert taken.status_code == 200, taken.text
    assert any(all(word in sentence for word in words) for sentence in taken.json()["warnings"])


async def test_a_mistake_is_refused_by_node_and_key_and_nothing_is_kept(stage: Stage) -> None:
    answer = await stage.admin.post("/workflows", body(MISSPELT, run=True))
    assert refused(answer, 400, "WORKFLOW_INVALID", "workflow_json.nodes.l.config.mesage", "did you mean message?")
    assert answer.json()["details"] == [{
        "path": "workflow_json.nodes.l.config.mesage",
        "rule": "unknown_option",
        "sentence": "mesage is no option of LogNode l; did you mean message?",
        "did_you_mean": "message",
        "node_id": "l",
    }]  # fmt: skip
    assert (await stage.admin.get("/workflows")).json()["total"] == 0
    upload = {"files": {"file": ("w.json", json.dumps(MISSPELT))}}
    assert refused(await stage.admin.ask("POST", "/workflows/upload", **upload), 400, "WORKFLOW_INVALID")
    taken = await stage.admin.ask("POST", "/workflows/upload?strict=false", **upload)
    assert "no robot will run this: mesage" in taken.json()["warnings"][0]


async def test_the_number_of_mistakes_that_are_told_is_bounded(stage: Stage) -> None:
    config = {f"wrong_{number}": number for number in range(200)}
    definition = {"nodes": [{"id": "l", "type": "LogNode", "config": config}]}
    answer = await stage.admin.post("/workflows", body(definition))
    assert refused(answer, 400, "WORKFLOW_INVALID", "and 197 more.")
    assert len(answer.json()["details"]) == 50
    taken = (await stage.admin.post("/workflows?strict=false", body(definition))).json()
    assert taken["warnings"][50:] == ["150 more problems of the workflow are not shown."]


async def test_a_workflow_that_is_too_large_to_be_checked_is_taken_and_said(stage: Stage) -> None:
    definition = {**MISSPELT, "metadata": {"x": "x" * 2_000_001}}
    taken = await stage.admin.post("/workflows", body(definition))
    assert taken.json()["warnings"] == [
        "workflow_json: is too large to be checked here; a robot checks it before it runs."
    ]


@pytest.mark.parametrize(
    ("definition", "is_large"),
    [
        ({"nodes": [{"id": "l", "type": "LogNode", "config": {"data": [0] * 50_001}}]}, True),
        ({"nodes": [{"id": "l" * 10_000, "type": "LogNode", "config": dict.fromkeys(map(str, range(11_000)))}]}, True),
        ({"nodes": [{"id": "l", "type": "LogNode", "config": dict.fromkeys(map(str, range(11_000)))}]}, False),
        ({"nodes": [], "subflows": {"a": '{"nodes": [' + "{}," * 50_001}}, True),
        ({"nodes": [{"id": "l", "type": "LogNode", "config": {"message": "," * 60_000}}]}, False),
    ],
)
def test_what_is_large_is_known_by_its_values_and_by_the_names_that_problems_tell(
    definition: Any, is_large: bool
) -> None:
    assert workflow_check._is_large(definition) is is_large


async def test_nothing_is_checked_for_those_who_may_not_publish(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow_check, "_is_large", None)  # looking at it at all would be a TypeError
    viewer, nobody = stage.member("viewer"), stage.key(replace(make_key(stage.database, stage.tenant), text="crpa_x"))
    upload = {"files": {"file": ("w.json", json.dumps(MISSPELT))}}
    assert refused(await viewer.post("/workflows", body(MISSPELT)), 403, "FORBIDDEN", "workflows.write")
    assert refused(await viewer.ask("POST", "/workflows/upload", **upload), 403, "FORBIDDEN", "workflows.write")
    assert refused(await nobody.post("/workflows", body(MISSPELT)), 401, "AUTHENTICATION_FAILED")


async def test_no_connection_is_held_while_a_workflow_is_checked(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    idle: list[int] = []

    async def checked(*_: Any) -> Checked:
        idle.append(stage.scalar(
            "select count(*) from pg_stat_activity where datname = current_database() "
            "and state like 'idle in transaction%%'"))  # fmt: skip
        return Checked([], [])

    monkeypatch.setattr(workflow_check, "check", checked)
    assert (await stage.admin.post("/workflows", body(SIMPLE))).status_code == 200
    assert idle == [0]


async def test_names_that_the_input_brings_are_no_mistake(stage: Stage) -> None:
    definition = {"nodes": [{"id": "l", "type": "LogNode", "config": {"message": "{{customer}}"}}]}
    taken = (await stage.admin.post("/workflows", body(definition, input={"customer": "Ada"}))).json()
    assert taken["warnings"] == []
    [warning] = (await stage.admin.post("/workflows", body(definition))).json()["warnings"]
    assert warning.startswith("workflow_json.nodes.l.config.message: {{customer}} of l names no variable and no node;")


async def test_a_job_that_no_registered_robot_could_run_is_told(stage: Stage) -> None:
    first = (await stage.admin.post("/workflows", body(SIMPLE, run=True))).json()
    assert first["warnings"] == ["No robot is registered yet: the job waits for one (casare-cloud robot run)."]
    make_robot(stage.database, stage.tenant, capabilities=["browser"], tags=["vip"])
    asked = {"workflow_id": first["workflow_id"], "required_capabilities": ["sap"], "environment": "prod"}
    job = (await stage.admin.post("/jobs", asked)).json()
    assert job["warnings"] == [
        "No registered robot (of 1) has what the job asks for: the environment prod and the capability sap."
    ]
    asked = {"workflow_id": first["workflow_id"], "required_capabilities": ["browser"], "required_tags": ["vip"]}
    assert (await stage.admin.post("/jobs", asked)).json()["warnings"] == []
    assert (await stage.admin.post("/workflows", body(SIMPLE, run=True))).json()["warnings"] == []


@pytest.mark.parametrize("face", ["orchestrator", "automation"])
def test_a_cold_start_does_not_import_the_check(face: str) -> None:
    code = (
        f"import sys; from casare_cloud.config import Settings; from casare_cloud.faces.{face}.app import create_app; "
        "create_app(Settings(is_local=True)); print([name for name in sys.modules if 'casare_cloud.robot' in name])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
