"""uvicorn's protocols, with an end to what a client can make them do and keep.

As they come, a connection may say nothing for ever, pings are answered as fast as they arrive, a message may have any
number of empty parts, and what arrives at once is read at once, however many messages that are.
"""

import asyncio
from typing import Any

from uvicorn._types import ASGIReceiveEvent
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from casare_cloud.gateway import closing
from casare_cloud.gateway.rates import RateLimit

HEAD_SECONDS = 10.0  # for the head of the first request
MOST_PARTS = 1024  # of a message
_PIECE = 4096  # bytes: 700 frames, at most


class HttpProtocol(H11Protocol):
    """HTTP; a connection that asks nothing is closed."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(HEAD_SECONDS, self._close_unasked)

    def _close_unasked(self) -> None:
        if self.scope is None:
            self.transport.abort()


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A WebSocket whose next frames are read when the messages before them are, at most a hundred pings in a minute."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._rest = bytearray()
        self._pings = RateLimit()

    def data_received(self, data: bytes) -> None:
        self._rest += data
        self._read_on()

    def _read_on(self) -> None:
        while self._rest and not (self.read_paused or self.transport.is_closing()):
            piece = bytes(self._rest[:_PIECE])
            del self._rest[:_PIECE]
            super().data_received(piece)

    async def receive(self) -> ASGIReceiveEvent:
        message = await super().receive()
        self._read_on()
        return message

    def handle_ping(self) -> None:
        if self.transport.is_closing():
            return
        if self._pings.wait_of(self.loop.time()) > 0:
            self._fail(closing.BROKEN_RULE, "too many pings")
        else:
            super().handle_ping()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= MOST_PARTS:
            self._fail(closing.TOO_LARGE, "too many parts")
        else:
            super().handle_cont(event)

    def _fail(self, code: int, reason: str) -> None:
        self.conn.fail(code, reason)
        self.handle_parser_exception()
