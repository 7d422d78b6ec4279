"""A Realtime server of a few lines: says ok to joins of topics it knows, and pushes what a test tells it to."""

import asyncio
import json
from socket import socket as SystemSocket
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response


class PhoenixServer:
    """Listens on a free port while it is entered; `frames` is all that clients sent."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.queries: list[dict[str, list[str]]] = []
        self.refused: dict[str, str] = {}
        self.answers_heartbeats = True
        self.replicates = True  # says after a join that it follows the database
        self.redirects_to: str | None = None  # where handshakes are sent, as a hotel's network does
        self.redirected = 0
        self.changed = asyncio.Event()
        self._sockets: set[ServerConnection] = set()
        self._server: Server | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def start(self, listener: SystemSocket | None = None) -> None:
        """Listens at a port of its own, or at that of a socket that was bound before and refused everybody."""
        place: dict[str, Any] = {"host": "127.0.0.1", "port": 0} if listener is None else {"sock": listener}
        self._server = await serve(self._serve, **place, process_request=self._redirect)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def sockets(self) -> int:
        """How many are open."""
        return len(self._sockets)

    def _redirect(self, socket: ServerConnection, request: Request) -> Response | None:
        if self.redirects_to is None:
            return None
        self.redirected += 1
        return Response(302, "Found", Headers(Location=self.redirects_to))

    async def _serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.queries.append(parse_qs(urlsplit(socket.request.path).query))
        self._sockets.add(socket)
        try:
            async for text in socket:
                frame = json.loads(text)
                self.frames.append(frame)
                self.changed.set()
                await self._answer(socket, frame)
        finally:
            self._sockets.discard(socket)

    async def _answer(self, socket: ServerConnection, frame: dict[str, Any]) -> None:
        if frame["event"] == "phx_join":
            reason = self.refused.get(frame["topic"])
            payload = (
                {"status": "error", "response": {"reason": reason}} if reason else {"status": "ok", "response": {}}
            )
            await self._send(socket, frame["topic"], "phx_reply", payload, frame["ref"])
            if not reason and self.replicates and frame["payload"]["config"]["broadcast"]["replication_ready"]:
                await self.replicate(frame["topic"])
        elif frame["event"] == "heartbeat" and self.answers_heartbeats:
            await self._send(socket, "phoenix", "phx_reply", {"status": "ok", "response": {}}, frame["ref"])

    @staticmethod
    async def _send(socket: ServerConnection, topic: str, event: str, payload: Any, ref: str | None = None) -> None:
        await socket.send(json.dumps({"topic": topic, "event": event, "payload": payload, "ref": ref}))

    async def push(self, topic: str, event: str, payload: Any) -> None:
        """A broadcast to every client."""
        for socket in self._sockets:
            inner = {"type": "broadcast", "event": event, "payload": payload, "meta": {"id": "x"}}
            await self._send(socket, f"realtime:{topic}", "broadcast", inner)

    async def say(self, topic: str, event: str, payload: Any) -> None:
        """Any frame to every client."""
        for socket in self._sockets:
            await self._send(socket, topic, event, payload)

    async def replicate(self, wire_topic: str) -> None:
        """Says that the replication runs, as the service does some time after a join."""
        ready = {"extension": "system", "status": "ok", "message": "Replication connection established"}
        await self.say(wire_topic, "system", ready)

    async def hang_up(self) -> None:
        """Closes every socket."""
        for socket in list(self._sockets):
            await socket.close()

    async def received(self, event: str, number: int = 1) -> dict[str, Any]:
        """The `number`th frame with this event, once it has come."""
        async with asyncio.timeout(60):
            while True:
                found = [frame for frame in self.frames if frame["event"] == event]
                if len(found) >= number:
                    return found[number - 1]
                self.changed.clear()
                await self.changed.wait()
