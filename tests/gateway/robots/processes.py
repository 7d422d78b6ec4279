"""The gateway as a process, and robots that connect to it."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from tests.factories import Robot
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from casare_cloud.config import Settings

ROOT = Path(__file__).parents[3]
SECONDS = 30


@dataclass
class Gateway:
    """A process that serves sockets."""

    process: "subprocess.Popen[bytes]"
    url: str

    def kill(self) -> None:
        """Ends it with no chance to say anything."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


@contextlib.contextmanager
def running_gateway(settings: Settings) -> Iterator[Gateway]:
    """The function `gateway` on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
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
            process.wait(15)


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
