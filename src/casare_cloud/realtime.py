"""A small client for Supabase Realtime: private broadcast channels over the Phoenix protocol, version 1.0.0.

Frames are JSON objects `{topic, event, payload, ref, join_ref}`. The client keeps one socket: heartbeats, joins every
wanted topic with the caller's token, sends a new token before the old one ends, and connects again with growing,
jittered pauses whenever anything goes wrong. It goes through the proxy of the environment, unless the service is on
this machine. Nothing is guaranteed to arrive: what is pushed is a hint. Before the service says that it follows the
database (`replication_ready`), nothing that the database sends arrives at all, and no topic counts as joined.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from casare_cloud.errors import ApiError
from casare_cloud.http import backoff_delays, is_this_machine

HEARTBEAT_SECONDS = 25.0
ANSWER_SECONDS = 10.0
MAX_FRAME_BYTES = 5 * 2**20

PushHandler = Callable[[str, Mapping[str, Any]], None]
"""Takes the event's name and payload of a broadcast."""

TokenSource = Callable[[], Awaitable[tuple[str, float]]]
"""Gives an access token and for how many seconds it may be used before a newer one is to be sent."""


class RealtimeRefused(Exception):
    """The server would not let us join a topic; the reason is its own."""


@dataclass(slots=True)
class Subscription:
    """A topic that is wanted, with what is called for its broadcasts, after each join, and when it is joined no more.

    Without `on_push` it is only sent on. One that `is_extra` is given up when the service refuses or closes it; the
    refusal of any other one ends the connection, to be tried again.
    """

    topic: str
    on_push: PushHandler | None
    on_join: Callable[[], None] | None
    on_loss: Callable[[], None] | None
    token: TokenSource
    is_extra: bool
    join_ref: str = ""
    token_at: float = 0.0
    is_asked: bool = False
    joined: asyncio.Event = field(default_factory=asyncio.Event)

    def leave(self) -> None:
        """It is joined no more."""
        was_joined = self.joined.is_set()
        self.joined.clear()
        if was_joined and self.on_loss is not None:
            self.on_loss()


class RealtimeClient:
    """Follows private topics of one project. Call `subscribe`, then keep `run()` as a task; cancel it to leave."""

    def __init__(
        self,
        supabase_url: str,
        publishable_key: str,
        token: TokenSource,
        *,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        first_pause: float = 0.5,
        most_pause: float = 30.0,
    ) -> None:
        base = supabase_url.rstrip("/").replace("http", "ws", 1)
        query = urlencode({"apikey": publishable_key, "vsn": "1.0.0"})
        self._url = f"{base}/realtime/v1/websocket?{query}"
        self._proxy: Literal[True] | None = None if is_this_machine(supabase_url) else True  # True: the environment's
        self._token = token
        self._heartbeat_seconds = heartbeat_seconds
        self._pauses = (first_pause, most_pause)
        self._subscriptions: dict[str, Subscription] = {}
        self._changed = asyncio.Event()  # what is wanted
        self._socket: ClientConnection | None = None
        self._ref = 0
        self._answers: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        self.last_error: str | None = None

    def subscribe(
        self,
        topic: str,
        on_push: PushHandler | None,
        *,
        on_join: Callable[[], None] | None = None,
        on_loss: Callable[[], None] | None = None,
        token: TokenSource | None = None,
        is_extra: bool = False,
    ) -> None:
        """Wants `topic` (without `realtime:`), also while connected.

        `on_join` runs after every join, `on_loss` when what was joined is so no more.
        """
        wire_topic = f"realtime:{topic}"
        self._subscriptions[wire_topic] = Subscription(
            wire_topic, on_push, on_join, on_loss, token or self._token, is_extra
        )
        self._changed.set()

    async def unsubscribe(self, topic: str) -> None:
        """Wants the topic no more."""
        subscription = self._subscriptions.pop(f"realtime:{topic}", None)
        if subscription is not None and subscription.is_asked and self._socket is not None:
            with suppress(OSError, WebSocketException):
                await self._send(self._socket, subscription.topic, "phx_leave", {}, subscription.join_ref)

    def wants(self, topic: str) -> bool:
        """Whether the topic is wanted: `subscribe` was called, and nobody gave it up."""
        return f"realtime:{topic}" in self._subscriptions

    def renew_token(self, topic: str) -> None:
        """Sends a token of the topic's source now: the last one was of somebody who listens no more."""
        if (subscription := self._subscriptions.get(f"realtime:{topic}")) is not None:
            subscription.token_at = 0.0
            self._changed.set()

    @property
    def is_joined(self) -> bool:
        """Whether every topic that is not extra is joined now."""
        main = [s for s in self._subscriptions.values() if not s.is_extra]
        return bool(main) and all(s.joined.is_set() for s in main)

    def has_joined(self, topic: str) -> bool:
        """Whether the topic is joined now."""
        subscription = self._subscriptions.get(f"realtime:{topic}")
        return subscription is not None and subscription.joined.is_set()

    async def send(self, topic: str, event: str, payload: Mapping[str, Any], seconds: float = 1.0) -> bool:
        """Broadcasts on a wanted topic, over the socket; false if it is not joined within `seconds`."""
        subscription = self._subscriptions.get(f"realtime:{topic}")
        if subscription is None or not await self.join_within(topic, seconds) or self._socket is None:
            return False
        message = {"type": "broadcast", "event": event, "payload": payload}
        try:
            await self._send(self._socket, subscription.topic, "broadcast", message, subscription.join_ref)
        except (OSError, WebSocketException):
            return False
        return True

    async def join_within(self, topic: str, seconds: float) -> bool:
        """Whether the wanted topic is joined, after so many seconds at most."""
        subscription = self._subscriptions.get(f"realtime:{topic}")
        if subscription is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await subscription.joined.wait()
        return self.has_joined(topic)

    async def run(self) -> None:
        """Stays connected until cancelled. Errors are kept in `last_error`, never raised."""
        pauses = backoff_delays(*self._pauses)
        while True:
            try:
                async with connect(
                    self._url,
                    max_size=MAX_FRAME_BYTES,
                    open_timeout=ANSWER_SECONDS,
                    ping_interval=None,
                    proxy=self._proxy,
                ) as socket:
                    await self._converse(socket)
            except (OSError, WebSocketException, ImportError, ValueError, ApiError, RealtimeRefused) as error:
                # ImportError: the environment names a SOCKS proxy, for which websockets wants another package.
                # InvalidURI and ValueError: a redirect to a page, as a hotel's network answers.
                self.last_error = str(error) or type(error).__name__
            was_joined = any(s.joined.is_set() for s in self._subscriptions.values())
            for subscription in self._subscriptions.values():
                subscription.is_asked = False
                subscription.leave()
            if was_joined:
                pauses = backoff_delays(*self._pauses)
            await asyncio.sleep(next(pauses))

    async def _converse(self, socket: ClientConnection) -> None:
        self._answers.clear()
        self._socket = socket
        tasks = [asyncio.create_task(self._read(socket)), asyncio.create_task(self._keep(socket))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._socket = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, socket: ClientConnection) -> None:
        """Joins, heartbeats and new tokens, for as long as the socket lives."""
        now = asyncio.get_running_loop().time
        beat_at = now() + self._heartbeat_seconds
        while True:
            self._changed.clear()
            await asyncio.gather(*(self._join(socket, s) for s in self._subscriptions.values() if not s.is_asked))
            until = min([beat_at, *(s.token_at for s in self._subscriptions.values())])
            with suppress(TimeoutError):
                async with asyncio.timeout(max(until - now(), 0.01)):
                    await self._changed.wait()
            for subscription in [s for s in self._subscriptions.values() if s.is_asked and now() >= s.token_at]:
                token, seconds = await subscription.token()
                subscription.token_at = now() + seconds
                await self._send(
                    socket, subscription.topic, "access_token", {"access_token": token}, subscription.join_ref
                )
            if now() >= beat_at:
                beat_at = now() + self._heartbeat_seconds
                await self._ask(socket, "phoenix", "heartbeat", {})

    async def _join(self, socket: ClientConnection, subscription: Subscription) -> None:
        token, seconds = await subscription.token()
        subscription.token_at = asyncio.get_running_loop().time() + seconds
        config = {
            "broadcast": {"ack": False, "self": False, "replication_ready": subscription.on_push is not None},
            "presence": {"key": "", "enabled": False},
            "postgres_changes": [],
            "private": True,
        }
        subscription.join_ref = str(self._ref + 1)
        subscription.is_asked = True
        answer = await self._ask(
            socket, subscription.topic, "phx_join", {"config": config, "access_token": token}, subscription.join_ref
        )
        if answer.get("status") != "ok":
            response = answer.get("response")
            reason = response.get("reason") if isinstance(response, Mapping) else response
            self._lose(subscription, str(reason or "no reason given"))
        elif subscription.on_push is None:
            self._enter(subscription)

    def _enter(self, subscription: Subscription) -> None:
        """The topic is joined, and what the database sends arrives."""
        subscription.joined.set()
        self.last_error = None
        if subscription.on_join is not None:
            subscription.on_join()

    def _lose(self, subscription: Subscription, reason: str) -> None:
        """The service does not want us on this topic, or no more."""
        if not subscription.is_extra:
            raise RealtimeRefused(f"{subscription.topic}: {reason}")
        self.last_error = f"{subscription.topic}: {reason}"
        if self._subscriptions.get(subscription.topic) is subscription:
            del self._subscriptions[subscription.topic]
        subscription.leave()

    async def _ask(
        self, socket: ClientConnection, topic: str, event: str, payload: Mapping[str, Any], join_ref: str | None = None
    ) -> Mapping[str, Any]:
        answer: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        ref = await self._send(socket, topic, event, payload, join_ref, answer)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answer
        finally:
            self._answers.pop(ref, None)

    async def _send(
        self,
        socket: ClientConnection,
        topic: str,
        event: str,
        payload: Mapping[str, Any],
        join_ref: str | None = None,
        answer: asyncio.Future[Mapping[str, Any]] | None = None,
    ) -> str:
        self._ref += 1
        ref = str(self._ref)
        if answer is not None:
            self._answers[ref] = answer
        frame = {"topic": topic, "event": event, "payload": payload, "ref": ref, "join_ref": join_ref}
        await socket.send(json.dumps(frame))
        return ref

    async def _read(self, socket: ClientConnection) -> None:
        async for text in socket:
            try:
                frame = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(frame, dict):
                self._on_frame(frame)
        raise RealtimeRefused("the server closed the connection")

    def _on_frame(self, frame: Mapping[str, Any]) -> None:
        payload = frame.get("payload")
        payload = payload if isinstance(payload, Mapping) else {}
        topic, event = str(frame.get("topic")), frame.get("event")
        if event == "phx_reply":
            answer = self._answers.get(str(frame.get("ref")))
            if answer is not None and not answer.done():
                answer.set_result(payload)
            return
        subscription = self._subscriptions.get(topic)
        if subscription is None:
            return
        if event == "broadcast":
            inner = payload.get("payload")
            if subscription.on_push is not None:
                subscription.on_push(str(payload.get("event")), inner if isinstance(inner, Mapping) else {})
        elif event in ("phx_close", "phx_error"):
            if frame.get("ref") in (None, subscription.join_ref):  # not of an earlier join, which we left
                self._lose(subscription, "closed by the server")
        elif event == "system" and payload.get("status") == "error":
            self._lose(subscription, str(payload.get("message")))
        elif event == "system" and payload.get("extension") == "system" and not subscription.joined.is_set():
            self._enter(subscription)  # the replication runs
