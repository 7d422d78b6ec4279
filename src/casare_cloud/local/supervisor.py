"""Keeps the parts of the embedded stack alive: starts them in order, restarts what dies, stops them in reverse."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from casare_cloud.local.errors import LocalStackError
from casare_cloud.local.postgres import PostgresServer

_PR_SET_PDEATHSIG = 1
_STEADY_SECONDS = 30.0


def die_with_parent() -> None:
    """Ask Linux to end this process when the supervisor dies; elsewhere do nothing. Runs between fork and exec."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Part(ABC):
    """A program of the stack. `state`: starting, running, restarting, stopped; `restarts` counts unexpected ends."""

    def __init__(self, name: str, address: str, log: Path) -> None:
        self.name = name
        self.address = address
        self.log = log
        self.state = "stopped"
        self.restarts = 0
        self.pid: int | None = None
        self.is_stopping = False

    @abstractmethod
    async def start(self) -> None:
        """Start the program and return when it serves; raise `LocalStackError` when it does not."""

    @abstractmethod
    async def ended(self) -> int:
        """Wait for the program's end; return its exit code, or the negative signal."""

    @abstractmethod
    async def stop(self) -> None:
        """Ask the program to end; kill it after 10 seconds."""


class ProcessPart(Part):
    """A child process that serves once `is_ready` says so."""

    def __init__(
        self,
        name: str,
        address: str,
        log: Path,
        argv: Sequence[str],
        env: Mapping[str, str],
        is_ready: Callable[[], Awaitable[bool]],
        ready_seconds: float = 30.0,
    ) -> None:
        super().__init__(name, address, log)
        self._argv = argv
        self._env = env
        self._is_ready = is_ready
        self._ready_seconds = ready_seconds
        self._process: asyncio.subprocess.Process | None = None
        self._group: int | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv,
                env=dict(self._env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self.pid = self._group = self._process.pid
        deadline = time.monotonic() + self._ready_seconds
        while not await self._is_ready():
            if self._process.returncode is not None:
                self._end_group()
                raise LocalStackError(
                    f"{self.name} ended with {describe(self._process.returncode)} while starting.{self._last_words()}"
                )
            if time.monotonic() > deadline:
                self._end_group()
                raise LocalStackError(
                    f"{self.name} did not answer within {self._ready_seconds:.0f} s.{self._last_words()}"
                )
            await asyncio.sleep(0.03)

    async def ended(self) -> int:
        if self._process is None:
            return 0
        code = await self._process.wait()
        self._end_group()
        return code

    async def stop(self) -> None:
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), 10)
        self._end_group()
        await self._process.wait()

    def _end_group(self) -> None:
        """End the process with all that it had started (a server's workers), which would keep its port."""
        group, self._group = self._group, None
        if group is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = self.log.read_text(errors="replace").splitlines()[-12:]
            return f" The end of {self.log}:\n" + "\n".join(lines)
        return ""


class PostgresPart(Part):
    """The database server; `PostgresServer` knows how to start it after any kind of end."""

    def __init__(self, server: PostgresServer) -> None:
        super().__init__("postgres", f"127.0.0.1:{server.port}", server.log_file)
        self._server = server
        self._starting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        # A thread cannot be cancelled: the task outlives a cancelled start, so that `stop` can wait for it.
        self._starting = asyncio.create_task(asyncio.to_thread(self._server.start))
        await asyncio.wait([self._starting])
        await self._starting
        self.pid = self._server.process.pid if self._server.process else None

    async def ended(self) -> int:
        while self._server.process is not None:
            if (code := self._server.process.poll()) is not None:
                return code
            await asyncio.sleep(0.1)
        return 0

    async def stop(self) -> None:
        self._server.give_up()
        if self._starting is not None:
            await asyncio.gather(self._starting, return_exceptions=True)
        await asyncio.to_thread(self._server.stop)


class Supervisor:
    """Runs the parts. `on_change(part, sentence)` is called at every start, end and restart."""

    def __init__(self, on_change: Callable[[Part, str], None]) -> None:
        self.parts: list[Part] = []
        self._on_change = on_change
        self._watchers: list[asyncio.Task[None]] = []

    async def start(self, part: Part) -> None:
        """Start a part for the first time, and look after it from then on."""
        self.parts.append(part)
        part.state = "starting"
        await part.start()
        self._say(part, "running", f"{part.name} is running")
        self._watchers.append(asyncio.create_task(self._look_after(part), name=part.name))

    async def stop(self) -> None:
        """Stop every part for good, the last started first. No call of `start` may be under way."""
        for part in self.parts:
            part.is_stopping = True
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        for part in reversed(self.parts):
            await part.stop()
            part.pid = None
            part.state = "stopped"

    async def _look_after(self, part: Part) -> None:
        delay = 0.1
        while not part.is_stopping:
            began = time.monotonic()
            code = await part.ended()
            if part.is_stopping:
                return
            delay = 0.1 if time.monotonic() - began > _STEADY_SECONDS else min(delay * 2, 5.0)
            part.pid = None
            part.restarts += 1
            self._say(part, "restarting", f"{part.name} ended with {describe(code)}; restarting")
            while not part.is_stopping:
                await asyncio.sleep(delay)
                try:
                    await part.start()
                except Exception as problem:
                    delay = min(delay * 2, 5.0)
                    self._say(part, "restarting", f"{problem} Trying again in {delay:.1f} s")
                else:
                    self._say(part, "running", f"{part.name} is running again")
                    break

    def _say(self, part: Part, state: str, sentence: str) -> None:
        part.state = state
        # On a full disk the sentence has no place, but the part can be looked after all the same.
        with contextlib.suppress(OSError):
            self._on_change(part, sentence)


def describe(code: int) -> str:
    """How a process ended, in words."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"
