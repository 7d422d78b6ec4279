"""The rules of clig.dev that can be checked, held by every command."""

import json
import re
import shlex
from datetime import UTC, datetime, timedelta

import click
import pytest
from tests.cli.conftest import Run
from tests.cli.test_cli import ROOT, commands
from typer.testing import CliRunner

from casare_cloud.cli import output
from casare_cloud.cli.app import app

# What starts programs, opens something or prints for a shell or a person's eyes has no answer that is JSON.
NO_ANSWER = {"up", "down", "dashboard", "demo", "completion", "robot run", "stack logs", "db psql", "db export"}
# The owner's rare work on the database; the sentences that it prints are the protocol of what was done.
OWNERS = {"db reseal", "db tenants give", "db tenants purge", "keys import-robot-tokens"}
TAKES_ALONG = {
    "workflows delete",
    "pools delete",
    "members remove",
    "purge",
    "db tenants purge",
    "dlq delete",
    "keys revoke",
}
PATHS = [" ".join(path) for path in commands()]


def command(path: str) -> click.Command:
    found: click.Command = ROOT
    for name in path.split():
        found = found.commands[name]  # type: ignore[attr-defined]
    return found


def options(path: str) -> set[str]:
    return {name for each in command(path).params for name in (*each.opts, *each.secondary_opts)}


def test_every_command_shows_an_example_that_could_be_typed() -> None:
    for path in PATHS:
        examples = re.findall(r"casare-cloud ([^·`\n]+)", (command(path).help or "").partition("Example")[2])
        assert examples, f"{path} has no example"
        assert any(example.startswith(path) for example in examples), f"{path}: {examples}"
        for example in examples:
            named = [word for word in shlex.split(example.replace("\\", "")) if word.startswith("--")]
            known = options(path) | {"--profile"}
            if example.startswith(path):
                assert {word.partition("=")[0] for word in named} <= known, f"{path}: {example}"


def test_every_answer_can_be_had_as_json() -> None:
    missing = {path for path in PATHS if "--json" not in options(path)}
    assert missing == (NO_ANSWER | OWNERS) & set(PATHS)


def test_what_takes_other_things_along_can_be_confirmed_beforehand() -> None:
    assert {path for path in TAKES_ALONG if "--yes" not in options(path)} == set()


def test_what_is_refused_is_told_on_standard_error_alone_and_by_the_exit_code() -> None:
    for arguments in (["jobs"], ["jobs", "gett"], ["jobs", "get"], ["jobs", "list", "--limit", "0"]):
        answer = CliRunner().invoke(app, arguments)
        assert answer.exit_code == 2
        if arguments != ["jobs"]:
            assert (answer.stdout, bool(answer.stderr)) == ("", True)


@pytest.mark.parametrize("path", [[], ["jobs"], ["jobs", "run"]], ids=" ".join)
def test_h_is_help(path: list[str]) -> None:
    assert CliRunner().invoke(app, [*path, "-h"]).stdout == CliRunner().invoke(app, [*path, "--help"]).stdout


def test_what_is_printed_elsewhere_than_on_a_terminal_has_no_colour_and_whole_times(run: Run) -> None:
    run("limits", "set", "9", "--key", "rules")
    printed = run("limits", "list") + run("keys", "list")
    assert "\x1b" not in printed
    assert re.search(r"\d{4}-\d\d-\d\dT", json.dumps(run("keys", "list", "--json")))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "now"), (59, "59 s ago"), (60, "1 min ago"), (7200, "2 h ago"), (-90, "in 1 min"), (86400 * 3, "3 d ago")],
)
def test_times_are_said_relative_to_now(seconds: int, said: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert output.ago(now - timedelta(seconds=seconds), now) == said


def test_a_table_fits_the_terminal_and_ids_stay_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = "550e8400-e29b-41d4-a716-446655440000"
    row = [job_id, "No robot can take this job now, because none of them has the capability teleporting."]
    monkeypatch.setenv("COLUMNS", "80")
    output.print_table(("job", "why"), [row])
    assert row[1] in capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    output.print_table(("job", "why"), [row])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) == 80
    assert job_id in lines[1]
    assert lines[1].endswith("…")
