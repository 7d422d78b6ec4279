"""What the embedded stack keeps: private files, one stack at a time, sentences that help."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from casare_cloud.cli.app import app
from casare_cloud.env_file import find_env_file, find_stack_folder
from casare_cloud.local import state as state_module
from casare_cloud.local.errors import LocalStackError
from casare_cloud.local.state import Ports, StateFolder


def test_secrets_and_environment_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "casare")
    state.create()
    state.secrets()
    state.write_env({"ROBOT_API_KEY": "crpa_x"})
    for name in ("secrets.json", "env"):
        assert (state.path / name).stat().st_mode & 0o777 == 0o600


def test_secrets_stay_the_same_between_starts(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    assert state.secrets() == StateFolder(tmp_path).secrets()


def test_damaged_secrets_say_how_to_start_over(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps({"publishable_key": "x"}))
    with pytest.raises(LocalStackError, match="up --fresh"):
        StateFolder(tmp_path).secrets()


def test_only_a_folder_of_a_stack_is_erased(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    assert state.lock()
    assert not state.has_data()
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(LocalStackError, match="is not erased: it has thesis"):
        state.erase()
    assert (tmp_path / "thesis.txt").exists()
    state.secrets()
    assert state.has_data()
    state.erase()
    assert {entry.name for entry in tmp_path.iterdir()} == {"lock"}


def test_fresh_asks_before_it_erases_and_is_refused_while_a_stack_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASARE_HOME", str(tmp_path))
    StateFolder(tmp_path).secrets()
    for more in ([], ["--detach"]):
        answer = CliRunner().invoke(app, ["up", "--fresh", *more], input="n\n")
        assert (answer.exit_code, "Erase the database" in answer.stderr) == (1, True)
    assert (tmp_path / "secrets.json").exists()
    running = StateFolder(tmp_path)
    assert running.lock()
    for option in (["--fresh", "--yes"], ["--supabase"], ["--port-offset", "0"]):
        answer = CliRunner().invoke(app, ["up", *option])
        assert (answer.exit_code, option[0] in answer.stderr) == (2, True)


def test_a_stack_of_another_account_above_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CASARE_HOME", raising=False)
    planted, below = tmp_path / ".casare", tmp_path / "below"
    planted.mkdir()
    below.mkdir()
    for name in ("env", "lock"):
        (planted / name).touch()
    assert (find_env_file(below), find_stack_folder(below)) == (planted / "env", planted)
    monkeypatch.setattr(os, "getuid", lambda: planted.stat().st_uid + 1)
    assert (find_env_file(below), find_stack_folder(below)) == (None, below / ".casare")


@pytest.mark.parametrize("foreign", [".casare", ".casare/env"])
def test_a_stack_of_another_account_in_this_folder_is_refused_by_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, foreign: str
) -> None:
    monkeypatch.delenv("CASARE_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".casare").mkdir()
    (tmp_path / ".casare" / "env").write_text("ORCHESTRATOR_URL=http://127.0.0.1:1\n")
    look = os.stat

    def stat(path: Any, **options: Any) -> os.stat_result:
        found = look(path, **options)
        planted = str(path) == str(tmp_path / foreign)
        return os.stat_result((*found[:4], found.st_uid + 1, *found[5:10])) if planted else found

    monkeypatch.setattr(os, "stat", stat)
    for command in (["jobs", "list"], ["status"], ["up", "--detach"], ["login", "--with-key"]):
        answer = CliRunner().invoke(app, command)
        assert answer.exit_code == 1
        assert f"{foreign} cannot be used: it belongs to another account." in answer.stderr
    assert sorted(entry.name for entry in (tmp_path / ".casare").iterdir()) == ["env"]
    monkeypatch.setenv("CASARE_HOME", str(tmp_path / ".casare"))
    assert find_env_file() == tmp_path / ".casare" / "env", "who names it means it"


def test_a_folder_that_is_gone_is_told_by_every_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CASARE_HOME", raising=False)
    (gone := tmp_path / "gone").mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for command in (["jobs", "list"], ["status"], ["up", "--detach"]):
        answer = CliRunner().invoke(app, command)
        assert answer.exit_code == 1
        assert "this folder cannot be used: it does not exist any more: go to another one." in answer.stderr


def test_the_environment_file_reads_back(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    values = {"DATABASE_URL": "postgresql://a:b@127.0.0.1/x?a=b", "CASARE_SIGNING_KEY": '{"kty": "EC"}'}
    state.write_env(values)
    assert state.read_env() == values


def test_the_environment_file_can_be_read_by_a_shell(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    values = {"KEY": '{"kty": "EC"}', "FOLDER": "/home/o'neill/a $HOME `b`", "PLAIN": "crpa_x", "EMPTY": ""}
    state.write_env(values)
    script = '. "$1"; for each in "$KEY" "$FOLDER" "$PLAIN" "$EMPTY"; do echo "$each"; done'
    answer = subprocess.run(["sh", "-c", script, "sh", str(state.env_file)], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == list(values.values())
    assert state.read_env() == values


def test_the_lock_names_its_process_and_not_that_of_an_earlier_run(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("1234567890")
    state = StateFolder(tmp_path)
    assert state.holder() is None
    assert state.lock()
    assert StateFolder(tmp_path).holder() == os.getpid()


def test_a_second_stack_cannot_take_the_lock(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    assert state.lock()
    program = (
        "from pathlib import Path; from casare_cloud.local.state import StateFolder; "
        f"state = StateFolder(Path({str(tmp_path)!r})); print(state.is_locked(), state.lock())"
    )
    source = str(Path(__file__).parents[2] / "src")
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONPATH": source}
    )
    assert answer.stdout.split() == ["True", "False"]


def test_a_lock_left_by_a_dead_process_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    assert not StateFolder(tmp_path).is_locked()


def test_fresh_erases_everything_but_the_lock(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    assert state.lock()
    state.secrets()
    (tmp_path / "postgres").mkdir()
    state.erase()
    assert [entry.name for entry in tmp_path.iterdir()] == ["lock"]


def test_a_taken_port_is_named_with_a_way_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        ports = Ports(other.getsockname()[1] - 8000)
        with pytest.raises(LocalStackError, match=r"port \d+ \(orchestrator\).*--port-offset"):
            ports.refuse_taken(["orchestrator"])


def test_a_port_that_is_taken_moves_all_ports_to_the_nearest_hundred_that_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = {8000, 54421}
    monkeypatch.setattr(state_module, "port_is_free", lambda port: port not in taken)
    monkeypatch.setattr(state_module, "is_listening", lambda port: False)
    names = ["platform", "postgres", "orchestrator"]
    assert Ports().taken(names) == ["8000 (orchestrator)"]
    assert Ports.nearest_free(names).offset == 200


def test_a_port_of_an_outgoing_connection_is_taken_though_nobody_listens() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        assert Ports(port - 8000).taken(["orchestrator"]) == [f"{port} (orchestrator)"]


def test_the_folder_of_a_stack_is_found_from_the_folders_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tmp_path / "project" / "flows"
    below.mkdir(parents=True)
    monkeypatch.delenv("CASARE_HOME", raising=False)
    monkeypatch.chdir(below)
    (tmp_path / ".casare").mkdir()
    (tmp_path / ".casare" / "lock").touch()
    (tmp_path / "project" / ".casare").mkdir()
    assert StateFolder.default().path == tmp_path / ".casare", "no stack was ever in the nearer one"
    monkeypatch.setenv("CASARE_HOME", "elsewhere")
    assert StateFolder.default().path == below / "elsewhere"


def test_each_project_has_a_demo_tenant_of_its_own(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    state.keep_demo("embedded", {"ROBOT_API_KEY": "crpa_x"})
    state.keep_demo("https://a.example", {"ROBOT_API_KEY": "crpa_y"})
    assert [state.demo_of(project).get("ROBOT_API_KEY") for project in ("embedded", "https://a.example", "other")] == [
        "crpa_x",
        "crpa_y",
        None,
    ]
    assert (tmp_path / "demos.json").stat().st_mode & 0o777 == 0o600
