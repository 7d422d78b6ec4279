"""What a robot says of the desktop session that it runs in."""

import stat
import sys
from pathlib import Path

import pytest
from tests.robot.lives import MakeLife

from casare_cloud.robot import desktop, machine
from casare_cloud.robot.desktop import read_session

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="of systems with logind")


@pytest.fixture
def loginctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `loginctl` that says what is in its file."""
    program = tmp_path / "loginctl"
    program.write_text(f'#!/bin/sh\n[ "$2" = 7 ] || exit 1\nread word <{tmp_path}/word && echo "$word"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(desktop, "_FRAME_BUFFER", tmp_path / "size")
    (tmp_path / "size").write_text("1920,1080\n")
    return tmp_path / "word"


@pytest.mark.parametrize(("word", "is_locked"), [("yes", True), ("no", False)])
def test_a_session_is_locked_as_logind_says(loginctl: Path, word: str, is_locked: bool) -> None:
    loginctl.write_text(f"{word}\n")
    session = read_session({"DISPLAY": ":0", "XDG_SESSION_ID": "7"})
    assert session is not None
    assert session.pop("user")
    assert session == {"interactive": True, "locked": is_locked, "width": 1920, "height": 1080}


def test_a_machine_without_a_desktop_says_nothing(loginctl: Path) -> None:
    assert read_session({}) is None
    assert read_session({"DISPLAY": "", "XDG_SESSION_ID": "7"}) is None


def test_a_session_of_which_nobody_knows_whether_it_is_locked_is_left_out(loginctl: Path) -> None:
    loginctl.write_text("maybe\n")
    assert read_session({"DISPLAY": ":0", "XDG_SESSION_ID": "7"}) is None
    assert read_session({"DISPLAY": ":0", "XDG_SESSION_ID": "8"}) is None, "logind does not know it"


def test_a_virtual_display_is_never_locked(loginctl: Path) -> None:
    session = read_session({"DISPLAY": ":99"})
    assert session is not None
    assert session["locked"] is False


async def test_heartbeats_carry_it(make_life: MakeLife, monkeypatch: pytest.MonkeyPatch) -> None:
    session = {"user": "ann", "interactive": True, "locked": False}
    monkeypatch.setattr(machine, "read_session", lambda: session)
    life = make_life()
    async with life.working():
        await life.until(lambda: life.transport.metrics, "a heartbeat")
    assert life.transport.metrics[0]["session"] == session
