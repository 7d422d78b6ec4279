"""The command line without a stack: helps, refusals, and what it costs to ask for help."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer
from typer.testing import CliRunner

from casare_cloud import __version__, error_codes
from casare_cloud.cli.app import app
from casare_cloud.local.state import StateFolder

ROOT: click.Command = typer.main.get_command(app)


def commands(command: click.Command = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every command that does something."""
    if not isinstance(command, click.Group) and not hasattr(command, "commands"):
        yield path
        return
    for name, child in command.commands.items():  # type: ignore[attr-defined]
        yield from commands(child, (*path, name))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """Runs commands in a folder without a stack, with an environment that names none."""
    monkeypatch.chdir(tmp_path)
    for name in ("CASARE_HOME", "ORCHESTRATOR_URL", "ROBOT_API_KEY", "ROBOT_ID", "DEMO_USERNAME", "CASARE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return CliRunner()


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_says_what_it_does(run: CliRunner, path: tuple[str, ...]) -> None:
    answer = run.invoke(app, [*path, "--help"])
    assert answer.exit_code == 0
    described = answer.stdout.split("\n\n")[1].strip()
    assert len(described.split()) >= 4, f"{' '.join(path)} has no help"


def test_version(run: CliRunner) -> None:
    assert run.invoke(app, ["--version"]).stdout.strip() == __version__


@pytest.mark.parametrize(
    "arguments", [["jobs", "list"], ["workflows", "list"], ["robot", "run"], ["db", "health"]], ids=" ".join
)
def test_without_a_stack_or_an_address_a_sentence_says_what_to_give(run: CliRunner, arguments: list[str]) -> None:
    answer = run.invoke(app, arguments)
    assert answer.exit_code == 2
    assert "casare-cloud up" in answer.stderr


def test_demo_and_status_without_a_stack_say_how_to_start_one(run: CliRunner) -> None:
    assert "casare-cloud up" in run.invoke(app, ["demo"]).stderr
    status = run.invoke(app, ["status"])
    assert (status.exit_code, "casare-cloud up" in status.stdout) == (3, True)
    assert run.invoke(app, ["down"]).stdout.strip() == "No stack is running."


def test_a_file_that_is_not_json_is_refused_before_anything_is_sent(run: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    answer = run.invoke(app, ["jobs", "submit", "broken.json"])
    assert answer.exit_code == 2
    assert "broken.json is not JSON" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["up"], "taken/.casare"),
        (["up", "--detach"], "taken/.casare"),
        (["robot", "run", "--work-dir", "taken/robot", "--url", "http://127.0.0.1:1", "--api-key", "k"], "taken/robot"),
    ],
    ids=lambda value: " ".join(value[:2]),
)
def test_a_folder_that_cannot_be_made_is_a_sentence(
    run: CliRunner, tmp_path: Path, arguments: list[str], named: str
) -> None:
    (tmp_path / "taken").touch()  # a file, so that not even root makes a folder in it
    answer = run.invoke(app, arguments, env={"CASARE_HOME": "taken/.casare", "ROBOT_ID": "r"})
    assert answer.exit_code == 1
    assert answer.stderr == f"error: {tmp_path / named} cannot be used: Not a directory.\n"


@pytest.mark.parametrize(
    ("options", "env", "words"),
    [
        (["--watch-folder", "not-there"], {}, "there is no folder not-there"),
        ([], {"ROBOT_WATCH_FOLDERS": "not-there"}, "there is no folder not-there"),
        ([], {"ROBOT_MAIL_URL": "imaps://mail.example.org"}, "all three or none"),
        ([], {"ROBOT_MAIL_URL": "http://m", "ROBOT_MAIL_USER": "u", "ROBOT_MAIL_PASSWORD": "p"}, "must be imaps://"),
    ],
)
def test_what_triggers_may_watch_is_not_said_by_half(
    run: CliRunner, options: list[str], env: dict[str, str], words: str
) -> None:
    robot = ["robot", "run", "--url", "http://127.0.0.1:1", "--api-key", "k", "--robot-id", "r"]
    answer = run.invoke(app, [*robot, *options], env=env)
    assert answer.exit_code == 2
    assert words in answer.stderr


def test_down_does_not_stumble_over_a_process_that_has_just_ended(run: CliRunner, tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    state = StateFolder(tmp_path / ".casare")
    assert state.lock()
    (state.path / "lock").write_text(str(ended.pid))
    answer = run.invoke(app, ["down", "--timeout", "0.1"])
    assert answer.exit_code == 1
    assert f"Process {ended.pid} did not stop" in answer.stderr


def test_an_unknown_command_is_refused(run: CliRunner) -> None:
    assert run.invoke(app, ["jbos"]).exit_code == 2


@pytest.mark.parametrize(
    "tokens", ["", "robot-001", "robot-001:abc", "robot 1:" + "0" * 64, f"a:{'0' * 64},b:{'0' * 63}"]
)
def test_robot_tokens_that_are_not_pairs_are_refused_before_anything_is_sent(run: CliRunner, tokens: str) -> None:
    answer = run.invoke(app, ["keys", "import-robot-tokens"], env={"ROBOT_TOKENS": tokens})
    assert answer.exit_code == 2
    assert "ROBOT_TOKENS" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["keys", "create", "k"], "--scope"),
        (["keys", "create", "k", "--scope", "jobs.read", "--robot-id", "r"], "no robot"),
        (["keys", "create", "k", "--kind", "robot", "--scope", "jobs.read"], "no scopes"),
    ],
    ids=" ".join,
)
def test_a_key_of_one_kind_is_not_asked_for_as_the_other(run: CliRunner, arguments: list[str], words: str) -> None:
    answer = run.invoke(app, arguments)
    assert answer.exit_code == 2
    assert words in answer.stderr


def test_supabase_without_its_environment_names_what_is_missing(run: CliRunner) -> None:
    answer = run.invoke(app, ["up", "--supabase"], env={"SUPABASE_URL": "http://127.0.0.1:1"})
    assert answer.exit_code == 1
    assert "SUPABASE_SECRET_KEY" in answer.stderr


def test_help_loads_no_client_no_server_and_no_rich_console() -> None:
    program = "import sys; from casare_cloud.cli.app import app; print(*sys.modules, sep='\\n')"
    source = str(Path(__file__).parents[2] / "src")
    answer = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": source}, capture_output=True, text=True, check=True
    )
    loaded = set(answer.stdout.split())
    assert not loaded & {"httpx2", "psycopg", "fastapi", "pydantic", "uvicorn", "casare_cloud.client", "rich.progress"}


def test_help_explains_an_error_code_however_it_is_written(run: CliRunner) -> None:
    answer = run.invoke(app, ["help", "lease_lost"])
    entry = error_codes.all_codes()["LEASE_LOST"]
    assert answer.stdout.splitlines() == [
        "LEASE_LOST (409)",
        f"what it means: {entry.means}",
        f"why it happens: {entry.why}",
        f"what to do: {entry.next_step}",
    ]
    assert json.loads(run.invoke(app, ["help", "LEASE_LOST", "--json"]).stdout)["statuses"] == [409]


def test_help_lists_all_error_codes(run: CliRunner) -> None:
    listed = {line.split()[0] for line in run.invoke(app, ["help"]).stdout.splitlines() if line}
    assert error_codes.all_codes().keys() <= listed
    assert [entry["code"] for entry in json.loads(run.invoke(app, ["help", "--json"]).stdout)] == [
        *error_codes.all_codes()
    ]


@pytest.mark.parametrize(
    ("code", "words"), [("LEASE_LOSED", "did you mean LEASE_LOST?"), ("xyzzy", "`casare-cloud help` lists all")]
)
def test_help_suggests_what_an_unknown_error_code_may_be(run: CliRunner, code: str, words: str) -> None:
    answer = run.invoke(app, ["help", code])
    assert answer.exit_code == 2
    assert words in answer.stderr


def test_explanations_of_error_codes_name_commands_that_are_there(run: CliRunner) -> None:
    there = {" ".join(path) for path in commands()}
    for entry in error_codes.all_codes().values():
        for words in re.findall(r"casare-cloud ([a-z -]+)", entry.next_step + entry.why):
            named = words.split()
            assert any(" ".join(named[:length]) in there for length in (1, 2, 3)), f"{entry.code}: {words}"
