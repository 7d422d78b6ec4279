"""What a killed stack left running is found and ended, and nothing else is touched."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.local.stacks import run_command

from casare_cloud.local.leftovers import end_leftovers, find_leftovers
from casare_cloud.local.state import STACK_MARK, StateFolder

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only /proc tells whose a process is")

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
WITH_CHILD = "import subprocess, sys, time; subprocess.Popen([sys.executable, *sys.argv[1:]]); time.sleep(600)"


class Programs:
    """Programs in sessions of their own, as the supervisor starts them; ended with the test."""

    def __init__(self) -> None:
        self.started: list[subprocess.Popen[str]] = []

    def start(self, mark: str | None, program: str = STUBBORN, *arguments: str) -> int:
        env = {name: value for name, value in os.environ.items() if name != STACK_MARK}
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            env=env if mark is None else {**env, STACK_MARK: mark},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process.pid


@pytest.fixture
def programs() -> Iterator[Programs]:
    programs = Programs()
    yield programs
    for process in programs.started:
        process.kill()
        process.wait()


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    state = StateFolder(tmp_path / ".casare")
    state.create()
    return state


def is_running(pid: int) -> bool:
    descriptor = os.pidfd_open(pid)
    readable, _, _ = select.select([descriptor], [], [], 0)
    os.close(descriptor)
    return not readable


def test_down_ends_what_a_killed_stack_left_also_when_it_does_not_listen(
    state: StateFolder, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casare_cloud.local.leftovers._PATIENCE_SECONDS", 0.3)
    left = programs.start(state.mark())
    assert f"process {left}" in run_command(state.path, "status").stdout
    assert list(end_leftovers(state).processes) == [left]
    assert not is_running(left)
    assert run_command(state.path, "down").stdout == "No stack is running.\n"


def test_down_says_what_it_ended(state: StateFolder, programs: Programs) -> None:
    left = programs.start(state.mark(), "print(flush=True); import time; time.sleep(600)")
    assert run_command(state.path, "down").stdout == (
        f"Stopped a program of it (process {left}), which a stack that was killed had left behind.\n"
    )
    assert not is_running(left)


def test_what_a_program_of_the_stack_had_started_is_found_without_it(state: StateFolder, programs: Programs) -> None:
    parent = programs.start(state.mark(), WITH_CHILD, "-c", STUBBORN)
    both = find_leftovers(state).processes
    assert parent in both
    assert len(both) == 2
    os.kill(parent, signal.SIGKILL)
    programs.started[-1].wait()
    (orphan,) = find_leftovers(state).processes
    os.kill(orphan, signal.SIGKILL)


def test_programs_of_others_are_never_the_stack_s(state: StateFolder, programs: Programs, tmp_path: Path) -> None:
    copied = StateFolder(tmp_path / "copy")
    copied.create()
    (copied.path / "mark").write_text((state.path / "mark").read_text() if state.mark() else "")
    others = [
        programs.start(None),
        programs.start(StateFolder(tmp_path / "another").mark()),
        programs.start(copied.mark()),
        programs.start(None, STUBBORN, "-m", "functions_framework", state.mark()),
    ]
    assert not find_leftovers(state)
    assert run_command(state.path, "down").stdout == "No stack is running.\n"
    assert all(is_running(pid) for pid in others)


def test_looking_makes_no_folder(tmp_path: Path) -> None:
    assert not find_leftovers(StateFolder(tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()
