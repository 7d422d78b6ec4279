"""`workflows …`, `jobs …`, `schedules …`, `keys …` and `metrics …` against the real orchestrator."""

import json
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest
from tests.cli.conftest import Run
from tests.factories import EXAMPLE_WORKFLOW, make_workflow
from tests.robot.stack import Stack, robot_process
from typer.testing import CliRunner

from casare_cloud.cli.app import app


def test_a_workflow_is_submitted_listed_shown_and_deleted(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "invoices.json"
    file.write_text(json.dumps(EXAMPLE_WORKFLOW))
    submitted = json.loads(run("jobs", "submit", str(file), "--priority", "3", "--json"))
    workflow_id, job_id = submitted["workflow_id"], submitted["job_id"]
    head, *rows = [line.split() for line in run("workflows", "list", "--search", "invoices").splitlines()]
    assert head == ["workflow", "name", "version", "status", "updated"]
    assert [row[:2] for row in rows] == [[workflow_id, "invoices"]]
    assert json.loads(run("workflows", "get", workflow_id))["workflow_json"]["nodes"] == EXAMPLE_WORKFLOW["nodes"]
    assert json.loads(run("jobs", "get", job_id))["priority"] == 3
    assert job_id in run("jobs", "list", "--status", "queued")
    assert job_id not in run("jobs", "list", "--status", "completed")
    assert run("jobs", "logs", job_id) == ""
    deleted = run("workflows", "delete", workflow_id)
    assert deleted.startswith("Workflow deleted")
    assert deleted.endswith("\nWaiting jobs that are cancelled: 1.\n")
    assert json.loads(run("jobs", "get", job_id))["status"] == "cancelled"
    assert "WORKFLOW_NOT_FOUND" in run("workflows", "get", workflow_id, code=1)


def test_a_workflow_that_is_submitted_again_by_its_id_is_its_next_version(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mended.json"
    file.write_text(json.dumps(EXAMPLE_WORKFLOW))
    first = json.loads(run("jobs", "submit", str(file), "--json"))
    second = json.loads(run("jobs", "submit", str(file), "--workflow", first["workflow_id"], "--json"))
    assert second["workflow_id"] == first["workflow_id"]
    versions = [json.loads(run("jobs", "get", one["job_id"]))["workflow_version"] for one in (first, second)]
    assert versions == [1, 2]


def test_a_watched_job_as_json_is_all_that_standard_output_has(stack: Stack, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "hello.json"
    nodes = [{"id": "start", "type": "StartNode"}, {"id": "end", "type": "EndNode", "config": {"output": "hello"}}]
    edge = {"source_node": "start", "source_port": "exec_out", "target_node": "end", "target_port": "exec_in"}
    file.write_text(json.dumps({"nodes": nodes, "connections": [edge]}))
    with robot_process(stack, stack.robot(), tmp_path / "robot", "rest"):
        submitted = CliRunner().invoke(app, ["jobs", "submit", str(file), "--watch", "--json"])
    job = json.loads(submitted.stdout)
    assert submitted.stdout.startswith("{")
    assert (job["status"], job["result"]["output"]) == ("completed", "hello")
    watched = CliRunner().invoke(app, ["jobs", "watch", job["job_id"], "--json"])
    assert json.loads(watched.stdout)["status"] == "completed"
    assert "submitted" in run("jobs", "watch", job["job_id"])


def test_all_jobs_are_followed_until_ctrl_c(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "followed.json"
    file.write_text(json.dumps(EXAMPLE_WORKFLOW))
    first = json.loads(run("jobs", "submit", str(file), "--json"))
    command = [sys.executable, "-m", "casare_cloud", "jobs", "watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seen: list[str] = []
        reader = threading.Thread(target=lambda: seen.append(process.stdout.readline()))  # type: ignore[union-attr]
        reader.start()
        while reader.is_alive():  # until one is submitted after the watch has begun
            run("jobs", "submit", str(file), "--workflow", first["workflow_id"])
            reader.join(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert "job.queued" in seen[0]
    assert "followed" in seen[0]


def test_a_schedule_is_made_changed_triggered_and_deleted(stack: Stack, run: Run) -> None:
    workflow_id = str(make_workflow(stack.database, stack.tenant).workflow_id)
    made = json.loads(
        run("schedules", "create", workflow_id, "0 9 * * MON-FRI", "--timezone", "Europe/Berlin", "--json")
    )
    schedule_id = made["schedule_id"]
    changed = run("schedules", "update", schedule_id, "--cron", "30 7 * * *", "--name", "Early", "--input", '{"n": 1}')
    assert changed.startswith("Early: 30 7 * * * (Europe/Berlin)\nnext run 20")
    kept = json.loads(run("schedules", "get", schedule_id))
    assert (kept["input"], kept["priority"], kept["timezone"]) == ({"n": 1}, made["priority"], "Europe/Berlin")
    assert schedule_id in run("schedules", "list", "--workflow", workflow_id)
    assert schedule_id in run("schedules", "upcoming")
    assert run("schedules", "disable", schedule_id) == "Early is disabled\n"
    assert schedule_id not in run("schedules", "upcoming")
    assert run("schedules", "enable", schedule_id).startswith("next run 20")
    job_id = run("schedules", "trigger", schedule_id).split()[-1]
    assert json.loads(run("jobs", "get", job_id))["input"] == {"n": 1}
    assert "time" in run("schedules", "fires", schedule_id)
    assert "deleted" in run("schedules", "delete", schedule_id)
    assert "SCHEDULE_NOT_FOUND" in run("schedules", "get", schedule_id, code=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Say what is to change"),
        (("--input", "{"), "--input is not JSON"),
    ],
)
def test_a_change_of_a_schedule_that_cannot_be_is_refused_before_it_is_sent(
    run: Run, arguments: tuple[str, ...], words: str
) -> None:
    assert words in run("schedules", "update", str(uuid.uuid4()), *arguments, code=2)


def test_times_are_shown_and_nothing_is_made(run: Run) -> None:
    before = run("schedules", "list")
    assert (
        len(run("schedules", "simulate", "30 2 * * *", "--timezone", "Europe/Berlin", "--count", "3").splitlines()) == 4
    )
    assert "cron_expression" in run("schedules", "simulate", "61 * * * *", code=1)
    assert "overlap" in run("schedules", "simulate", "--every", "15m", "--overlap", "skip", "--expected", "1000")
    assert run("schedules", "list") == before


def test_a_key_is_made_listed_rotated_and_revoked(run: Run) -> None:
    key = json.loads(run("keys", "create", "nightly", "--scope", "jobs.create", "--json"))
    rotated = json.loads(run("keys", "rotate", key["api_key_id"], "--json"))
    assert rotated["key"].startswith("sk_live_")
    assert rotated["key"] != key["key"]
    assert "is revoked." in run("keys", "revoke", rotated["api_key_id"])
    listed = json.loads(run("keys", "list", "--json"))["keys"]
    states = {row["api_key_id"]: row["status"] for row in listed}
    assert states[key["api_key_id"]] != "active"
    assert states[rotated["api_key_id"]] == "revoked"
    assert "key" not in listed[0]


def test_figures_are_tables_or_json(run: Run) -> None:
    assert "total robots" in run("metrics", "fleet")
    assert "jobs that ended" in run("metrics", "analytics", "--days", "30")
    assert json.loads(run("metrics", "analytics", "--json"))["total_jobs"] >= 0
