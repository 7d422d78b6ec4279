"""One WebSocket: reading frames, writing them from a bounded queue, and the channels joined over it."""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from starlette.types import Receive, Send

from .channel import Channel
from .tokens import Token
from .wire import Encoded, Frame, Json, ProtocolError, Version, decode, encode

if TYPE_CHECKING:
    from .service import Realtime

logger = logging.getLogger(__name__)

MOST_FRAME_BYTES: Final = 5_000_000
MOST_QUEUED_FRAMES: Final = 10_000
MOST_QUEUED_BYTES: Final = 16_000_000
IDLE_SECONDS: Final = 60.0
CLOSE_SECONDS: Final = 5.0
CLOSE_NORMAL: Final = 1000
CLOSE_TOO_BIG: Final = 1009
CLOSE_FAILED: Final = 1011


class Socket:
    """An accepted socket. A client that does not read is dropped when its queue is full, never buffered without end."""

    def __init__(
        self,
        service: "Realtime",
        version: Version,
        token: Token,
        headers: Mapping[str, str],
        receive: Receive,
        send: Send,
    ) -> None:
        self.service = service
        self.version = version
        self.token = token
        self.headers = headers
        self.channels: dict[str, Channel] = {}
        self._asgi_receive = receive
        self._asgi_send = send
        self._queue: deque[Encoded] = deque()
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._close_code: int | None = None
        self._is_over = False
        self._writer: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Serve the socket until either side ends it."""
        self._writer = asyncio.create_task(self._write())
        reader = asyncio.create_task(self._read())
        try:
            await asyncio.wait({reader, self._writer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._is_over = True
            for channel in list(self.channels.values()):
                channel.close()
            reader.cancel()
            self._writer.cancel()
            for outcome in await asyncio.gather(reader, self._writer, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, OSError):
                    logger.error("a socket failed", exc_info=outcome)

    def send(self, frame: Encoded) -> None:
        """Queue a frame. A client whose queue is full is dropped."""
        if self._is_over or self._close_code is not None:
            return
        self._queue.append(frame)
        self._queued_bytes += len(frame)
        if len(self._queue) > MOST_QUEUED_FRAMES or self._queued_bytes > MOST_QUEUED_BYTES:
            self._drop()
        else:
            self._wake.set()

    def reply(self, frame: Frame, status: str, response: Json, join_ref: str | None) -> None:
        """Answer a frame of the client."""
        payload = {"status": status, "response": response}
        self.send(encode(self.version, frame.topic, "phx_reply", payload, ref=frame.ref, join_ref=join_ref))

    def end(self, code: int) -> None:
        """Close the socket after what is queued, or without it when the client does not take it within 5 seconds."""
        if self._close_code is None:
            self._close_code = code
            self._wake.set()
            if self._writer:
                asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._writer.cancel)

    def forget(self, channel: Channel) -> None:
        """The channel is not joined any more."""
        if self.channels.get(channel.wire_topic) is channel:
            del self.channels[channel.wire_topic]

    def _drop(self) -> None:
        logger.warning("a socket does not read: dropped with %d frames waiting", len(self._queue))
        self._is_over = True
        self._queue.clear()
        if self._writer:
            self._writer.cancel()

    async def _write(self) -> None:
        while True:
            while self._queue:
                frame = self._queue.popleft()
                self._queued_bytes -= len(frame)
                if isinstance(frame, str):
                    await self._asgi_send({"type": "websocket.send", "text": frame})
                else:
                    await self._asgi_send({"type": "websocket.send", "bytes": frame})
            if self._close_code is not None:
                await self._asgi_send({"type": "websocket.close", "code": self._close_code, "reason": ""})
                return
            self._wake.clear()
            await self._wake.wait()

    async def _read(self) -> None:
        while True:
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    message = await self._asgi_receive()
            except TimeoutError:
                self.end(CLOSE_NORMAL)
                break
            if message["type"] != "websocket.receive":
                return
            text = message.get("text")
            data: Encoded = text if text is not None else message["bytes"]
            if len(data) > MOST_FRAME_BYTES:
                self.end(CLOSE_TOO_BIG)
                break
            try:
                await self._take(decode(self.version, data))
            except ProtocolError as error:
                logger.info("a client broke the protocol: %s", error)
                self.end(CLOSE_FAILED)
                break
        await asyncio.Event().wait()  # the writer ends the socket

    async def _take(self, frame: Frame) -> None:
        channel = self.channels.get(frame.topic)
        if frame.topic == "phoenix":
            if frame.event == "heartbeat":
                self.reply(frame, "ok", {}, None)
        elif frame.event == "phx_join":
            self._join(frame, channel)
        elif channel is None:
            if frame.event == "phx_leave":
                self.reply(frame, "ok", {}, frame.join_ref)
            else:
                self.reply(frame, "error", {"reason": "unmatched topic"}, frame.join_ref)
        elif frame.join_ref is None or channel.join_ref is None or frame.join_ref == channel.join_ref:
            await channel.receive(frame)

    def _join(self, frame: Frame, joined_before: Channel | None) -> None:
        if not frame.topic.startswith("realtime:") or not isinstance(frame.payload, dict):
            self.reply(frame, "error", {"reason": "unmatched topic"}, frame.join_ref)
            return
        if joined_before is not None:
            joined_before.close()
            joined_before.push_close()
        channel = self.channels[frame.topic] = Channel(self, frame)
        channel.start()
