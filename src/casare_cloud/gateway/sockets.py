"""One WebSocket: what the client says is read in order; what it is told goes through a queue with an end.

`offer` is for what many sockets hear: it never waits, and a client that does not keep up is dropped. `send` is for a
conversation: it waits until there is room.
"""

import asyncio
from collections import deque
from contextlib import suppress
from uuid import UUID

from casare_cloud.faces.kit.edge import Receive, Send
from casare_cloud.gateway import closing
from casare_cloud.gateway.places import Places

MOST_MESSAGES = 1000  # that wait for a client
MOST_CHARACTERS = 2**20  # in them together, unless it is one
SLOW_SECONDS = 10.0  # that a conversation waits for room
CLOSE_SECONDS = 5.0  # until a client that is to hear a code has read what is before it


class Socket:
    """A socket that was accepted. `run` writes until it is closed."""

    def __init__(self, receive: Receive, send: Send, places: Places | None = None) -> None:
        self._places = places
        self._receive = receive
        self._send = send
        self._queue: deque[str] = deque()
        self._characters = 0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._ending = asyncio.Event()
        self._end: tuple[int, str] | None = None

    @property
    def is_closed(self) -> bool:
        """Whether it was closed from here."""
        return self._end is not None

    async def take_place(self, tenant_id: UUID) -> bool:
        """Whether there is room for somebody of this tenant; if not, the socket is closed."""
        return self._places is None or await self._places.take(self, tenant_id)

    async def receive(self) -> str | bytes:
        """The client's next message; `SocketClosed` when there is none to come.

        Others have their turn before it, also when a thousand messages came at once.
        """
        await asyncio.sleep(0)
        message = await self._receive()
        if message["type"] != "websocket.receive" or self._end is not None:
            raise closing.SocketClosed
        text: str | None = message.get("text")
        if text is not None:
            return text
        content: bytes = message["bytes"]
        return content

    def offer(self, text: str) -> None:
        """Tell the client something, after all that it was told before; closes with 4008 if that is too much."""
        if self._end is None:
            if not self._has_room_for(text):
                self.drop()
                return
            self._put(text)

    async def send(self, text: str) -> None:
        """Tell the client something, when there is room for it; closes with 4008 if there is none for 10 seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SLOW_SECONDS):
                while self._end is None and not self._has_room_for(text):
                    self._room.clear()
                    await self._room.wait()
        self.offer(text)

    def drop(self) -> None:
        """Give up a client that does not keep up: close with 4008, whatever it was still to hear."""
        if self._end is None:
            self._queue.clear()
            self._close(closing.TOO_SLOW, "The client does not read as fast as it is told.")

    async def close(self, code: int, reason: str) -> None:
        """Close it, once the client has read what it was told before; the first reason counts."""
        self._close(code, reason)

    async def run(self) -> None:
        """Write what is offered, until it is closed; a client that does not read the rest is left after 5 seconds."""
        writer = asyncio.create_task(self._write())
        ending = asyncio.create_task(self._ending.wait())
        try:
            await asyncio.wait({writer, ending}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({writer}, timeout=CLOSE_SECONDS)
        finally:
            for task in (writer, ending):
                task.cancel()
            await asyncio.gather(writer, ending, return_exceptions=True)

    async def _write(self) -> None:
        with suppress(OSError):  # the client has gone; the reader says so, too
            while True:
                while self._queue:
                    text = self._queue.popleft()
                    self._characters -= len(text)
                    self._room.set()
                    await self._send({"type": "websocket.send", "text": text})
                if self._end is not None:
                    code, reason = self._end
                    await self._send({"type": "websocket.close", "code": code, "reason": reason})
                    return
                self._wake.clear()
                await self._wake.wait()

    def _has_room_for(self, text: str) -> bool:
        is_full = len(self._queue) >= MOST_MESSAGES or self._characters + len(text) > MOST_CHARACTERS
        return not (self._queue and is_full)

    def _put(self, text: str) -> None:
        self._queue.append(text)
        self._characters += len(text)
        self._wake.set()

    def _close(self, code: int, reason: str) -> None:
        if self._end is None:
            self._end = code, closing.shortened(reason)
            for event in (self._wake, self._room, self._ending):
                event.set()
