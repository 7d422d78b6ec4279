"""JSON too deep, or with a number too long, for those who read it: refused, and shown when it is there all the same."""

import json
from typing import Any

import pytest
from tests.faces.stage import GRAPH, Asker, Stage, refused
from tests.fleets import call
from tests.fleets import refused as refused_by_sql

from casare_cloud.faces.kit.shapes import JSON_LEVELS, is_too_deep


def nest(levels: int) -> Any:
    """Lists inside each other."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


DEEP = nest(300)  # more than pydantic writes


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": 1, "b": value}], ids=["list", "object"])
def test_levels_are_counted_through_lists_and_objects(wrap: Any) -> None:
    value: Any = 1
    for _ in range(JSON_LEVELS):
        value = wrap(value)
    assert not is_too_deep(value)
    assert is_too_deep(wrap(value))


async def test_a_body_that_is_too_deep_is_400_names_the_field_and_stores_nothing(stage: Stage) -> None:
    workflow_id = str(stage.workflow().workflow_id)
    robot, asker = stage.robot()
    job = await stage.claimed(asker)
    lease = {"lease_token": job["lease_token"]}
    graph = {**GRAPH, "deep": DEEP}
    requests: list[tuple[Asker, str, dict[str, Any], str]] = [
        (stage.admin, "/workflows", {"workflow_name": "w", "workflow_json": graph}, "workflow_json"),
        (stage.admin, "/workflows", {"workflow_name": "w", "workflow_json": json.dumps(graph)}, "workflow_json"),
        (stage.admin, "/jobs", {"workflow_id": workflow_id, "input": {"x": DEEP}}, "input"),
        (stage.admin, "/jobs", {"workflow_id": workflow_id, "payload": {"x": DEEP}}, "payload"),
        (stage.admin, "/jobs", {"workflow_id": workflow_id, "unheard": DEEP}, "unheard"),
        (asker, f"/robots/{robot.external_id}/heartbeat", {"x": DEEP}, "x"),
        (asker, f"/jobs/{job['job_id']}/complete", {**lease, "result": DEEP}, "result"),
        (asker, f"/jobs/{job['job_id']}/logs", {**lease, "entries": [{"message": "m", "extra": DEEP}]}, "entries"),
    ]
    for who, path, body, field in requests:
        answer = await who.post(path, body)
        assert refused(answer, 400, "INVALID_ARGUMENT", field, "nested deeper than 100 levels"), path
    upload = {"file": ("w.json", json.dumps(graph))}
    answer = await stage.admin.ask("POST", "/workflows/upload", files=upload)
    assert refused(answer, 400, "INVALID_ARGUMENT", "file", "nested deeper than 100 levels")
    assert (await stage.admin.get("/robots")).json()["robots"][0]["metrics"] == {}
    assert (await stage.admin.get("/workflows")).json()["total"] == 2
    assert (await stage.admin.get("/jobs")).json()["total"] == 1


async def test_what_is_as_deep_as_may_be_is_stored_and_shown(stage: Stage) -> None:
    robot, asker = stage.robot()
    allowed = nest(JSON_LEVELS - 1)  # the body is a level itself
    assert (await asker.post(f"/robots/{robot.external_id}/heartbeat", {"x": allowed})).status_code == 200
    assert (await stage.admin.get(f"/robots/{robot.external_id}")).json()["metrics"] == {"x": allowed}
    graph = {**GRAPH, "deep": nest(JSON_LEVELS - 2)}
    made = await stage.admin.post("/workflows", {"workflow_name": "w", "workflow_json": graph})
    assert made.status_code == 200, made.text
    assert (await stage.admin.get(f"/workflows/{made.json()['workflow_id']}")).json()["workflow_json"] == graph


@pytest.mark.parametrize("depth", [300, 3000], ids=["deeper than is written", "deeper than is read"])
async def test_a_job_that_is_too_deep_all_the_same_is_claimed_and_shown(stage: Stage, depth: int) -> None:
    _, robot = stage.robot()
    job_id = await stage.job()
    deep = '{"x": ' + "[" * depth + "]" * depth + "}"
    stage.scalar("update public.jobs set input = %s, result = %s where job_id = %s returning 1", deep, deep, job_id)
    assert (await stage.admin.get(f"/jobs/{job_id}")).status_code == 200
    claimed = await robot.post("/jobs/claim", {})
    assert [job["job_id"] for job in claimed.json()["jobs"]] == [job_id]


async def test_a_number_of_more_digits_than_python_reads_is_shown_as_null(stage: Stage) -> None:
    job_id = await stage.job()
    result = json.dumps({"long": 1, "short": 2}).replace("1", "1e5000")
    stage.scalar("update public.jobs set result = %s where job_id = %s returning 1", result, job_id)
    assert (await stage.admin.get(f"/jobs/{job_id}")).json()["result"] == {"long": None, "short": 2}


@pytest.mark.parametrize(
    ("value", "words"),
    [(DEEP, "must not be nested deeper"), ([10**400] * 50, "must not have numbers beyond 1e308")],
    ids=["deep", "long numbers"],
)
def test_the_database_refuses_what_cannot_be_read_by_whatever_door(stage: Stage, value: Any, words: str) -> None:
    robot, _ = stage.robot()
    workflow_id = stage.workflow().workflow_id
    schedule = {"workflow_id": str(workflow_id), "name": "s", "cron_expression": "@daily"}
    calls: list[tuple[str, dict[str, Any], str]] = [
        ("submit_workflow", {"name": "w", "definition": {**GRAPH, "deep": value}}, "workflow_json"),
        ("submit_workflow", {"name": "w", "definition": GRAPH, "metadata": {"x": value}}, "metadata"),
        ("record_heartbeat", {"robot": robot.external_id, "metrics": {"x": value}}, "metrics"),
        (
            "register_robot",
            {"external_id": "r", "name": "r", "hostname": "h", "attributes": {"x": value}},
            "attributes",
        ),
        ("enqueue_job", {"workflow_id": workflow_id, "input": {"x": value}}, "input"),
        ("enqueue_job", {"workflow_id": workflow_id, "metadata": {"x": value}}, "metadata"),
        ("create_schedule", {"schedule": {**schedule, "input": {"x": value}}}, "input"),
        ("create_schedule", {"schedule": {**schedule, "metadata": {"x": value}}}, "metadata"),
    ]
    with stage.database.connect("authenticated", stage.tenant.admin.claims) as member:
        for function, arguments, field in calls:
            with refused_by_sql(400, "INVALID_ARGUMENT", f"{field} {words}"):
                call(member, function, **arguments)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        *((number, False) for number in ("1e308", "-1e308", "1e-400", "0")),
        *((number, True) for number in ("1e309", "-1e309", "1e131071", "1e-401", "-1e-16383")),
    ],
)
def test_a_number_that_is_far_longer_than_it_is_stored_is_huge(stage: Stage, number: str, expected: bool) -> None:
    text = f'{{"x": [{", ".join([*["1"] * 100, number])}]}}'
    assert stage.scalar("select private.has_huge_number(%s)", text) is expected


@pytest.mark.parametrize(("levels", "expected"), [(1, False), (100, False), (101, False), (102, True), (3000, True)])
def test_the_database_counts_as_the_face_does(stage: Stage, levels: int, expected: bool) -> None:
    """But for an innermost list that is empty: nothing lies in it."""
    text = "[" * levels + "]" * levels
    assert stage.scalar("select private.is_deep_json(%s)", text) is expected
    assert stage.scalar("select private.is_deep_json(%s)", text.replace("[]", "[1]")) is (levels > 100)
