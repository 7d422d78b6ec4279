"""`casare-cloud top`: what it shows, in a small terminal, in a pipe, and when the service is away."""

import asyncio
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from datetime import UTC, datetime, timedelta
from fcntl import ioctl
from typing import Any

import pytest
from rich.cells import cell_len
from tests.cli.conftest import Run
from tests.factories import EXAMPLE_WORKFLOW
from tests.robot.stack import Stack

from casare_cloud.cli import top
from casare_cloud.cli.top_view import Sight
from casare_cloud.client import Client

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def robot(name: str, status: str, **more: Any) -> dict[str, Any]:
    """A row of GET /robots."""
    about: dict[str, Any] = {"current_job_ids": [], "max_concurrent_jobs": 2, "metrics": {"cpu_percent": 12.3}}
    about |= {"mode": "active", "quarantined_at": None, "last_seen": "2026-11-30T11:59:50Z"}
    return {"robot_id": name, "status": status, **about, **more}


def full_sight(robots: int, jobs: int) -> Sight:
    sight = Sight()
    sight.take_robots([robot(f"robot-{n:03d}", "idle") for n in range(robots)])
    sight.jobs = [
        {
            "job_id": "0" * 36,
            "workflow_name": "請求書" * 30,
            "status": "running",
            "progress": 40,
            "current_node": "n\x1b[2J",
        }
    ] * jobs
    return sight


@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 10), (200, 60), (20, 3)])
def test_it_never_needs_more_than_the_terminal_has(width: int, height: int) -> None:
    lines = full_sight(300, 50).as_lines(width, height, NOW)
    assert len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    assert not any("\x1b" in line for line in lines), "a name that a terminal would obey"


def test_a_terminal_of_24_lines_has_room_for_robots_and_jobs() -> None:
    text = "\n".join(full_sight(300, 50).as_lines(80, 24, NOW))
    assert text.count("robot-") >= 3
    assert text.count("running  ") >= 8
    assert "40%" in text


def test_robots_are_counted_by_what_keeps_them_from_work() -> None:
    sight = Sight()
    quarantined = robot("q", "error", quarantined_at="2026-11-30T11:00:00Z")
    rows = [
        robot("i", "idle"),
        robot("b", "busy"),
        robot("o", "offline"),
        quarantined,
        robot("p", "idle", mode="paused"),
    ]
    sight.take_robots(rows)
    [line] = [line for line in sight.as_lines(80, 24, NOW) if line.startswith("robots")]
    assert line == "robots  idle 1  busy 1  offline 1  quarantined 1  paused 1"


def test_an_overview_changes_queue_and_robots_and_tells_of_those_to_read_anew() -> None:
    sight = Sight()
    sight.take_robots([robot("a", "idle")])
    told = {"external_id": "a", "is_online": True, "is_active": True, "is_healthy": True, "is_busy": True, "load": 1}
    told |= {"cpu_percent": 99, "memory_percent": None, "last_heartbeat_at": "2026-11-30T12:00:00Z"}
    queue = {"waiting": 1000, "scheduled": 2, "running": 1, "is_capped": True}
    assert sight.take_overview({"queue": queue, "robots": [told]}) is False
    assert sight.robot_states == {"busy": 1}
    assert "waiting 1000+" in sight.as_line(NOW)
    assert sight.take_overview({"queue": queue, "robots": [told | {"external_id": "new"}]}) is True


def test_ends_of_jobs_are_counted_for_a_minute() -> None:
    sight = Sight()
    at = NOW.isoformat()
    kinds = ["job.completed", "job.timeout", "job.cancelled", "job.started"]
    sight.take_events([{"event_type": kind, "timestamp": at} for kind in kinds])
    assert sight.count_ends(NOW + timedelta(seconds=59)) == 3
    assert (sight.today["completed"], sight.today["failed"]) == (1, 1)
    assert sight.count_ends(NOW + timedelta(seconds=61)) == 0


def test_once_shows_what_there_is(stack: Stack, run: Run) -> None:
    made = stack.robot()
    stack.submit(EXAMPLE_WORKFLOW)
    shown = json.loads(run("top", "--once", "--json"))
    assert made.external_id in {one["robot_id"] for one in shown["robots"]}
    assert shown["queue"]["waiting"] >= 1
    assert shown["jobs"][0]["status"] in ("pending", "queued")
    assert shown["jobs_per_minute"] is None, "nobody has looked for a minute"
    text = run("top", "--once")
    assert "jobs/min" not in text
    assert text.startswith("casare-cloud top")
    assert made.external_id in text


async def test_it_says_that_the_connection_is_lost_and_goes_on(
    stack: Stack, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casare_cloud.client.watching._POLL_SECONDS", 0.05)
    sight, changed = Sight(), asyncio.Event()
    async with Client(stack.orchestrator_url, api_key=os.environ["CASARE_API_KEY"]) as client:
        client._http._first_delay = 0.01
        watch = asyncio.create_task(top._watch(client, sight, changed))
        await stack.until(lambda: sight.connection.startswith("polling"))
        there, client._http.base_url = client._http.base_url, "http://127.0.0.1:9/api/v1"
        await stack.until(lambda: sight.problem)
        assert "connection lost at" in sight.as_lines(80, 24, NOW)[0]
        stack.submit(EXAMPLE_WORKFLOW)
        waiting = sight.queue["waiting"]
        client._http.base_url = there
        await stack.until(lambda: sight.problem is None)
        assert sight.queue["waiting"] == waiting + 1
        watch.cancel()


async def test_with_realtime_overviews_arrive(stack: Stack, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_URL", stack.settings.supabase_url)
    monkeypatch.setenv("SUPABASE_PUBLISHABLE_KEY", stack.settings.supabase_publishable_key)
    monkeypatch.setattr(top, "ALL_LIVE_SECONDS", 600.0)
    sight, changed = Sight(), asyncio.Event()
    async with Client(stack.orchestrator_url) as client:
        client._http.headers["Authorization"] = f"Bearer {stack.admin_token()}"
        client._refresh_token, client._token_ends_at = "none that is used", time.time() + 3600
        watch = asyncio.create_task(top._watch(client, sight, changed))
        await stack.until(lambda: watch.done() or sight.connection == "live")
        waiting = sight.queue["waiting"]
        stack.submit(EXAMPLE_WORKFLOW)

        def told() -> bool:
            stack.rows("select private.push_overviews()")  # as the dispatcher does it again and again
            return watch.done() or sight.queue["waiting"] == waiting + 1

        await stack.until(told)
        assert not watch.done()
        watch.cancel()


# Where the tests run in the background, programs ignore Ctrl-C unless they say otherwise.
INTERRUPTIBLE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from casare_cloud.cli import main; main()"
)


def read_until(terminal: int, shown: bytes, *ends: bytes) -> bytes:
    """What a terminal shows, until one of the ends is there; fails after a minute without news."""
    while not any(end in shown for end in ends):
        assert select.select([terminal], [], [], 60)[0], shown[-300:]
        shown += os.read(terminal, 65536)
    return shown


def test_ctrl_c_leaves_the_terminal_as_it_was(stack: Stack, run: Run) -> None:
    parent, child = pty.openpty()
    ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = {**os.environ, "TERM": "xterm-256color"}
    env.pop("COLUMNS", None), env.pop("LINES", None)
    command = [sys.executable, "-c", INTERRUPTIBLE, "top"]
    before = termios.tcgetattr(child)
    with subprocess.Popen(command, stdin=child, stdout=child, stderr=child, env=env) as process:
        try:
            shown = read_until(parent, b"", b"polling")
            process.send_signal(signal.SIGINT)
            shown = read_until(parent, shown, b"\x1b[?1049l")
            assert process.wait(60) == 0
        finally:
            process.kill()
    os.set_blocking(parent, False)
    shown += os.read(parent, 65536) if b"\x1b[?25h" not in shown else b""
    assert b"\x1b[?1049l" in shown, "the screen that was there is back"
    assert shown.rfind(b"\x1b[?25h") > shown.rfind(b"\x1b[?25l"), "the cursor is back"
    assert termios.tcgetattr(child) == before
    assert not re.search(rb"Traceback|error:", shown)
    os.close(parent)
    os.close(child)


def test_without_a_terminal_it_prints_lines(stack: Stack, run: Run) -> None:
    command = [sys.executable, "-c", INTERRUPTIBLE, "top", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            first = json.loads(process.stdout.readline())
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert first["connection"].startswith("polling")


def test_a_key_that_may_not_look_ends_with_a_sentence(stack: Stack, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASARE_API_KEY", "sk_live_nothing")
    assert "error: " in run("top", code=1)
