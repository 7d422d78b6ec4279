"""NUL and half a pair of surrogates: refused by name where people and programs speak, replaced in a robot's reports."""

import json
import time
from typing import Any

import pytest
from tests.faces.stage import GRAPH, Asker, Stage, refused

from casare_cloud.faces.kit import storable
from casare_cloud.faces.kit.request_json import read_json

BAD = ["a\0b", "a\ud800b", "\udc00"]


def test_pairs_and_escaped_backslashes_are_text_like_any_other() -> None:
    value = {"a": "\U0001f600", "b": "\\u0000", "c": ["\\ud800"]}
    assert read_json(json.dumps(value)) == value


@pytest.mark.parametrize("bad", BAD)
def test_what_is_repaired_has_a_replacement_character_in_keys_and_values(bad: str) -> None:
    good = storable.repaired(bad)
    assert len(good) == len(bad)
    assert "\ufffd" in good
    assert read_json(json.dumps({bad: [bad, {"x": bad}]}), repairs_text=True) == {good: [good, {"x": good}]}


def test_a_large_value_with_many_escapes_is_looked_at_in_a_moment() -> None:
    text = json.dumps({"rows": ["\U0001f600" * 10] * 10_000})
    began = time.process_time()
    read_json(text)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("bad", BAD)
async def test_a_text_that_cannot_be_stored_is_400_names_the_field_and_stores_nothing(stage: Stage, bad: str) -> None:
    workflow = str(stage.workflow().workflow_id)
    schedule = {"workflow_id": workflow, "schedule_name": "s", "cron_expression": "@daily"}
    robot = {"robot_id": "r", "name": "n", "hostname": "h"}
    job = {"workflow_id": workflow}
    requests: list[tuple[str, dict[str, Any], str]] = [
        ("/jobs", {"workflow_id": bad}, "workflow_id"),
        ("/jobs", {**job, "input": {"x": [bad]}}, "input"),
        ("/jobs", {**job, "payload": {bad: 1}}, "payload"),
        ("/jobs", {**job, "metadata": {"x": bad}}, "metadata"),
        ("/jobs", {**job, "required_tags": [bad]}, "required_tags"),
        ("/jobs", {**job, "required_capabilities": [bad]}, "required_capabilities"),
        ("/jobs", {**job, "environment": bad}, "environment"),
        ("/jobs", {**job, "dedupe_key": bad}, "dedupe_key"),
        ("/jobs", {**job, "concurrency_key": bad}, "concurrency_key"),
        ("/jobs", {**job, "retry_policy": {"policy": bad}}, "retry_policy"),
        ("/jobs", {**job, "unheard": bad}, "unheard"),
        ("/jobs/batch", {"jobs": [{**job, "input": {"x": bad}}]}, "jobs"),
        ("/workflows", {"workflow_name": bad, "workflow_json": GRAPH}, "workflow_name"),
        ("/workflows", {"workflow_name": "w", "workflow_json": {**GRAPH, "x": bad}}, "workflow_json"),
        ("/workflows", {"workflow_name": "w", "workflow_json": json.dumps({**GRAPH, "x": bad})}, "workflow_json"),
        ("/schedules", {**schedule, "schedule_name": bad}, "schedule_name"),
        ("/schedules", {**schedule, "metadata": {"x": bad}}, "metadata"),
        ("/robots/register", {**robot, "name": bad}, "name"),
        ("/robots/register", {**robot, "tags": [bad]}, "tags"),
        ("/robots/register", {**robot, "capabilities": {bad: True}}, "capabilities"),
        ("/pools", {"name": bad}, "name"),
    ]
    for path, body, field in requests:
        refused(await stage.admin.post(path, body), 400, "INVALID_ARGUMENT", field, "NUL")
    job_id = await stage.job()
    refused(await stage.admin.post(f"/jobs/{job_id}/cancel", {"reason": bad}), 400, "INVALID_ARGUMENT", "reason")
    upload = {"file": ("w.json", json.dumps({**GRAPH, "x": bad}))}
    answer = await stage.admin.ask("POST", "/workflows/upload", files=upload)
    refused(answer, 400, "INVALID_ARGUMENT", "file", "and x does")
    assert (await stage.admin.get("/workflows")).json()["total"] == 2
    assert (await stage.admin.get("/jobs")).json()["total"] == 1
    assert (await stage.admin.get("/robots")).json()["total"] == 0


async def test_a_nul_in_a_path_or_query_is_400_by_its_name(stage: Stage) -> None:
    refused(await stage.admin.get("/robots", environment="a\0b"), 400, "INVALID_ARGUMENT", "environment (query)", "NUL")
    refused(await stage.admin.get("/robots/a%00b"), 400, "INVALID_ARGUMENT", "robot_id (path)", "NUL")


@pytest.mark.parametrize("bad", BAD)
async def test_a_robot_can_say_anything_of_its_work(stage: Stage, bad: str) -> None:
    good = storable.repaired(bad)
    who, robot = stage.robot()
    told = await stage.claimed(robot)
    lease = {"lease_token": told["lease_token"]}
    path = f"/jobs/{told['job_id']}"
    nodes = [{"node_id": bad, "status": bad}]

    async def says(verb: str, path: str, body: dict[str, Any]) -> None:
        answer = await robot.ask(verb, path, json=body)
        assert answer.status_code == 200, answer.text

    await says("POST", f"/robots/{who.external_id}/heartbeat", {"host": bad})
    await says("PUT", f"{path}/progress", {**lease, "progress": 10, "message": bad, "current_node": bad})
    running = (await stage.admin.get(path)).json()
    assert (running["message"], running["current_node"]) == (good, good)
    await says("POST", f"{path}/logs", {**lease, "entries": [{"message": bad, "extra": {bad: bad}}]})
    trace = {"error_message": bad, "error_type": bad, "stack_trace": bad, "failed_node": bad, "retryable": False}
    await says("POST", f"{path}/fail", {**lease, **trace, "node_executions": nodes})
    assert (await stage.admin.get(f"/robots/{who.external_id}")).json()["metrics"] == {"host": good}
    job = (await stage.admin.get(path)).json()
    assert (job["status"], job["error_message"], job["error_type"]) == ("failed", good, good)
    assert (job["error_details"]["stack_trace"], job["error_details"]["failed_node"]) == (good, good)
    [line] = (await stage.admin.get(f"{path}/logs")).json()["logs"]
    assert (line["message"], line["extra"]) == (good, {good: good})


@pytest.mark.parametrize("bad", BAD)
async def test_results_and_batches_of_outcomes_are_kept(stage: Stage, bad: str) -> None:
    good = storable.repaired(bad)
    _, robot = stage.robot(max_concurrent_jobs=3)
    jobs = [await stage.claimed(robot) for _ in range(3)]
    named = [{"job_id": job["job_id"], "lease_token": job["lease_token"]} for job in jobs]
    one = await robot.post(
        f"/jobs/{jobs[0]['job_id']}/complete", {"lease_token": jobs[0]["lease_token"], "result": {bad: [bad]}}
    )
    assert one.status_code == 200, one.text
    done = await robot.post("/jobs/batch/complete", {"results": [{**named[1], "result": bad}]})
    failed = await robot.post(
        "/jobs/batch/fail", {"failures": [{**named[2], "error_message": bad, "retryable": False}]}
    )
    assert (done.json()["succeeded"], failed.json()["succeeded"]) == (1, 1)
    answers = [(await stage.admin.get(f"/jobs/{job['job_id']}")).json() for job in jobs]
    assert (answers[0]["result"], answers[1]["result"], answers[2]["error_message"]) == ({good: [good]}, good, good)


async def test_a_repaired_report_of_a_wrong_shape_is_still_refused(stage: Stage) -> None:
    _, robot = stage.robot()
    told = await stage.claimed(robot)
    body = {"lease_token": told["lease_token"], "error_message": "a\0", "surprise": 1}
    refused(await robot.post(f"/jobs/{told['job_id']}/fail", body), 400, "INVALID_ARGUMENT", "surprise")


# -- fields that mean nothing


async def test_a_field_that_means_nothing_is_named_in_the_answer(stage: Stage) -> None:
    workflow = str(stage.workflow().workflow_id)
    requests: list[tuple[Asker, str, dict[str, Any]]] = [
        (stage.admin, "/jobs", {"workflow_id": workflow}),
        (stage.admin, "/workflows", {"workflow_name": "w", "workflow_json": GRAPH}),
        (stage.admin, "/robots/register", {"robot_id": "r", "name": "n", "hostname": "h"}),
    ]
    for who, path, body in requests:
        answer = (await who.post(path, {**body, "concurency_key": "k"})).json()
        assert answer["warnings"][0] == "concurency_key is not a known field, and was ignored.", path
    two = [{"workflow_id": workflow, "concurrency_key": "k"}, {"workflow_id": workflow, "when": "now"}]
    results = (await stage.admin.post("/jobs/batch", {"jobs": two})).json()["results"]
    assert [result["warnings"] for result in results] == [[], ["when is not a known field, and was ignored."]]


async def test_a_second_name_of_the_input_is_not_dropped_without_a_word(stage: Stage) -> None:
    body = {"workflow_id": str(stage.workflow().workflow_id), "input": {"a": 1}, "payload": {"b": 2}}
    answer = (await stage.admin.post("/jobs", body)).json()
    assert (answer["input"], answer["warnings"]) == ({"a": 1}, ["payload is not a known field, and was ignored."])


async def test_a_job_has_the_concurrency_key_that_it_was_sent_with_and_no_trigger_but_the_door(stage: Stage) -> None:
    body = {"workflow_id": str(stage.workflow().workflow_id), "concurrency_key": "till-7", "trigger_type": "scheduled"}
    ignored = ["trigger_type is not a known field, and was ignored."]
    one = (await stage.admin.post("/jobs", body)).json()
    assert (one["concurrency_key"], one["trigger_type"], one["warnings"]) == ("till-7", "manual", ignored)
    batch = (await stage.admin.post("/jobs/batch", {"jobs": [body]})).json()["results"]
    assert batch[0]["warnings"] == ignored
    again = (await stage.admin.get(f"/jobs/{batch[0]['job_id']}")).json()
    assert (again["concurrency_key"], again["trigger_type"]) == ("till-7", "manual")
