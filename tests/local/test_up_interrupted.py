"""`casare-cloud up` that is interrupted while it starts: nothing stays behind, and the next start goes on."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.local.stacks import (
    PATIENCE_SECONDS,
    free_offset,
    processes_of,
    run_command,
    running_stack,
    surroundings,
    until,
)

from casare_cloud.local.state import Ports, is_listening

MOMENTS: dict[str, Callable[[Path], bool]] = {
    "initdb runs": lambda home: any(data_dir(home).glob("base")),
    "PostgreSQL is launched": lambda home: (data_dir(home) / "server.log").exists(),
    "the database is prepared": lambda home: (home / "stack.json").exists(),
    "the platform is launched": lambda home: (home / "logs" / "platform.log").exists(),
    "the orchestrator is launched": lambda home: (home / "logs" / "orchestrator.log").exists(),
    "the demo tenant is registered": lambda home: (home / "env").exists(),
    "the demo job runs": lambda home: (home / "demo" / "robot.log").exists(),
}


def data_dir(home: Path) -> Path:
    moved_to = home / "postgres" / "moved-to"
    return Path(moved_to.read_text().strip()) if moved_to.exists() else home / "postgres"


@contextmanager
def starting_stack(home: Path, ports: Ports) -> Iterator[subprocess.Popen[str]]:
    """`up` in the foreground; killed at the end if it is still there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "casare_cloud", "up", "--port-offset", str(ports.offset)],
        env=surroundings(home, "up"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_down_ends_a_stack_that_is_starting_and_not_the_process_that_an_earlier_run_had(tmp_path: Path) -> None:
    ports = Ports(free_offset())
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (tmp_path / "stack.json").write_text(json.dumps({"pid": bystander.pid, "parts": []}))
    try:
        with starting_stack(tmp_path, ports) as process:
            until(lambda: data_dir(tmp_path).exists() or process.poll() is not None, "the start has begun")
            assert f"already running (process {process.pid})" in run_command(tmp_path, "up").stdout
            assert f"The stack is starting (process {process.pid})" in run_command(tmp_path, "status").stdout
            assert run_command(tmp_path, "down").stdout == "Stopped.\n"
            assert process.wait(PATIENCE_SECONDS) == 0
        assert bystander.poll() is None
        assert processes_of(tmp_path) == []
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.long
def test_ctrl_c_at_any_moment_of_a_first_start_leaves_nothing_running_and_hurts_no_later_start(tmp_path: Path) -> None:
    ports = Ports(free_offset())
    for name, has_come in MOMENTS.items():
        (tmp_path / "stack.json").unlink(missing_ok=True)
        for log in (tmp_path / "logs").glob("*.log"):
            log.unlink()
        with starting_stack(tmp_path, ports) as process:
            until(lambda: has_come(tmp_path) or process.poll() is not None, name)  # noqa: B023 - called at once
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=PATIENCE_SECONDS)
            assert (process.returncode, "Traceback" in said) == (0, False), f"{name}: {said}"
        until(lambda: processes_of(tmp_path) == [], f"{name}: something goes on", 10)
        assert not any(is_listening(port) for port in ports.named().values()), name
    with running_stack(tmp_path) as stack:
        assert stack.state.read_env()["ROBOT_API_KEY"]
        assert stack.command("demo").returncode == 0
