"""Profiles of `casare-cloud login`, and completion."""

import asyncio
import json
import os
import stat
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Run
from tests.factories import make_key, make_workflow
from tests.robot.stack import Stack
from typer.testing import CliRunner

from casare_cloud.cli import profiles
from casare_cloud.cli.app import app
from casare_cloud.cli.profiles import Profile


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder without a stack, and an environment that names no service."""
    for name in ("ORCHESTRATOR_URL", "CASARE_API_KEY", "CASARE_HOME", "CASARE_PROFILE", "CASARE_TENANT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments: str, given: str | None = None, code: int = 0) -> str:
    answer = CliRunner().invoke(app, list(arguments), input=given)
    assert answer.exit_code == code, answer.output
    return answer.stdout if code == 0 else answer.stderr


def test_a_key_is_given_once_and_kept_where_only_its_owner_reads_it(stack: Stack, nowhere: Path) -> None:
    key = make_key(stack.database, stack.tenant, "service", scopes=["*"]).text
    said = call("login", "--url", stack.orchestrator_url, "--with-key", given=key + "\n")
    assert "is signed in at" in said
    assert key not in said
    [file] = nowhere.glob("config/*/profiles.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    call("jobs", "list")
    [row] = json.loads(call("profiles", "--json"))["profiles"]
    assert (row["profile"], row["url"], row["in_use"]) == ("default", stack.orchestrator_url, True)
    assert key not in call("profiles")
    call("logout")
    assert "casare-cloud up" in call("jobs", "list", code=2)


def test_a_wrong_key_or_password_makes_no_profile(stack: Stack, nowhere: Path) -> None:
    url = ("--url", stack.orchestrator_url)
    assert "error: " in call("login", *url, "--with-key", given="sk_live_wrong\n", code=1)
    assert "INVALID_CREDENTIALS" in call("login", *url, "-u", f"nobody-{uuid.uuid4().hex}", given="no\n", code=1)
    assert "standard input has none" in call("login", *url, "-u", "ada", given="", code=2)
    assert profiles.read_all() == {}


def test_the_environment_goes_before_the_default_profile_and_a_named_one_before_both(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles.keep("default", Profile("http://default", "ada", api_key="k"))
    profiles.keep("ci", Profile("http://ci", "robot", api_key="k"))
    assert profiles.chosen() == ("default", Profile("http://default", "ada", api_key="k"))
    (nowhere / ".casare").mkdir()
    (nowhere / ".casare" / "env").write_text("ORCHESTRATOR_URL=http://local\nSUPABASE_URL=http://local\n")
    (nowhere / "deep" / "folder").mkdir(parents=True)
    monkeypatch.chdir(nowhere / "deep" / "folder")  # the stack's folder is found from below
    assert profiles.chosen() is None
    monkeypatch.setenv("CASARE_PROFILE", "ci")
    found = profiles.chosen()
    assert found is not None
    assert found[0] == "ci"
    monkeypatch.setenv("SUPABASE_URL", "http://other")
    environment = profiles.environment_of(found[1])
    assert environment["ORCHESTRATOR_URL"] == "http://ci"
    assert "SUPABASE_URL" not in environment
    monkeypatch.setenv("CASARE_PROFILE", "gone")
    assert "casare-cloud login --profile gone" in call("jobs", "list", code=2)


def test_the_profile_that_is_named_before_the_command_is_the_one_that_is_changed(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASARE_PROFILE", "")  # the option writes it: so that it is put back
    for name in ("default", "ci"):
        profiles.keep(name, Profile("http://127.0.0.1:1", "robot", api_key="k"))
    assert "ci" in call("--profile", "ci", "logout")
    assert set(profiles.read_all()) == {"default"}


def test_a_key_takes_no_tenant_and_no_user(nowhere: Path) -> None:
    for option in ("--tenant", "--username"):
        assert "leave out" in call("login", "--url", "http://127.0.0.1:1", "--with-key", option, "a", code=2)


async def test_a_users_newer_tokens_are_kept(nowhere: Path) -> None:
    from casare_cloud.cli.session import open_client

    profiles.keep(
        "default", Profile("http://127.0.0.1:1", "ada", access_token="a", refresh_token="r", ends_at=9_999_999_999)
    )
    async with await open_client() as client:
        assert client.tokens["refresh_token"] == "r"
        client._keep_tokens({"access_token": "a2", "refresh_token": "r2", "expires_in": 3600})
    kept = profiles.read_all()["default"]
    assert (kept.access_token, kept.refresh_token, kept.who) == ("a2", "r2", "ada")


async def test_two_commands_on_one_profile_refresh_its_token_once(nowhere: Path) -> None:
    from casare_cloud.cli.session import open_client

    asked: list[object] = []

    async def refresh(method: str, path: str, **arguments: Any) -> dict[str, object]:
        asked.append(arguments["json"])
        await asyncio.sleep(0)
        return {"access_token": "a2", "refresh_token": "r2", "expires_in": 3600}

    profiles.keep("default", Profile("http://127.0.0.1:1", "ada", access_token="a", refresh_token="r", ends_at=1))
    async with await open_client() as one, await open_client() as other, await open_client(may_refresh=False) as third:
        for client in (one, other, third):
            client._http.call = refresh  # type: ignore[method-assign,assignment]
        assert await third.access_token() == "a"
        assert await asyncio.gather(one.access_token(), other.access_token()) == ["a2", "a2"]
    assert asked == [{"refresh_token": "r"}]
    assert profiles.read_all()["default"].refresh_token == "r2"


async def test_signing_in_and_out_wait_for_who_changes_profiles(stack: Stack, nowhere: Path) -> None:
    key = make_key(stack.database, stack.tenant, "service", scopes=["*"]).text
    profiles.keep("default", Profile("http://127.0.0.1:1", "robot", api_key="k"))
    commands = [
        (("login", "--url", stack.orchestrator_url, "--with-key", "--profile", "ci"), {"default", "ci"}),
        (("logout",), {"ci"}),
    ]
    for command, after in commands:
        async with profiles.one_at_a_time():
            before = set(profiles.read_all())
            waiting = asyncio.create_task(asyncio.to_thread(call, *command, given=key + "\n"))
            done, _ = await asyncio.wait({waiting}, timeout=1.0)
            assert not done
            assert set(profiles.read_all()) == before
        await waiting
        assert set(profiles.read_all()) == after


async def test_a_profile_that_is_forgotten_meanwhile_does_not_come_back(nowhere: Path) -> None:
    from casare_cloud.cli.session import open_client

    async def refresh(method: str, path: str, **arguments: Any) -> dict[str, object]:
        return {"access_token": "a2", "refresh_token": "r2", "expires_in": 3600}

    profiles.keep("default", Profile("http://127.0.0.1:1", "ada", access_token="a", refresh_token="r", ends_at=1))
    async with await open_client() as client:
        client._http.call = refresh  # type: ignore[method-assign,assignment]
        profiles.keep("default", None)
        assert await client.access_token() == "a2"
    assert profiles.read_all() == {}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(shell: str) -> None:
    assert "_CASARE_CLOUD_COMPLETE" in call("completion", shell)


def test_commands_words_and_names_are_completed(run: Run, stack: Stack) -> None:
    name = f"completed-{uuid.uuid4().hex[:8]}"
    make_workflow(stack.database, stack.tenant, name=name)
    job_id = json.loads(run("jobs", "run", name, "--json"))["job_id"]

    def completed(line: str) -> set[str]:
        words = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" ")), "_CASARE_CLOUD_COMPLETE": "complete_bash"}
        program = "import sys; sys.argv[0] = 'casare-cloud'; from casare_cloud.cli.app import app; app()"
        return set(
            subprocess.run(
                [sys.executable, "-c", program],
                env={**os.environ, **words},
                capture_output=True,
                text=True,
                check=False,
            ).stdout.split()
        )

    assert "workflows" in completed("casare-cloud work")
    assert name in completed(f"casare-cloud jobs run {name[:12]}")
    assert {"@last", job_id} <= completed("casare-cloud jobs get ")
    assert completed("casare-cloud jobs list --status comp") == {"completed"}
