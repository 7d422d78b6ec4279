"""Stacks that tests start with `casare-cloud up`, each in a folder and on ports of its own."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import servers

from casare_cloud.local.state import Ports, StateFolder, is_listening

PATIENCE_SECONDS = 180.0  # a safety net: nothing here is about how long it takes
SOURCE = str(Path(__file__).parents[2] / "src")


WORKERS = 8
STEP = 20


@dataclass
class RunningStack:
    """A stack with ports and a folder of its own."""

    state: StateFolder
    ports: Ports
    banner: str

    def command(self, *arguments: str, timeout: float = PATIENCE_SECONDS) -> subprocess.CompletedProcess[str]:
        return run_command(self.state.path, *arguments, timeout=timeout)

    def parts(self) -> dict[str, dict[str, Any]]:
        return {part["name"]: part for part in self.state.read_info()["parts"]}


def surroundings(home: Path, *arguments: str) -> dict[str, str]:
    """The environment of a command whose stack has its folder at `home`, with the Auth that the suite runs with."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SUPABASE_URL")}
    if (program := servers.auth_bin()) is not None and "--supabase" not in arguments:
        kept["CASARE_AUTH_BIN"] = str(program)
    return {**kept, "CASARE_HOME": str(home), "PYTHONPATH": SOURCE, "COLUMNS": "120"}


def run_command(
    home: Path, *arguments: str, timeout: float = PATIENCE_SECONDS, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "casare_cloud", *arguments],
        env={**surroundings(home, *arguments), **(env or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def free_offset() -> int:
    """An offset at which none of the stack's ports is in use, above those that systems give to outgoing connections.

    Each worker has offsets of its own, so far apart that no two stacks share a port.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    while True:
        ports = Ports(6700 + STEP * (WORKERS * secrets.randbelow(3300 // STEP // WORKERS) + worker))
        if not any(is_listening(port) for port in ports.named().values()):
            return ports.offset


def processes_of(home: Path) -> list[int]:
    """Processes that were started for a stack's folder, as far as /proc tells."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"CASARE_HOME={home}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


@contextmanager
def running_stack(home: Path, *options: str, env: Mapping[str, str] | None = None) -> Iterator[RunningStack]:
    ports = Ports(free_offset())
    answer = run_command(home, "up", "--detach", "--port-offset", str(ports.offset), *options, env=env)
    try:
        assert answer.returncode == 0, answer.stdout + answer.stderr
        yield RunningStack(StateFolder(home), ports, answer.stdout)
    finally:
        run_command(home, "down")


def until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def has_finished_demo_job(stack: RunningStack) -> bool:
    return any("Demo job" in line and line.endswith("completed") for line in stack.banner.splitlines())
