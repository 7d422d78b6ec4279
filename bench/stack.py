"""A stack of its own for a benchmark run: other ports, a folder of its own, gone afterwards."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from casare_cloud.local.processes import port_is_free
from casare_cloud.local.state import StateFolder

PORTS = (54321, 54322, 8000, 8001, 8002, 8090, 8095, 8096, 8765, 8766)


@dataclass(frozen=True)
class BenchStack:
    """A running stack: its `.casare/env`, its folder, and the superuser's way in."""

    env: dict[str, str]
    home: Path
    started_in: float
    port_offset: int

    @property
    def superuser_dsn(self) -> str:
        passwords = json.loads((self.home / "database-passwords.json").read_text())["database_passwords"]
        return (
            f"postgresql://supabase_admin:{passwords['supabase_admin']}@127.0.0.1:{54322 + self.port_offset}/postgres"
        )

    def restart(self) -> float:
        """Stop it and start it again with what it holds; the seconds until it is ready."""
        _down(self.home)
        return _up(self.home, self.port_offset)


@contextmanager
def running_stack() -> Iterator[BenchStack]:
    """Start a fresh stack and stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="casare-bench-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        offset = next(n for n in range(700, 2000, 10) if all(port_is_free(port + n) for port in PORTS))
        seconds = _up(home, offset)
        try:
            yield BenchStack(StateFolder(home).read_env(), home, seconds, offset)
        finally:
            _down(home)


def _up(home: Path, port_offset: int) -> float:
    began = time.perf_counter()
    _command(home, "up", "--detach", "--port-offset", str(port_offset)).check_returncode()
    return time.perf_counter() - began


def _down(home: Path) -> None:
    _command(home, "down")


def _command(home: Path, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    surroundings = {**os.environ, "CASARE_HOME": str(home), "CASARE_RATE_LIMITS": "off"}
    command = [sys.executable, "-m", "casare_cloud", *arguments]
    return subprocess.run(command, check=False, env=surroundings, stdout=subprocess.DEVNULL)


async def wait_for(
    url: str,
    process: "subprocess.Popen[bytes]",
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    timeout: float = 30.0,
) -> None:
    """Return at the first answer 200 of the URL; raise when the process ends or `timeout` seconds are over."""
    deadline = time.monotonic() + timeout
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                answer = await client.request(method, url, headers=headers, json={} if method == "POST" else None)
                if answer.status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.01)
    raise RuntimeError(f"{url} did not answer 200")
