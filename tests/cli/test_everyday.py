"""What people do every day: run, publish, compare, look into logs and events, find out why a job waits."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run
from tests.factories import EXAMPLE_WORKFLOW, make_workflow
from tests.robot.stack import Stack, robot_process
from typer.testing import CliRunner

from casare_cloud.cli import watching
from casare_cloud.cli.app import app
from casare_cloud.cli.files import read_input
from casare_cloud.cli.measurements import draw
from casare_cloud.client import Client


@pytest.fixture
def name(stack: Stack) -> str:
    """A workflow of this test."""
    named = f"daily-{uuid.uuid4().hex[:8]}"
    make_workflow(stack.database, stack.tenant, name=named)
    return named


def test_a_job_runs_by_its_workflows_name_with_all_that_can_be_said_of_it(run: Run, stack: Stack, name: str) -> None:
    robot = stack.robot()
    more = ("--capability", "sap", "--tag", "line-1", "--env", "prod", "--robot", robot.external_id, "--priority", "2")
    when = ("--run-at", "2099-01-01T00:00:00Z", "--timeout", "60", "--retries", "4", "--key", "sap-login")
    made = json.loads(run("jobs", "run", name, "--input", "month=2", "-i", "who=ada", *more, *when, "--json"))
    assert made["input"] == {"month": 2, "who": "ada"}
    assert (made["required_capabilities"], made["required_tags"], made["environment"]) == (["sap"], ["line-1"], "prod")
    assert (made["target_robot_id"], made["priority"], made["timeout_seconds"]) == (robot.external_id, 2, 60)
    assert (made["max_attempts"], made["concurrency_key"]) == (5, "sap-login")
    assert made["run_at"].startswith("2099-01-01T00:00:00")
    assert json.loads(run("jobs", "get", "@last"))["job_id"] == made["job_id"]
    run("workflows", "run", name)
    assert json.loads(run("jobs", "get", "@last"))["job_id"] != made["job_id"]


def test_a_job_that_nobody_can_run_says_so_in_its_answer_and_in_the_list(stack: Stack, run: Run, name: str) -> None:
    stack.robot()
    assert "warning: " in run("jobs", "run", name, "--capability", "teleporting")
    [line] = [line for line in run("jobs", "list", "--search", name, "--explain").splitlines() if name in line]
    assert "teleporting" in line


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (["n=3", "on=true", "text=007", 'quoted="3"', "a=b=c", "empty="],
         {"n": 3, "on": True, "text": "007", "quoted": "3", "a": "b=c", "empty": ""}),
        ([], {}),
    ],
)  # fmt: skip
def test_an_input_is_json_where_it_can_be_and_text_otherwise(given: list[str], made: dict[str, object]) -> None:
    assert read_input(given) == made


def test_an_input_comes_from_a_file_or_from_standard_input(
    run: Run, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in.json").write_text('{"a": 1, "b": 2}')
    made = json.loads(run("jobs", "run", name, "--input", f"@{tmp_path / 'in.json'}", "--input", "b=3", "--json"))
    assert made["input"] == {"a": 1, "b": 3}
    answer = CliRunner().invoke(app, ["jobs", "run", name, "--input", "-", "--json"], input='{"rows": []}')
    assert json.loads(answer.stdout)["input"] == {"rows": []}
    assert "must be key=value" in run("jobs", "run", name, "--input", "b", code=2)
    assert "cannot be read" in run("jobs", "run", name, "--input", "@gone.json", code=2)


def test_a_submitted_workflow_is_the_next_version_of_its_name_unless_it_is_new(run: Run, tmp_path: Path) -> None:
    named = f"named-{uuid.uuid4().hex[:8]}"
    text = json.dumps({**EXAMPLE_WORKFLOW, "metadata": {"name": named}})
    (tmp_path / "file.json").write_text(text)
    first = json.loads(run("workflows", "publish", str(tmp_path / "file.json"), "--json"))
    assert first["job_id"] is None
    second = CliRunner().invoke(app, ["jobs", "submit", "-", "--json"], input=text)
    assert json.loads(second.stdout)["workflow_id"] == first["workflow_id"]
    other = json.loads(run("jobs", "submit", str(tmp_path / "file.json"), "--new", "--json"))
    assert other["workflow_id"] != first["workflow_id"]
    assert "say which by its id" in run("workflows", "show", named, code=2)


def test_versions_of_a_workflow_are_compared(run: Run, tmp_path: Path) -> None:
    named = f"diff-{uuid.uuid4().hex[:8]}"
    for output in ("one", "two"):
        nodes = {"start": {"type": "StartNode"}, "end": {"type": "EndNode", "config": {"output": output}}}
        (tmp_path / "w.json").write_text(json.dumps({**EXAMPLE_WORKFLOW, "nodes": nodes}))
        run("workflows", "publish", str(tmp_path / "w.json"), "--name", named)
    lines = run("workflows", "diff", named, "1").splitlines()
    assert lines[:2] == ["--- version 1", "+++ version 2"]
    assert [line[1:].strip() for line in lines if line[0] in "-+"][2:] == ['"output": "one"', '"output": "two"']
    assert "are the same" in run("workflows", "diff", named, "2", "2")
    assert "EndNode" in run("workflows", "show", named)
    assert "Delete the workflow" in run("workflows", "delete", named, code=1)
    assert "Workflow deleted" in run("workflows", "delete", named, "--yes")


def test_a_log_is_followed_to_its_end_and_says_which_robot_wrote_it_in_which_attempt(
    stack: Stack, run: Run, tmp_path: Path
) -> None:
    nodes = {
        "start": {"type": "StartNode"},
        "log": {"type": "LogNode", "config": {"message": "heard", "level": "info"}},
        "end": {"type": "EndNode"},
    }
    edges = [
        {"source_node": a, "source_port": "exec_out", "target_node": b, "target_port": "exec_in"}
        for a, b in (("start", "log"), ("log", "end"))
    ]
    (tmp_path / "logs.json").write_text(json.dumps({"nodes": nodes, "connections": edges}))
    robot = stack.robot()
    with robot_process(stack, robot, tmp_path / "robot", "rest"):
        run("jobs", "submit", str(tmp_path / "logs.json"), "--robot", robot.external_id)
        followed = run("jobs", "logs", "@last", "--follow")
    assert f"#1 {robot.external_id} [log] heard" in followed
    assert json.loads(run("jobs", "logs", "@last", "-f", "--level", "info", "--json").splitlines()[0])["attempt"] == 1
    events = run("jobs", "events", "@last")
    assert events.index("job.queued") < events.index("job.claimed") < events.index("job.completed")
    assert f"robot {robot.external_id}" in events
    assert robot.external_id in run("robot", "list")
    assert f"robot id             {robot.external_id}" in run("robot", "show", robot.external_id)
    [line] = [line for line in run("robot", "measurements", robot.external_id).splitlines() if "memory %" in line]
    assert set(line.split()[2]) <= set("▁▂▃▄▅▆▇█·"), line
    assert "-" not in line.split()[-3:], "last, average and highest were said by its heartbeats"
    hourly = json.loads(run("robot", "measurements", robot.external_id, "--step", "60", "--json"))
    assert (hourly["step_minutes"], len(hourly["points"])) == (60, 25)


@pytest.mark.parametrize(
    ("values", "top", "drawn"),
    [
        ([0, None, 50, 100, 12.5], 100, "▁·▅█▂"),
        ([None, None], 100, "··"),
        ([0, 0], 0, "▁▁"),
        ([10] * 48 + [90] * 48, 100, "▁" * 24 + "█" * 24),
        ([None, 90] * 48, 100, "█" * 48),
    ],
)
def test_values_are_drawn_as_blocks_and_gaps_as_dots(values: list[float | None], top: float, drawn: str) -> None:
    assert draw(values, top) == drawn


def test_a_watched_job_that_waits_says_why(stack: Stack, run: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.robot()
    monkeypatch.setattr(watching, "EXPLAIN_AFTER_SECONDS", 0.01)
    made = json.loads(run("jobs", "run", name, "--capability", "teleporting", "--json"))
    answer = Client.explain_job

    async def explain_and_cancel(client: Client, job_id: str) -> dict[str, Any]:
        said = await answer(client, job_id)
        await client.cancel_job(job_id)
        return said

    monkeypatch.setattr(Client, "explain_job", explain_and_cancel)
    printed = run("jobs", "watch", made["job_id"], code=1)
    assert "teleporting" in printed
    assert "what to do: " in printed
