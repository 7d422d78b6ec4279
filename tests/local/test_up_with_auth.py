"""`casare-cloud up --auth-bin`: another program serves Auth behind the platform's gateway, under the supervisor."""

import os
import signal
import sys
from pathlib import Path

import httpx2
import pytest
from tests.local.stacks import SOURCE, free_offset, has_finished_demo_job, run_command, running_stack, until

STAND_IN = Path(__file__).parent / "auth_stand_in.py"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "auth"
    path.write_text(f'#!/bin/sh\nPYTHONPATH="{SOURCE}" exec "{sys.executable}" "{STAND_IN}" "$@"\n')
    path.chmod(0o755)
    return path


def test_a_named_auth_runs_in_the_emulator_s_place(tmp_path: Path, program: Path) -> None:
    with running_stack(tmp_path / "home", "--auth-bin", str(program)) as stack:
        assert has_finished_demo_job(stack), "the demo signs in, and its token carries what the hook says"
        env = stack.state.read_env()
        part = stack.parts()["auth"]
        assert (part["state"], part["address"]) == ("running", f"http://127.0.0.1:{stack.ports.auth}")
        assert "/token" in Path(part["log"]).read_text()
        os.kill(part["pid"], signal.SIGKILL)
        until(lambda: stack.parts()["auth"]["restarts"] == 1 and stack.parts()["auth"]["state"] == "running", "no Auth")
        settings = httpx2.get(
            f"{env['SUPABASE_URL']}/auth/v1/settings",
            headers={"apikey": env["SUPABASE_PUBLISHABLE_KEY"]},
            trust_env=False,
        )
        assert settings.json()["external"]["email"] is True


@pytest.mark.parametrize("named", ["nothing", "folder", "text"])
def test_what_is_no_program_is_refused_before_anything_starts(tmp_path: Path, named: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("no program")
    answer = run_command(tmp_path / "home", "up", "--auth-bin", str(tmp_path / named))
    assert answer.returncode == 1
    assert "no program that can be run" in answer.stderr
    assert "--auth-bin" in answer.stderr


def test_a_migration_that_fails_ends_the_start_with_its_words(tmp_path: Path) -> None:
    program = tmp_path / "auth"
    program.write_text("#!/bin/sh\necho 'that did not work'\nexit 3\n")
    program.chmod(0o755)
    offset = str(free_offset())
    answer = run_command(tmp_path / "home", "up", "--port-offset", offset, "--auth-bin", str(program))
    assert answer.returncode == 1
    assert "ended with exit code 3" in answer.stderr
    assert "that did not work" in answer.stderr
