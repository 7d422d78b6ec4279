"""`casare-cloud import casare`: what an installation holds is brought in once, and what will not run is said."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run
from tests.robot.stack import Stack
from tests.robot.workflows import chain

from casare_cloud.cli.importing.schedules import NotTaken, translate

HELLO = chain(("log", "LogNode", {"message": "hello"}))
MOON = chain(("click", "ClickElementOnTheMoonNode", {"selector": "#x"}))  # for which a robot may have a plugin
BROKEN = {**MOON, "connections": [{"source_node": "click", "target_node": "nowhere"}]}
NOW = datetime(2026, 11, 30, tzinfo=UTC)
TOKEN = "crpa-a-token-of-an-installation"


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """A folder as the orchestrator, the designer and a robot leave it."""
    storage = tmp_path / "orchestrator"
    storage.mkdir()

    def write(name: str, content: Any) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))

    mark = tmp_path.name  # tests of a module share a tenant
    workflow = {
        "id": f"wf-1-{mark}",
        "name": "Invoices",
        "description": "Books them",
        "json_definition": json.dumps(HELLO),
    }
    write("orchestrator/workflows.json", [workflow])
    write("workflows/clicks.json", {**BROKEN, "metadata": {"name": "Clicks", "id": f"wf-2-{mark}"}})
    write("workflows/copy.json", {"workflow_id": f"wf-1-{mark}", "workflow_name": "Invoices", "workflow_json": HELLO})
    other = {"workflow_id": f"wf-1-{mark}", "workflow_name": "Other invoices", "workflow_json": MOON}
    write("workflows/other.json", other)
    write("workflows/moon.json", {**MOON, "metadata": {"name": "Moon", "id": f"wf-3-{mark}"}})
    city = {"name": "city", "data_type": "String", "default_value": "Oslo"}
    template = {"id": f"tmpl-{mark}", "name": "Cities", "base_workflow": HELLO, "default_variables": [city]}
    write("templates/cities.json", template)
    write("package.json", {"name": "something else"})
    schedule = {"timezone": "Europe/Berlin", "priority": 2, "enabled": True, "workflow_name": "x", "robot_id": None}
    cron = {"frequency": "cron", "cron_expression": "0 9 * * 1-5"}
    write(
        "orchestrator/schedules.json",
        [
            {**schedule, **cron, "id": f"s-1-{mark}", "name": "Mornings", "workflow_id": f"wf-1-{mark}"},
            {**schedule, **cron, "id": f"s-2-{mark}", "name": "Clicking", "workflow_id": f"wf-2-{mark}"},
            {**schedule, **cron, "id": f"s-3-{mark}", "name": "Lost", "workflow_id": "wf-9"},
            {**schedule, "frequency": "cron", "cron_expression": "61 * * * *", "id": "s-4", "name": "Never",
             "workflow_id": f"wf-1-{mark}"},
        ],
    )  # fmt: skip
    write(
        "orchestrator/robots.json",
        [{"id": f"line-1-{mark}", "name": "Line 1", "max_concurrent_jobs": 2, "tags": ["excel"]}],
    )
    write("orchestrator/triggers.json", [{"id": "t-1", "name": "Order came", "trigger_type": "webhook"}])
    write("orchestrator/jobs.json", [{"id": "j-1"}])
    write(
        "config/robot.yaml",
        f'robot:\n  id: "line-2-{mark}"\n  name: "Line 2"\n  tags:\n    - "windows"\n'
        f'orchestrator:\n  url: "https://x"\n  api_token: "{TOKEN}-{mark}"\nexecution:\n  max_concurrent_jobs: 3\n',
    )
    sha256 = hashlib.sha256(f"first-{mark}".encode()).hexdigest()
    write(".env", f'PORT=8000\nROBOT_TOKENS="line-1-{mark}:{sha256},nonsense"\n')
    write("workflows/half.json", '{"nodes": [')
    return tmp_path


def test_a_robots_own_files_say_who_it_is_what_it_can_and_which_token_it_has(
    run: Run, stack: Stack, tmp_path: Path
) -> None:
    mark = tmp_path.name
    robot_id = f"robot-desk-{mark}"[:64]
    identity = {"worker_robot_id": "worker", "fleet_robot_id": robot_id, "fleet_robot_name": "Desk"}
    (tmp_path / "robot_identity.json").write_text(json.dumps(identity))
    (tmp_path / "config.yaml").write_text(
        'orchestrator:\n  url: "wss://old/ws/robot"\n  api_key: ""\n'
        "robot:\n  name: Desk\n  capabilities:\n    - browser\n  max_concurrent_jobs: 2\n"
    )
    token = f"crpa_0123456789abcdef_{mark}"
    (tmp_path / ".env").write_text(f"export CASARE_ORCHESTRATOR_API_KEY='{token}'\nCASARE_ENVIRONMENT=office\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "robot.yml").write_text(f"robot:\n  name: nameless-{mark}\n")
    (tmp_path / "other" / ".env").write_text("ORCHESTRATOR_API_KEY=crpa_of_somebody\n")
    entries = json.loads(run("import", "casare", str(tmp_path), "--json"))
    assert [(entry["kind"], entry["name"], entry["outcome"]) for entry in entries] == [
        ("file", "other/.env", "left behind"),
        ("robot", "Desk", "new"),
        ("robot", f"nameless-{mark}", "new"),
        ("token", robot_id, "new"),
    ]
    assert f"CASARE_ROBOT_ID=nameless-{mark}" in " ".join(entries[2]["reasons"])
    [made] = stack.rows("select * from public.robots where external_id = %s", robot_id)
    assert (made["name"], made["environment"], made["capabilities"], made["max_concurrent_jobs"]) == (
        "Desk", "office", ["browser"], 2,
    )  # fmt: skip
    kept = stack.rows("select 1 from public.api_keys where key_hash = %s", hashlib.sha256(token.encode()).digest())
    assert len(kept) == 1


def outcomes(said: str) -> dict[tuple[str, str], str]:
    return {(entry["kind"], entry["name"]): entry["outcome"] for entry in json.loads(said)}


def test_an_installation_is_imported_once(run: Run, stack: Stack, installation: Path) -> None:
    mark = installation.name
    before = len(stack.rows("select 1 from public.jobs"))
    said = run("import", "casare", str(installation), "--json", code=1)
    assert outcomes(said) == {
        ("file", ".env"): "left behind",
        ("file", "orchestrator/jobs.json"): "left behind",
        ("file", "workflows/half.json"): "left behind",
        ("workflow", "Clicks"): "new",
        ("workflow", "Invoices"): "unchanged",  # the second one, of the other file
        ("workflow", "Moon"): "new",
        ("workflow", "Cities"): "new",
        ("file", "package.json"): "left behind",
        ("workflow", "Other invoices"): "refused",
        ("robot", "Line 1"): "new",
        ("robot", "Line 2"): "new",
        ("token", f"line-1-{mark}"): "new",
        ("token", f"line-2-{mark}"): "new",
        ("schedule", "Mornings"): "new",
        ("schedule", "Clicking"): "new",
        ("schedule", "Lost"): "refused",
        ("schedule", "Never"): "refused",
        ("trigger", "Order came"): "left behind",
    }
    reasons = {
        (entry["kind"], entry["name"], entry["outcome"]): " ".join(entry["reasons"]) for entry in json.loads(said)
    }
    assert "will not run: " in reasons["workflow", "Clicks", "new"]
    assert "has a target that is no node: nowhere (connections[0].target)." in reasons["workflow", "Clicks", "new"]
    assert reasons["workflow", "Invoices", "new"] == ""
    assert reasons["workflow", "Invoices", "unchanged"] == "is the same as in orchestrator/workflows.json."
    assert "and that was taken" in reasons["workflow", "Other invoices", "refused"]
    assert "only a robot with a plugin for it can run it" in reasons["workflow", "Moon", "new"]
    assert "count from Sunday" in reasons["schedule", "Mornings", "new"]
    assert "is disabled here" in reasons["schedule", "Clicking", "new"]
    assert "its workflow wf-9 is not in the folder" in reasons["schedule", "Lost", "refused"]
    assert "'61' must lie between 0 and 59" in reasons["schedule", "Never", "refused"]

    ids = {entry["name"]: entry["id"] for entry in json.loads(said) if entry["outcome"] == "new"}
    workflow = json.loads(run("workflows", "get", ids["Invoices"]))
    assert (workflow["workflow_json"], workflow["description"], workflow["version"]) == (HELLO, "Books them", 1)
    variables = json.loads(run("workflows", "get", ids["Cities"]))["workflow_json"]["variables"]
    assert variables["city"]["default_value"] == "Oslo"
    [mornings] = stack.rows("select * from public.schedules where schedule_id = %s", ids["Mornings"])
    assert (mornings["cron_expression"], mornings["timezone"], mornings["priority"]) == (
        "0 9 * * 1-5",
        "Europe/Berlin",
        5,
    )
    [clicking] = stack.rows("select is_enabled from public.schedules where schedule_id = %s", ids["Clicking"])
    assert clicking["is_enabled"] is False
    [line] = stack.rows("select * from public.robots where external_id = %s", f"line-2-{mark}")
    assert (line["name"], line["max_concurrent_jobs"], line["tags"]) == ("Line 2", 3, ["windows"])
    hashes = {
        row["key_hash"]
        for row in stack.rows("select key_hash from public.api_keys where robot_id = %s", line["robot_id"])
    }
    assert hashlib.sha256(f"{TOKEN}-{mark}".encode()).digest() in {bytes(each) for each in hashes}
    assert TOKEN not in said

    again = outcomes(run("import", "casare", str(installation), "--json", code=1))
    assert {outcome for (kind, _), outcome in again.items() if kind != "file"} == {
        "unchanged",
        "refused",
        "left behind",
    }
    assert len(stack.rows("select 1 from public.schedules where metadata ->> 'external_id' like %s", f"%{mark}")) == 2
    (installation / "workflows/clicks.json").write_text(
        json.dumps({**HELLO, "metadata": {"name": "Clicks", "id": f"wf-2-{mark}"}})
    )
    changed = outcomes(run("import", "casare", str(installation), "--json", code=1))
    assert changed["workflow", "Clicks"] == "changed"
    assert json.loads(run("workflows", "get", ids["Clicks"]))["version"] == 2
    assert len(stack.rows("select 1 from public.jobs")) == before


def test_a_dry_run_says_the_same_and_changes_nothing(run: Run, stack: Stack, installation: Path) -> None:
    tables = ("workflows", "schedules", "robots", "api_keys", "jobs")
    counts = [len(stack.rows(f"select 1 from public.{table}")) for table in tables]
    dry = run("import", "casare", str(installation), "--dry-run", "--json", code=1)
    text = run("import", "casare", str(installation), "--dry-run", code=1)
    assert [len(stack.rows(f"select 1 from public.{table}")) for table in tables] == counts
    assert text.endswith("Nothing was changed. 5 left behind, 10 new, 1 unchanged, 3 refused.\n")
    assert "schedule  refused     Never  (orchestrator/schedules.json)" in text
    assert outcomes(dry) == outcomes(run("import", "casare", str(installation), "--json", code=1))


def test_an_empty_folder_is_nothing_to_import(run: Run, tmp_path: Path) -> None:
    assert run("import", "casare", str(tmp_path)) == "nothing to import.\n"


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"frequency": "cron", "cron_expression": "0 30 9 * * MON"}, {"cron_expression": "30 9 * * MON"}),
        (
            {"frequency": "once", "next_run": "2027-01-01T09:00:00", "timezone": "Europe/Berlin"},
            {"frequency": "once", "run_at": "2027-01-01T08:00:00+00:00"},
        ),
        (
            {"frequency": "daily", "next_run": "2026-12-01T09:30:00Z"},
            {"frequency": "daily", "starts_at": "2026-12-01T09:30:00+00:00"},
        ),
        (
            {"frequency": "daily", "next_run": "2026-12-01T09:30:41.123456Z"},
            {"frequency": "daily", "starts_at": "2026-12-01T09:30:00+00:00"},
        ),
        ({"frequency": "hourly", "priority": "critical"}, {"frequency": "hourly", "priority": 0}),
    ],
)
def test_a_schedule_is_translated(data: dict[str, Any], fields: dict[str, Any]) -> None:
    assert translate(data, NOW).fields.items() >= fields.items()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"frequency": "once", "next_run": "2026-01-01T09:00:00"}, "its time has passed"),
        ({"frequency": "once"}, "it says no time"),
        ({"frequency": "cron", "cron_expression": "*/5 0 9 * * *"}, "names seconds"),
        ({"frequency": "sometimes"}, "its frequency is 'sometimes'"),
        ({"frequency": "daily", "priority": 9}, "priority: 9 is none of"),
        ({"frequency": "daily", "next_run": "soon"}, "its next run cannot be read"),
        ({"frequency": "daily", "next_run": "2026-12-01T09:30:00", "timezone": "Mars/Base"}, "cannot be read"),
    ],
)
def test_a_schedule_that_cannot_run_here_is_not_taken(data: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotTaken, match=reason):
        translate(data, NOW)
