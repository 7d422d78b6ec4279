"""Printing never raises, whatever a console is, and nothing that others wrote reaches a terminal as a command."""

import io
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from casare_cloud.cli import output
from casare_cloud.cli.output import make_console, print_json, print_table, say
from casare_cloud.cli.watching import follow_job
from casare_cloud.printing import SafeStream, one_line, printable, try_write
from casare_cloud.robot.console import MOST_LINES, AgentEvent, EventPrinter

NAME = "Счета 发票 \ud800"


class Raising(io.StringIO):
    """A console that fails when it is written to, or flushed."""

    def __init__(self, *, on: str, error: Exception) -> None:
        super().__init__()
        self._on, self._error = on, error

    def write(self, text: str) -> int:
        if self._on == "write":
            raise self._error
        return super().write(text)

    def flush(self) -> None:
        if self._on == "flush":
            raise self._error


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


BROKEN: dict[str, Any] = {
    "none": lambda: None,
    "closed": closed,
    "a broken pipe": lambda: Raising(on="write", error=BrokenPipeError(32, "Broken pipe")),
    "flush fails": lambda: Raising(on="flush", error=OSError(5, "Input/output error")),
    "of no known kind": lambda: Raising(on="write", error=RuntimeError("odd")),
    "a full disk": lambda: open("/dev/full", "w", encoding="utf-8"),  # noqa: SIM115
    "no stream at all": object,
}


@pytest.fixture(params=BROKEN)
def broken(request: pytest.FixtureRequest) -> Iterator[Any]:
    stream = BROKEN[request.param]()
    yield stream
    if request.param == "a full disk":
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        stream.close()


def test_a_stream_that_is_broken_gives_a_reason_and_raises_nothing(broken: Any) -> None:
    assert try_write(broken, NAME)
    safe = SafeStream(broken)
    for _ in range(2):
        safe.write(NAME)
        safe.flush()
    assert safe.failure
    assert isinstance(safe.encoding, str)


def test_a_robot_goes_on_when_its_console_is_broken(broken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", broken)
    printer = EventPrinter()
    for _ in range(3):
        printer(AgentEvent("claimed", NAME))
    assert printer.drain(60)


def test_a_command_whose_output_is_lost_ends_with_one_sentence(
    broken: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", broken)
    for work in (lambda: say("x"), lambda: print_json({}), lambda: print_table(("a",), [["b"]])):
        with pytest.raises(SystemExit) as ended:
            work()
        assert ended.value.code == 1
        assert capsys.readouterr().err.startswith("error: standard output could not be written: ")
    make_console().print("progress")  # a picture of what is going on ends nothing


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8", "utf-16"])
def test_what_an_encoding_lacks_is_an_escape(encoding: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    assert try_write(stream, f"€ {NAME}\n") is None
    written = stream.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
    assert "\\ud800" in written
    assert ("Счета" in written) is encoding.startswith("utf")


def test_what_a_terminal_would_obey_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07 \x9b31m a\rb\u202ec\nd\x7f"
    shown = r"\x1b[2J\x1b]0;owned\x07 \x9b31m a\rb\u202ec" + "\n" + r"d\x7f"
    assert printable(evil) == shown
    assert one_line(evil) == shown.replace("\n", "\\n")
    say(evil)
    print_table(("name",), [[evil]])
    print_json({"name": evil})
    printed = capsys.readouterr().out
    assert not set(printed) & set("\x1b\x07\x9b\r\u202e\x7f")
    assert printed.startswith(shown + "\nname\n" + shown.replace("\n", "\\n") + "\n{")


def test_a_console_that_stalls_holds_up_no_robot(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()

    class Stalled(io.StringIO):
        def write(self, text: str) -> int:
            goes_on.wait(60)
            return super().write(text)

    stalled = Stalled()
    monkeypatch.setattr(sys, "stdout", stalled)
    printer = EventPrinter()
    for number in range(2 * MOST_LINES):
        printer(AgentEvent("claimed", f"job {number}"))
    assert not printer.drain(0.01)
    goes_on.set()
    assert printer.drain(60)
    printer(AgentEvent("claimed", "last"))
    assert printer.drain(60)
    *_, note, last = stalled.getvalue().splitlines()
    assert "lines could not be shown" in note
    assert last.endswith("last")


# The program itself


def casare(shell: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line by way of a shell, where `$C` stands for it."""
    source = str(Path(output.__file__).parents[2])
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": source, "C": f"{sys.executable} -m casare_cloud", **environment}
    return subprocess.run(["bash", "-c", shell], env=env, capture_output=True, text=True, timeout=180)


@pytest.mark.parametrize("command", ["--version", "up --help"])
@pytest.mark.parametrize(
    ("shell", "reason"),
    [
        ("$C {} >/dev/full", "No space left on device"),
        ("$C {} >&-", "it is closed"),
        ("exec 3> >(:); wait $!; $C {} >&3", "Broken pipe"),  # a reader that has gone before the first word
    ],
    ids=["full", "closed", "pipe"],
)
def test_a_command_into_nowhere_ends_with_1_and_a_sentence(command: str, shell: str, reason: str) -> None:
    answer = casare(shell.format(command))
    assert answer.returncode == 1, answer
    assert answer.stderr.splitlines() == [f"error: standard output could not be written: {reason}."]


def test_help_is_printed_on_a_console_of_a_small_character_set() -> None:
    answer = casare("$C up --help", PYTHONIOENCODING="ascii")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "\\xb7 casare-cloud up --detach" in answer.stdout


def test_without_any_stream_only_the_exit_code_speaks() -> None:
    assert casare("$C --version >&- 2>&-").returncode == 1
    assert casare("$C jobs list >&- 2>&- <&-", CASARE_HOME="/nowhere").returncode == 2


async def test_a_watched_node_is_named_as_it_is_and_not_obeyed() -> None:
    class Watched:
        async def watch_job(self, job_id: str, **_: Any) -> AsyncIterator[dict[str, Any]]:
            yield {"status": "running", "current_node": "[/b]\x1b[2J", "progress": 5}

    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, color_system=None)
    job = await follow_job(Watched(), "j", {}, console)  # type: ignore[arg-type]
    assert job["status"] == "running"
    assert "[/b]\\x1b[2J" in shown.getvalue()
