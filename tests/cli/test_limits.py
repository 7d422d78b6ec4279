"""`limits …`, `shares …` and `pools …` against the real orchestrator."""

import json
import uuid

import pytest
from tests.cli.conftest import Run
from tests.factories import make_workflow
from tests.robot.stack import Stack


@pytest.fixture
def scopes() -> list[str]:
    return ["settings.read", "settings.write", "robots.read", "robots.write"]


def test_limits_are_set_listed_and_removed(stack: Stack, run: Run) -> None:
    workflow_id = str(make_workflow(stack.database, stack.tenant).workflow_id)
    assert run("limits", "set", "50") == "all jobs: at most 50 at once; 0 running\n"
    assert run("limits", "set", "2", "--workflow", workflow_id).startswith(f"workflow {workflow_id}: at most 2 at once")
    key = json.loads(run("limits", "set", "1", "--key", "sap", "--on-collision", "cancel_newest", "--json"))
    assert (key["scope"], key["concurrency_key"], key["on_collision"]) == ("key", "sap", "cancel_newest")
    head, *rows = [line.split() for line in run("limits", "list").splitlines()]
    assert head == ["limit", "of", "running", "max", "when", "full"]
    assert rows == [
        ["all", "jobs", "0", "50", "-"],
        ["workflow", workflow_id, "0", "2", "-"],
        ["key", "sap", "0", "1", "cancel_newest"],
    ]
    assert run("limits", "remove") == "all jobs: no limit any more; 0 running\n"
    assert run("limits", "remove", "--key", "sap") == "key sap: no limit any more; 0 running\n"
    assert json.loads(run("limits", "remove", "--workflow", workflow_id, "--json"))["max_running"] == 2
    assert json.loads(run("limits", "list", "--json"))["limits"] == []


def test_a_limit_that_is_not_there_or_named_twice_is_refused_in_a_sentence(run: Run) -> None:
    assert "error: " in run("limits", "remove", "--key", "no such", code=1)
    assert "not both" in run("limits", "set", "1", "--key", "a", "--workflow", str(uuid.uuid4()), code=2)


def test_weights_are_set_and_listed(stack: Stack, run: Run) -> None:
    workflow = make_workflow(stack.database, stack.tenant)
    workflow_id = str(workflow.workflow_id)
    assert ": weight 3, load " in run("shares", "set", workflow_id, "3")
    assert json.loads(run("shares", "set", workflow_id, "4", "--json"))["weight"] == 4
    head, *rows = [line.split() for line in run("shares", "list").splitlines()]
    assert head == ["workflow", "name", "weight", "load", "running"]
    assert [row[-3] for row in rows if row[0] == workflow_id] == ["4"]
    shares = json.loads(run("shares", "list", "--json"))["shares"]
    assert [share["weight"] for share in shares if share["workflow_id"] == workflow_id] == [4]
    assert "error: " in run("shares", "set", str(uuid.uuid4()), "2", code=1)


def test_a_pool_is_made_shared_otherwise_and_ended(run: Run) -> None:
    assert run("pools", "create", "shared", "--shares-by", "robot_seconds").startswith("pool ")
    assert run("pools", "invite", "shared", "nobody-yet", "--weight", "2") == "nobody-yet is invited, weight 2\n"
    head, *rows = [line.split() for line in run("pools", "list").splitlines()]
    assert head == ["pool", "name", "you", "are", "shares", "by", "weight", "max"]
    assert [row[1:4] for row in rows] == [["shared", "owner", "robot_seconds"]]
    members = json.loads(run("pools", "members", "shared", "--json"))["members"]
    assert {member["tenant"]: member["load"] for member in members} == {"nobody-yet": None} | {
        member["tenant"]: 0 for member in members if member["accepted_at"]
    }
    assert run("pools", "update", "shared", "--name", "ours") == "pool ours shares by robot_seconds\n"
    assert run("pools", "update", "ours", "--shares-by", "jobs") == "pool ours shares by jobs\n"
    assert "error: " in run("pools", "update", "shared", "--shares-by", "jobs", code=1)
    assert run("pools", "delete", "ours", "--yes").endswith(" is gone\n")
