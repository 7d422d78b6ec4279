"""`members …`, `settings …`, `audit`, `whoami`, `tenants`, `purge` and `db psql` against the real orchestrator."""

import csv
import io
import json
import os
import re
import secrets
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run
from tests.factories import make_job, make_key, make_member, make_workflow
from tests.robot.stack import Stack
from typer.main import get_command
from typer.testing import CliRunner

from casare_cloud.cli.app import app

PASSWORD = "Correct-Horse-9"


def new_email() -> str:
    return f"{secrets.token_hex(6)}@example.test"


def test_a_colleague_is_invited_registers_gets_another_role_and_is_removed(
    run: Run, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = new_email()
    made = json.loads(run("members", "invite", email, "--role", "developer", "--json"))
    assert email in run("members", "invitations", "--status", "open")
    monkeypatch.setenv("CASARE_PASSWORD", PASSWORD)
    joined = run("members", "accept", made["token"], "--register", email, "--username", email.split("@")[0])
    assert joined == f"You are a member of {stack.tenant.name}.\n"
    assert "error: " in run("members", "accept", made["token"], "--register", new_email(), code=1)
    [row] = [line.split() for line in run("members", "list", "--search", email).splitlines()[1:]]
    assert row == [email, email.split("@")[0], "-", "developer", "yes"]
    assert run("members", "role", email, "operator", "viewer") == f"{email} is operator, viewer.\n"
    assert run("members", "deactivate", email) == f"{email} is operator, viewer, without access.\n"
    assert run("members", "activate", email).endswith("viewer.\n")
    with monkeypatch.context() as person:
        person.delenv("CASARE_API_KEY")
        person.setenv("CASARE_USERNAME", email)
        said = run("whoami")
        assert said.startswith(f"{email} (user)\ntenant {stack.tenant.name} (")
        assert "roles operator, viewer\n" in said
        assert "yes" in run("tenants")
        assert json.loads(run("whoami", "--json"))["tenant_name"] == stack.tenant.name
        assert "(FORBIDDEN)" in run("members", "role", "no-id-of-a-member", "admin", code=1)
    declined = CliRunner().invoke(app, ["members", "remove", email], input="n\n")
    assert (declined.exit_code, "Remove" in declined.stderr) == (1, True)
    assert run("members", "remove", email, "--yes") == f"{email} is no member any more.\n"
    assert "There is no member" in run("members", "remove", email, "--yes", code=1)


def test_who_has_an_account_accepts_and_chooses_the_tenant(
    run: Run, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    email = new_email()
    token = json.loads(run("members", "invite", email, "--json"))["token"]
    monkeypatch.setenv("CASARE_PASSWORD", PASSWORD)
    own = make_own_tenant(stack, email)
    monkeypatch.delenv("CASARE_API_KEY")
    monkeypatch.setenv("CASARE_USERNAME", email)
    assert run("members", "accept", token).startswith(f"You are a member of {stack.tenant.name}.")
    tenants = {row["name"]: row for row in json.loads(run("tenants", "--json"))["tenants"]}
    assert set(tenants) == {own, stack.tenant.name}
    for name, tenant in tenants.items():
        monkeypatch.setenv("CASARE_TENANT", tenant["slug"])
        assert json.loads(run("whoami", "--json"))["tenant_name"] == name


def test_a_role_of_the_tenant_is_made_changed_and_deleted(run: Run) -> None:
    assert "members.write" in run("roles", "permissions")
    assert run("roles", "create", "auditor", "--allow", "jobs.read", "--allow", "audit.*") == (
        "auditor allows audit.read, jobs.read.\n"
    )
    assert run("roles", "set", "auditor", "--allow", "jobs.read") == "auditor allows jobs.read.\n"
    assert "auditor" in run("roles", "list")
    assert "--allow" in run("roles", "set", "auditor", code=2)
    assert "--allow" in run("roles", "create", "nothing", code=2)
    assert run("roles", "delete", "auditor", "--yes") == "The role auditor is deleted.\n"
    assert "There is no role auditor" in run("roles", "delete", "auditor", "--yes", code=1)
    assert "(ROLE_BUILT_IN)" in run("roles", "delete", "viewer", "--yes", code=1)


def make_own_tenant(stack: Stack, email: str) -> str:
    """Somebody who registers with a tenant of their own."""
    import httpx2

    form = {"email": email, "password": PASSWORD, "org_name": f"Own {email}"}
    answer = httpx2.post(f"{stack.orchestrator_url}/api/v1/auth/register", json=form, trust_env=False)
    assert answer.status_code == 201, answer.text
    return form["org_name"]


def test_the_token_is_the_only_line_of_standard_output_and_an_invitation_is_revoked_by_address(run: Run) -> None:
    email = new_email()
    answer = CliRunner().invoke(app, ["members", "invite", email])
    assert len(answer.stdout.splitlines()) == 1
    assert f"Send it to {email}" in answer.stderr
    assert run("members", "revoke", email) == f"The invitation of {email} is revoked.\n"
    assert "There is no open invitation" in run("members", "revoke", email, code=1)
    assert "viewer" in run("members", "roles")


def test_settings_are_shown_set_by_word_and_reset(run: Run) -> None:
    assert "queue.fair_share" in run("settings", "list")
    assert run("settings", "set", "queue.fair_share", "on") == "queue.fair_share = true\n"
    assert run("settings", "get", "queue.fair_share").startswith("queue.fair_share = true\nWhether ")
    assert run("settings", "reset", "queue.fair_share") == "queue.fair_share = false (default)\n"
    assert json.loads(run("settings", "set", "queue.ageing_minutes", "15", "--json"))["value"] == 15
    assert run("settings", "reset", "queue.ageing_minutes") == "queue.ageing_minutes = 30 (default)\n"
    assert "did you mean queue.fair_share" in run("settings", "set", "queue.fairshare", "on", code=2)
    assert "0 to 100000" in run("settings", "set", "queue.ageing_minutes", "soon", code=1)
    assert "jobs_waiting" in run("settings", "quotas")


def test_what_deletes_asks_first(run: Run, stack: Stack) -> None:
    declined = CliRunner().invoke(app, ["settings", "set", "retention.events_days", "2"], input="n\n")
    assert (declined.exit_code, "older than 2 days" in declined.stderr) == (1, True)
    assert run("settings", "set", "retention.events_days", "2", "--yes") == "retention.events_days = 2\n"
    assert run("settings", "set", "retention.events_days", "3") == "retention.events_days = 3\n"
    with stack.database.connect() as owner:
        owner.execute("update public.tenants set plan = 'pro' where tenant_id = %s", [stack.tenant.tenant_id])
    assert run("settings", "set", "retention.export_before_drop", "true").endswith("= true\n")
    for back in (["set", "retention.export_before_drop", "false"], ["reset", "retention.export_before_drop"]):
        declined = CliRunner().invoke(app, ["settings", *back], input="n\n")
        assert (declined.exit_code, "although nobody has exported them?" in declined.stderr) == (1, True)
    assert run("settings", "reset", "retention.export_before_drop", "--yes").endswith("= false (default)\n")

    workflow = make_workflow(stack.database, stack.tenant)
    stack.cancel(make_job(stack.database, workflow))
    named = ("purge", "--status", "cancelled", "--workflow", workflow.name)
    assert run(*named, "--dry-run").startswith("Would delete 1 jobs with ")
    declined = CliRunner().invoke(app, list(named), input="n\n")
    assert (declined.exit_code, "Delete 1 jobs" in declined.stderr) == (1, True)
    assert json.loads(run(*named, "--yes", "--json"))["purged"] == 1
    assert run(*named).startswith("Deleted 0 jobs")


def test_the_audit_log_is_filtered_and_a_spreadsheet(run: Run, stack: Stack) -> None:
    run("limits", "set", "7", "--key", "audited")
    run("limits", "set", "8", "--key", "audited")
    assert "max_running: 7 -> 8" in run("audit", "--of", "limits", "--search", "audited")
    assert json.loads(run("audit", "--who", "nobody", "--json")) == {
        "entries": [],
        "next": None,
        "looked_back_to": None,
    }
    rows = list(csv.DictReader(io.StringIO(run("audit", "--csv", "--of", "limits", "--search", "audited"))))
    assert [row["action"] for row in rows] == ["update", "create"]
    assert "without --json" in run("audit", "--csv", "--json", code=2)
    assert "Give --csv without" in run("audit", "--csv", "--before", "x", code=2)


def test_keys_limits_and_shares_are_named_as_people_call_them(run: Run, stack: Stack) -> None:
    workflow = make_workflow(stack.database, stack.tenant)
    assert "at most 3 at once" in run("limits", "set", "3", "--workflow", workflow.name)
    assert "no limit any more" in run("limits", "remove", "--workflow", workflow.name)
    assert ": weight 2" in run("shares", "set", workflow.name, "2")
    assert "There is no workflow" in run("limits", "set", "3", "--workflow", "no such", code=1)
    name = f"key-{secrets.token_hex(4)}"
    run("keys", "create", name, "--scope", "jobs.read")
    run("keys", "create", f"{name}-too", "--scope", "jobs.read")
    assert run("keys", "rotate", name, "--overlap-seconds", "60").startswith("sk_live_")
    assert "2 have the name" in run("keys", "revoke", name, "--yes", code=2)
    assert run("keys", "revoke", f"{name}-too", "--yes").startswith(f"{name}-too (")
    assert "There is no key" in run("keys", "revoke", f"{name}-too", "--yes", code=1)


def test_who_leaves_keys_behind_is_told_of_them(run: Run, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    member = make_member(stack.database, stack.tenant, "admin")
    key = make_key(stack.database, stack.tenant, "service", scopes=["jobs.read"])
    with stack.database.connect() as owner:
        owner.execute(
            "update public.api_keys set created_by = %s where api_key_id = %s", [member.user_id, key.api_key_id]
        )
    answer = CliRunner().invoke(app, ["members", "remove", member.email, "--yes"])
    assert str(key.api_key_id) in answer.stderr


@pytest.fixture
def psql(tmp_path: Path) -> Path:
    """A program in psql's place that says what it was started with."""
    program = tmp_path / "psql"
    program.write_text('#!/bin/sh\necho "$PGPASSWORD"\nprintf "%s\\n" "$@"\nexit 3\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def test_psql_gets_the_owners_connection_and_no_password_in_its_arguments(psql: Path) -> None:
    env = {**os.environ, "PATH": f"{psql.parent}:/usr/bin:/bin"}
    url = "postgresql://postgres:hidden@db.example.test:6543/postgres?sslmode=require"
    command = [sys.executable, "-m", "casare_cloud", "db", "psql", "--database-url", url, "-c", "select 1"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    password, place, *more = done.stdout.splitlines()
    assert (password, more) == ("hidden", ["-c", "select 1"])
    assert set(place.split()) == {
        "user=postgres", "dbname=postgres", "host=db.example.test", "port=6543", "sslmode=require",
    }  # fmt: skip


def test_every_command_of_the_document_is_one_that_there_is() -> None:
    text = (Path(__file__).parents[2] / "docs" / "teams.md").read_text()
    lines = re.findall(r"^(?:CASARE_TENANT=acme )?casare-cloud ([^#\n>]+)", text, re.MULTILINE)
    assert len(lines) > 25
    for line in lines:
        command: Any = get_command(app)
        words = shlex.split(line)
        while hasattr(command, "commands"):
            assert words[0] in command.commands, line
            command = command.commands[words.pop(0)]
        command.make_context("x", words)  # raises what a person would be told


def test_without_psql_a_sentence_says_how_to_connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CASARE_PG_BINDIR", str(tmp_path))
    url = "postgresql://postgres:hidden@db.example.test:6543/postgres"
    answer = CliRunner().invoke(app, ["db", "psql", "--database-url", url])
    assert (answer.exit_code, "host=db.example.test" in answer.stderr) == (1, True)
    assert "hidden" not in answer.output
