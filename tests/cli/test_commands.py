"""The commands that people call, from `workflows …` to `metrics …`, against the real orchestrator."""

import json
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
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
    submitted = json.loads(run("jobs", "submit", str(file), "--name", "invoices", "--priority", "3", "--json"))
    workflow_id, job_id = submitted["workflow_id"], submitted["job_id"]
    head, *rows = [line.split() for line in run("workflows", "list", "--search", "invoices").splitlines()]
    assert head == ["workflow", "name", "version", "status", "updated"]
    assert [row[:2] for row in rows] == [[workflow_id, "invoices"]]
    assert json.loads(run("workflows", "get", workflow_id))["workflow_json"]["nodes"] == EXAMPLE_WORKFLOW["nodes"]
    assert json.loads(run("jobs", "get", job_id))["priority"] == 3
    assert job_id in run("jobs", "list", "--status", "queued")
    assert job_id not in run("jobs", "list", "--status", "completed")
    assert run("jobs", "logs", job_id) == ""
    deleted = run("workflows", "delete", "invoices", "--yes")
    assert deleted.startswith("Workflow deleted")
    assert deleted.endswith("\nWaiting jobs that are cancelled: 1.\n")
    assert json.loads(run("jobs", "get", job_id))["status"] == "cancelled"
    assert "WORKFLOW_NOT_FOUND" in run("workflows", "get", workflow_id, code=1)
    assert "There is no workflow invoices" in run("workflows", "show", "invoices", code=1)


def test_a_workflow_that_is_submitted_again_by_its_id_is_its_next_version(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mended.json"
    file.write_text(json.dumps(EXAMPLE_WORKFLOW))
    first = json.loads(run("jobs", "submit", str(file), "--json"))
    second = json.loads(run("jobs", "submit", str(file), "--workflow", first["workflow_id"], "--json"))
    assert second["workflow_id"] == first["workflow_id"]
    versions = [json.loads(run("jobs", "get", one["job_id"]))["workflow_version"] for one in (first, second)]
    assert versions == [1, 2]
    other = tmp_path / "another-name.json"
    other.write_text(json.dumps({**EXAMPLE_WORKFLOW, "metadata": {"name": "another"}}))
    run("jobs", "submit", str(other), "--workflow", first["workflow_id"])
    kept = json.loads(run("workflows", "get", first["workflow_id"]))
    assert (kept["workflow_name"], kept["version"]) == (EXAMPLE_WORKFLOW["metadata"]["name"], 3)
    rows = [line.split()[:2] for line in run("workflows", "versions", first["workflow_id"]).splitlines()]
    assert [row[0] for row in rows] == ["version", "3", "2", "1"]
    shown = json.loads(run("workflows", "get", first["workflow_id"], "--version", "1"))
    assert (shown["version"], shown["is_current"]) == (1, False)


def test_jobs_are_found_counted_by_reason_and_repeated_with_another_input(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "findable.json"
    file.write_text(json.dumps({**EXAMPLE_WORKFLOW, "metadata": {}}))
    job_id = json.loads(run("jobs", "submit", str(file), "--json"))["job_id"]
    assert job_id in run("jobs", "list", "--search", "FINDABLE", "--trigger", "manual")
    assert job_id not in run("jobs", "list", "--error-type", "TimeoutError")
    assert job_id not in run("jobs", "list", "--before", job_id)
    assert "what to do: " in run("jobs", "reasons")
    assert json.loads(run("jobs", "reasons", "--json"))["waiting"] >= 1
    assert run("jobs", "nodes", job_id).split() == ["attempt", "node", "type", "status", "started", "ms", "runs"]
    assert run("jobs", "logs", job_id, "--last", "5", "--level", "error") == ""
    run("jobs", "cancel", job_id)
    (tmp_path / "input.json").write_text(json.dumps({"month": 2}))
    again = json.loads(run("jobs", "retry", job_id, "--input", f"@{tmp_path / 'input.json'}", "--json"))
    new = json.loads(run("jobs", "get", again["new_job_id"]))
    assert (new["retry_of"], new["input"]) == (job_id, {"month": 2})
    run("jobs", "retry", job_id, job_id, "--input", "month=2", code=2)


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
    assert "submitted" in run("jobs", "watch", "@last")


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """However the test ends, the process does, too."""
    try:
        yield
    finally:
        process.kill()


def test_all_jobs_are_followed_until_ctrl_c(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "followed.json"
    file.write_text(json.dumps({**EXAMPLE_WORKFLOW, "metadata": {"name": "followed"}}))
    first = json.loads(run("jobs", "submit", str(file), "--json"))
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "  # background jobs ignore it
        "from casare_cloud.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "jobs", "watch"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, ended(process):
        assert process.stdout is not None
        seen: list[str] = []
        reader = threading.Thread(target=lambda: seen.append(process.stdout.readline()))  # type: ignore[union-attr]
        reader.start()
        deadline = time.monotonic() + 120
        while reader.is_alive():  # until one is submitted after the watch has begun
            assert time.monotonic() < deadline, "nothing is followed"
            run("jobs", "submit", str(file), "--workflow", first["workflow_id"])
            reader.join(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
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
    assert "- (disabled)" in run("schedules", "list", "--workflow", workflow_id)
    assert run("schedules", "enable", schedule_id).startswith("next run 20")
    job_id = run("schedules", "trigger", schedule_id).split()[-1]
    assert json.loads(run("jobs", "get", job_id))["input"] == {"n": 1}
    assert "time" in run("schedules", "fires", schedule_id)
    assert "deleted" in run("schedules", "delete", schedule_id)
    assert "SCHEDULE_NOT_FOUND" in run("schedules", "get", schedule_id, code=1)


def test_a_trigger_is_made_changed_fired_looked_at_and_deleted(stack: Stack, run: Run) -> None:
    workflow_id = str(make_workflow(stack.database, stack.tenant).workflow_id)
    assert "webhook" in run("triggers", "types")
    made = run("triggers", "create", workflow_id, "webhook", "--name", "Orders")
    trigger_id = made.split()[1]
    assert "(shown this once)" in made
    assert trigger_id in run("triggers", "list", "--workflow", workflow_id, "--type", "webhook")
    changed = run("triggers", "update", trigger_id, "--config", '{"input_mapping": {"n": "$.deep.n"}}')
    assert changed.startswith("Orders: {")
    job_id = run("triggers", "fire", trigger_id, "--payload", '{"deep": {"n": 7}}').split()[-1]
    assert json.loads(run("jobs", "get", job_id))["input"] == {"n": 7}
    [delivery] = json.loads(run("triggers", "deliveries", trigger_id, "--json"))["deliveries"]
    assert delivery["delivery_id"] in run("triggers", "deliveries", trigger_id, "--outcome", "accepted")
    assert job_id not in run("triggers", "replay", trigger_id, delivery["delivery_id"])
    assert run("triggers", "disable", trigger_id) == "Orders is disabled\n"
    assert run("triggers", "enable", trigger_id) == "Orders is enabled\n"
    assert json.loads(run("triggers", "get", trigger_id))["trigger_count"] == 2
    assert "(shown this once)" in run("triggers", "rotate", trigger_id, "--overlap", "0")
    assert "Say what is to change" in run("triggers", "update", trigger_id, code=2)
    assert "--config is not JSON" in run("triggers", "create", workflow_id, "--config", "{", code=2)
    assert "--config must be a JSON object" in run("triggers", "create", workflow_id, "--config", "[1]", code=2)
    assert "--payload must be a JSON object" in run("triggers", "fire", trigger_id, "--payload", "[1]", code=2)
    assert "deleted" in run("triggers", "delete", trigger_id)
    assert "TRIGGER_NOT_FOUND" in run("triggers", "get", trigger_id, code=1)


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


def test_a_calendar_is_made_filled_heeded_and_deleted(stack: Stack, run: Run, tmp_path: Path) -> None:
    made = json.loads(
        run(
            "calendars",
            "create",
            "Munich",
            "--country",
            "DE",
            "--subdivision",
            "BY",
            "--hours",
            "mon=09:00-17:00",
            "--json",
        )
    )
    calendar_id = made["calendar_id"]
    assert made["working_hours"] == {"mon": ["09:00", "17:00"]}
    year = datetime.now(UTC).year + 1
    assert "Epiphany" in run("calendars", "days", calendar_id, str(year))
    file = tmp_path / "closed.ics"
    file.write_bytes(
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Stocktaking\r\n"
        + f"DTSTART;VALUE=DATE:{year}0210\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n".encode()
    )
    assert run("calendars", "import", calendar_id, str(file)) == "added 1 days and 0 blackouts\n"
    assert "Stocktaking" in run("calendars", "days", calendar_id, str(year))
    assert "is changed" in run("calendars", "update", calendar_id, "--rules", "[]")
    assert "Say what is to change" in run("calendars", "update", calendar_id, code=2)
    assert "--rules is not JSON" in run("calendars", "update", calendar_id, "--rules", "{", code=2)
    assert run("calendars", "refresh", calendar_id) == f"holidays until {year + 4}-12-31\n"
    assert "Munich" in run("calendars", "list")
    assert json.loads(run("calendars", "get", calendar_id))["rules"] == []
    simulated = run("schedules", "simulate", "0 9 * * *", "--calendar", calendar_id, "--count", "7")
    assert simulated.count("holiday") >= 6
    workflow_id = str(make_workflow(stack.database, stack.tenant).workflow_id)
    schedule = json.loads(
        run(
            "schedules",
            "create",
            workflow_id,
            "0 8 * * *",
            "--calendar",
            calendar_id,
            "--on-closed-day",
            "next",
            "--json",
        )
    )
    assert "moved" in run("schedules", "explain", schedule["schedule_id"], f"{year}-02-11T08:00:00Z")
    assert "CALENDAR_IN_USE" in run("calendars", "delete", calendar_id, code=1)
    run("schedules", "delete", schedule["schedule_id"])
    assert run("calendars", "delete", calendar_id) == "deleted\n"


def test_calendars_schedules_and_triggers_are_named_as_people_call_them(stack: Stack, run: Run) -> None:
    workflow = make_workflow(stack.database, stack.tenant).workflow_id
    called = str(workflow)[-8:]
    calendar = json.loads(run("calendars", "create", f"Office {called}", "--json"))
    assert json.loads(run("calendars", "get", f"Office {called}"))["calendar_id"] == calendar["calendar_id"]
    named = ("--calendar", f"Office {called}")
    simulated = run("schedules", "simulate", "0 9 * * *", *named, "--count", "7")
    assert simulated.count("holiday") == 2, "a weekend"
    for _ in range(2):
        run("schedules", "create", str(workflow), "0 8 * * *", *named, "--name", f"Early {called}")
    twice = run("schedules", "get", f"Early {called}", code=2)
    assert f"2 have the name Early {called}; say which by its id" in twice
    first = re.findall(r"[0-9a-f-]{36}", twice)[0]
    run("schedules", "update", first, "--name", f"Late {called}", *named)
    schedule = json.loads(run("schedules", "get", f"Late {called}"))
    assert (schedule["schedule_id"], schedule["calendar_id"]) == (first, calendar["calendar_id"])
    run("triggers", "create", str(workflow), "manual", "--name", f"Bell {called}")
    assert "job " in run("triggers", "fire", f"Bell {called}")
    for noun, name in (("calendar", "calendars"), ("schedule", "schedules"), ("trigger", "triggers")):
        said = run(name, "get", "nowhere", code=1)
        assert f"There is no {noun} nowhere: casare-cloud {name} list shows what is there." in said


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
    assert "is revoked." in run("keys", "revoke", rotated["api_key_id"], "--yes")
    listed = json.loads(run("keys", "list", "--json"))["keys"]
    states = {row["api_key_id"]: row["status"] for row in listed}
    assert states[key["api_key_id"]] != "active"
    assert states[rotated["api_key_id"]] == "revoked"
    assert "key" not in listed[0]


def test_figures_are_tables_or_json(run: Run) -> None:
    assert "total robots" in run("metrics", "fleet")
    assert "jobs that ended" in run("metrics", "analytics", "--days", "30")
    assert json.loads(run("metrics", "analytics", "--json"))["total_jobs"] >= 0
    assert run("metrics", "series", "--interval", "day", "--count", "2").count("\n") == 3
    assert len(json.loads(run("metrics", "series", "--interval", "minute", "--json"))["points"]) == 60
