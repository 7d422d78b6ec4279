"""Programs in processes of their own, as a team writes them."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.factories import make_key
from tests.robot.stack import ROOT, Stack
from tests.robot.workflows import chain

HELLO = chain(("first", "LogNode", {"message": "hello"}), ("second", "LogNode", {"message": "again"}))
SECONDS = 60  # a safety net
WHOLE_LINES = "import sys; sys.stdout.reconfigure(line_buffering=True)\n"  # else others print in the middle of one


def environment_of(stack: Stack) -> dict[str, str]:
    """What a program's environment says when it has a service key."""
    key = make_key(stack.database, stack.tenant, "service", scopes=["*"])
    return {"ORCHESTRATOR_URL": stack.orchestrator_url, "CASARE_API_KEY": key.text}


class Program:
    """A Python program that runs; what it prints is kept line by line."""

    def __init__(self, source: str, env: dict[str, str], folder: Path) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("CASARE_", "DEMO_"))}
        self.process = subprocess.Popen(
            [sys.executable, "-c", WHOLE_LINES + source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env={**clean, **env, "PYTHONPATH": str(ROOT / "src")},
        )
        self.lines: list[str] = []
        self._came = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._came:
                self.lines.append(line.rstrip("\n"))
                self._came.notify_all()
        with self._came:
            self._came.notify_all()

    async def hears(self, beginning: str) -> str:
        """The first line that it prints which begins so."""
        return await asyncio.to_thread(self._wait_for, beginning)

    def _wait_for(self, beginning: str) -> str:
        deadline = time.monotonic() + SECONDS
        with self._came:
            while True:
                found = next((line for line in self.lines if line.startswith(beginning)), None)
                if found is not None:
                    return found
                assert time.monotonic() < deadline, (beginning, self.lines)
                assert self._reader.is_alive(), (beginning, self.lines)
                self._came.wait(0.5)

    def goes_on(self) -> None:
        """It reads a line."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    async def end(self) -> str:
        """All that it printed, once it has ended by itself without an error."""
        assert await asyncio.to_thread(self.process.wait, SECONDS) == 0, self.lines
        await asyncio.to_thread(self._reader.join, SECONDS)
        with self._came:
            return "\n".join(self.lines)


@contextmanager
def running(source: str, env: dict[str, str], folder: Path) -> Iterator[Program]:
    """The program in a process of its own, which is killed at the end if it still runs."""
    program = Program(source, env, folder)
    try:
        yield program
    finally:
        if program.process.poll() is None:
            program.process.kill()
            program.process.wait(10)
