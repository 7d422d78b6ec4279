"""The gateway as a process, and robots that connect to it."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from tests.factories import Robot
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidMessage

from casare_cloud.config import Settings
from casare_cloud.local.processes import free_port

ROOT = Path(__file__).parents[3]
SECONDS = 120  # a safety net: nothing here is about how long it takes


@dataclass
class Gateway:
    """A process that serves sockets."""

    process: "subprocess.Popen[bytes]"
    url: str

    def kill(self) -> None:
        """Ends it with no chance to say anything."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(SECONDS)


@contextlib.contextmanager
def running_gateway(settings: Settings) -> Iterator[Gateway]:
    """The function `gateway` on a port of its own."""
    port = free_port()
    env = {
        **os.environ,
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PYTHONPATH": str(ROOT / "src"),
        "DATABASE_URL": settings.database_url,
        "SUPABASE_URL": settings.supabase_url,
        "SUPABASE_PUBLISHABLE_KEY": settings.supabase_publishable_key,
        "CASARE_SIGNING_KEY": settings.signing_key,
        "CASARE_LOCAL": "1",
    }
    process = subprocess.Popen([sys.executable, str(ROOT / "functions/gateway/main.py")], env=env)
    try:
        deadline = time.monotonic() + SECONDS
        while True:
            assert process.poll() is None, "the gateway ended"
            assert time.monotonic() < deadline, "the gateway did not answer"
            with contextlib.suppress(httpx2.TransportError):
                if httpx2.get(f"http://127.0.0.1:{port}/health/live", trust_env=False).status_code == 200:
                    break
            time.sleep(0.05)
        yield Gateway(process, f"ws://127.0.0.1:{port}")
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(SECONDS)


@dataclass
class SocketRobot:
    """A robot with a WebSocket."""

    robot: Robot
    socket: ClientConnection
    passed_over: list[dict[str, Any]] = field(default_factory=list)

    async def say(self, kind: str, payload: dict[str, Any] | None = None, **fields: Any) -> str:
        """Sends a message, and returns its id."""
        message_id = str(uuid.uuid4())
        payload = {"robot_id": self.robot.external_id, **(payload or {})}
        await self.socket.send(json.dumps({"type": kind, "id": message_id, "payload": payload, **fields}))
        return message_id

    async def hear(self, *kinds: str) -> dict[str, Any]:
        """The next message of one of these types; those before it stay for whoever asks for them."""
        async with asyncio.timeout(SECONDS):
            for message in self.passed_over:
                if message["type"] in kinds:
                    self.passed_over.remove(message)
                    return message
            while True:
                message = json.loads(await self.socket.recv())
                if message["type"] in kinds:
                    return dict(message)
                self.passed_over.append(message)

    async def closed(self) -> int | None:
        """The code with which the gateway closed the socket, after all that it said."""
        async with asyncio.timeout(SECONDS):
            try:
                while True:
                    self.passed_over.append(json.loads(await self.socket.recv()))
            except ConnectionClosed as error:
                return None if error.rcvd is None else error.rcvd.code

    async def register(self, **more: Any) -> dict[str, Any]:
        """The acknowledgement."""
        await self.say("register", {"robot_name": self.robot.external_id, **more})
        return await self.hear("register_ack", "error")


@contextlib.asynccontextmanager
async def connected(robot: Robot, url: str, path: str | None = None, **options: Any) -> AsyncIterator[SocketRobot]:
    """The robot's socket: at its own path with its key, unless another path is named."""
    path = f"/ws/robot/{robot.external_id}?api_key={robot.key.text}" if path is None else path
    async with connect(url + path, proxy=None, ping_interval=None, **options) as opened:
        yield SocketRobot(robot, opened)


async def keep_working(robot: Robot, urls: Sequence[str], number: int) -> None:
    """Runs jobs until cancelled, over a new connection whenever one ends, to the next address.

    A result is told again until a heartbeat that came after it was acknowledged: messages are done in their order.
    """
    unheard: list[dict[str, Any]] = []
    for turn in itertools.count():
        with contextlib.suppress(ConnectionClosed, OSError, TimeoutError, InvalidMessage):
            async with connected(robot, urls[min(turn, len(urls) - 1)], open_timeout=2) as speaker:
                ack = await speaker.register()
                assert ack["payload"].get("success") is True, ack
                while True:
                    for report in unheard:
                        await speaker.say("job_complete", report)
                    await speaker.say("heartbeat", {"active_job_ids": []})
                    await speaker.hear("heartbeat_ack")
                    unheard.clear()
                    assigned = await speaker.hear("job_assign")
                    job_id = assigned["payload"]["job_id"]
                    unheard.append({"job_id": job_id, "result": {"robot": number}})
                    await speaker.say("job_accept", {"job_id": job_id}, correlation_id=assigned["id"])
                    await asyncio.sleep(0.02)
        await asyncio.sleep(0.05)


class Proxy:
    """A TCP proxy on a free port that cuts, delays and half-closes."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.delay_seconds = 0.0
        self.refuses = False
        self.url = ""

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()

    def cut(self) -> None:
        """Ends every connection, without a word."""
        for writer in self._writers:
            writer.transport.abort()

    def half_close(self) -> None:
        """Says to every side that nothing more comes."""
        for writer in self._writers:
            with contextlib.suppress(OSError, RuntimeError):
                writer.write_eof()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses:
            writer.transport.abort()
            return
        upstream_reader, upstream_writer = await asyncio.open_connection(self._upstream.hostname, self._upstream.port)
        self._writers |= {writer, upstream_writer}
        ways = self._pipe(reader, upstream_writer), self._pipe(upstream_reader, writer)
        await asyncio.gather(*ways, return_exceptions=True)
        self._writers -= {writer, upstream_writer}

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await asyncio.sleep(self.delay_seconds)
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()
