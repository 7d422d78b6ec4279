"""Workflows: submitting new ones and new versions, the limits of a definition, deletion."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from tests.factories import make_member
from tests.fleets import Fleet, call, refused

SMALL: dict[str, Any] = {"nodes": {"start": {"type": "StartNode"}}, "connections": []}


def submit(fleet: Fleet, **changes: Any) -> dict[str, Any]:
    return call(fleet.member, "submit_workflow", **({"name": "Invoices", "definition": SMALL} | changes))


def versions(fleet: Fleet, workflow_id: uuid.UUID) -> list[dict[str, Any]]:
    return fleet.member.execute(
        "select version, definition, node_count from public.workflow_versions where workflow_id = %s order by version",
        [workflow_id],
    ).fetchall()


def test_a_submitted_workflow_is_published_and_can_run(fleet: Fleet) -> None:
    workflow = submit(fleet, description="Pays bills", metadata={"team": "finance"})
    assert (workflow["name"], workflow["status"], workflow["is_enabled"], workflow["current_version"]) == (
        "Invoices",
        "published",
        True,
        1,
    )
    assert (workflow["description"], workflow["metadata"]) == ("Pays bills", {"team": "finance"})
    assert versions(fleet, workflow["workflow_id"]) == [{"version": 1, "definition": SMALL, "node_count": 1}]
    assert fleet.enqueue(workflow_id=workflow["workflow_id"])["workflow_version"] == 1


def test_a_new_version_leaves_the_old_one_as_it_was_and_jobs_run_the_one_they_were_made_for(fleet: Fleet) -> None:
    robot = fleet.robot()
    workflow = submit(fleet)
    fleet.enqueue(workflow_id=workflow["workflow_id"])
    again = submit(fleet, workflow_id=workflow["workflow_id"], definition=SMALL | {"nodes": []}, name="Bills")
    assert (again["workflow_id"], again["current_version"], again["name"]) == (workflow["workflow_id"], 2, "Bills")
    assert [row["definition"]["nodes"] for row in versions(fleet, workflow["workflow_id"])] == [SMALL["nodes"], []]
    claimed = fleet.claim_one(robot)
    assert (claimed["workflow_version"], claimed["workflow_json"]) == (1, SMALL)
    assert fleet.enqueue(workflow_id=workflow["workflow_id"])["workflow_version"] == 2
    assert fleet.enqueue(workflow_id=workflow["workflow_id"], version=1)["workflow_version"] == 1


@pytest.mark.parametrize(
    ("definition", "count"),
    [
        ({"nodes": {f"n{number}": {} for number in range(1000)}}, 1000),
        ({"nodes": [{} for _ in range(1000)]}, 1000),
        ({"steps": [{"id": "a"}, {"id": "b"}]}, 2),
        ({"nodes": {}}, 0),
    ],
)
def test_nodes_may_be_an_object_or_a_list_and_automation_has_steps(
    fleet: Fleet, definition: dict[str, Any], count: int
) -> None:
    workflow = submit(fleet, definition=definition)
    assert versions(fleet, workflow["workflow_id"])[0]["node_count"] == count


@pytest.mark.parametrize(
    ("changes", "status", "word"),
    [
        ({"name": ""}, 400, "workflow_name"),
        ({"name": "x" * 256}, 400, "workflow_name"),
        ({"name": None}, 400, "workflow_name"),
        ({"definition": {}}, 400, "workflow_json"),
        ({"definition": {"nodes": 5}}, 400, "workflow_json"),
        ({"definition": [{"nodes": {}}]}, 400, "workflow_json"),
        ({"definition": {"nodes": {f"n{number}": {} for number in range(1001)}}}, 400, "1000 nodes"),
        ({"definition": {"nodes": [{} for _ in range(1001)]}}, 400, "1000 nodes"),
        ({"definition": {"nodes": {}, "blob": "x" * 52_428_800}}, 413, "50 MB"),
        ({"metadata": {"x": "y" * 70_000}}, 400, "metadata"),
        ({"description": "x" * 10_001}, 400, "description"),
    ],
)
def test_a_workflow_beyond_a_limit_is_refused_and_nothing_is_made(
    fleet: Fleet, changes: dict[str, Any], status: int, word: str
) -> None:
    before = fleet.member.execute("select workflow_id from public.workflows").fetchall()
    with refused(status, "INVALID_ARGUMENT", word):
        submit(fleet, **changes)
    assert fleet.member.execute("select workflow_id from public.workflows").fetchall() == before


def test_only_those_who_may_write_workflows_submit_and_delete_them(fleet: Fleet) -> None:
    claims = make_member(fleet.database, fleet.tenant, "operator").claims
    with fleet.database.connect("authenticated", claims) as operator:
        with refused(403, "FORBIDDEN"):
            call(operator, "submit_workflow", name="x", definition=SMALL)
        with refused(403, "FORBIDDEN"):
            call(operator, "delete_workflow", workflow_id=fleet.workflow.workflow_id)


def test_another_tenants_workflow_is_not_there(fleet: Fleet, stranger: Fleet) -> None:
    foreign = stranger.workflow.workflow_id
    with refused(404, "WORKFLOW_NOT_FOUND"):
        submit(fleet, workflow_id=foreign)
    with refused(404, "WORKFLOW_NOT_FOUND"):
        call(fleet.member, "delete_workflow", workflow_id=foreign)
    assert fleet.member.execute("select from public.workflows where workflow_id = %s", [foreign]).fetchall() == []


def test_deletion_cancels_what_waits_and_lets_run_what_runs(fleet: Fleet) -> None:
    robot = fleet.robot()
    running = fleet.enqueue()
    claimed = fleet.claim_one(robot)
    waiting = [fleet.enqueue(), fleet.enqueue(run_at=fleet.now + timedelta(hours=1), dedupe_key="k")]
    kept = fleet.enqueue(workflow_id=submit(fleet)["workflow_id"])
    answer = call(fleet.member, "delete_workflow", workflow_id=fleet.workflow.workflow_id)["delete_workflow"]
    assert answer["cancelled_jobs"] == 2
    assert [fleet.job(job["job_id"])["status"] for job in waiting] == ["cancelled", "cancelled"]
    assert fleet.report(robot, "complete_job", claimed, result={})["status"] == "completed"
    assert fleet.job(running["job_id"])["status"] == "completed"
    assert fleet.claim_one(robot)["job_id"] == kept["job_id"]
    with refused(404, "WORKFLOW_NOT_FOUND"):
        fleet.enqueue()
    with refused(404, "WORKFLOW_NOT_FOUND"):
        call(fleet.member, "delete_workflow", workflow_id=fleet.workflow.workflow_id)
