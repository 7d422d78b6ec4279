"""uvicorn's protocols, with an end to what a client can make them do and keep.

As they come, a connection may say nothing for ever, pings are answered and pongs that nobody asked for are read as fast
as they arrive, a message may have any number of empty parts, and what arrives at once is read at once, however many
messages that are.
"""

import asyncio
from typing import Any

from uvicorn._types import ASGIReceiveEvent, HTTPScope
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from casare_cloud.gateway import closing
from casare_cloud.gateway.rates import RateLimit

HEAD_SECONDS = 10.0  # for the head of a request, from the connection or the answer before it on
MOST_PARTS = 1024  # of a message
_PIECE = 4096  # bytes: 700 frames, at most


class HttpProtocol(H11Protocol):
    """HTTP; a connection that asks nothing is closed."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head(after=None)

    def on_response_complete(self) -> None:
        self._await_head(after=self.scope)
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._deadline is not None:
            self._deadline.cancel()

    def _await_head(self, after: HTTPScope | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._close_unasked, after)

    def _close_unasked(self, after: HTTPScope | None) -> None:
        if self.scope is after:
            self.transport.abort()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket whose next frames are read when the messages before them are, and others have had their turn.

    A client may send a hundred pings and unasked pongs in a minute.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._rest = bytearray()
        self._pings = RateLimit()

    def data_received(self, data: bytes) -> None:
        self._rest += data
        self._read_on()

    def _read_on(self) -> None:
        """Read one piece, and the rest of what has come in the next turns."""
        if not self._rest or self.read_paused or self.transport.is_closing():
            return
        piece = bytes(self._rest[:_PIECE])
        del self._rest[:_PIECE]
        super().data_received(piece)
        if self.read_paused or self.transport.is_closing():
            return
        if self._rest:
            self.transport.pause_reading()
            self.loop.call_soon(self._read_on)
        else:
            self.transport.resume_reading()

    async def receive(self) -> ASGIReceiveEvent:
        message = await super().receive()
        self._read_on()
        return message

    def handle_ping(self) -> None:
        if self._may_ping():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        if bytes(event.data) == self.pending_ping_payload or self._may_ping():
            super().handle_pong(event)

    def _may_ping(self) -> bool:
        """Counts a ping or an unasked pong; whether it may be, else the connection has failed."""
        if self.transport.is_closing():
            return False
        if self._pings.wait_of(self.loop.time()) > 0:
            self._fail(closing.BROKEN_RULE, "too many pings")
            return False
        return True

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= MOST_PARTS:
            self._fail(closing.TOO_LARGE, "too many parts")
        else:
            super().handle_cont(event)

    def _fail(self, code: int, reason: str) -> None:
        self.conn.fail(code, reason)
        self.handle_parser_exception()
