"""A small client for Supabase Realtime: private broadcast channels over the Phoenix protocol, version 1.0.0.

Frames are JSON objects `{topic, event, payload, ref, join_ref}`. The client keeps one socket: heartbeats, joins every
subscribed topic with the caller's token, sends a new token before the old one ends, and connects again with growing,
jittered pauses whenever anything goes wrong. It goes through the proxy of the environment, unless the service is on
this machine. Nothing is guaranteed to arrive: what is pushed is a hint.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
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
    """A topic that is wanted, with what is called for its broadcasts and after each join."""

    topic: str
    on_push: PushHandler
    on_join: Callable[[], None] | None
    is_private: bool
    join_ref: str = ""
    is_joined: bool = False


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
        self._ref = 0
        self._answers: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        self.last_error: str | None = None

    def subscribe(
        self, topic: str, on_push: PushHandler, *, on_join: Callable[[], None] | None = None, is_private: bool = True
    ) -> None:
        """Wants the broadcasts of `topic` (without `realtime:`); `on_join` runs after every join."""
        self._subscriptions[f"realtime:{topic}"] = Subscription(f"realtime:{topic}", on_push, on_join, is_private)

    @property
    def is_joined(self) -> bool:
        """Whether every subscribed topic is joined now."""
        return bool(self._subscriptions) and all(s.is_joined for s in self._subscriptions.values())

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
                    await self._converse(socket, lambda: None)
            except (OSError, WebSocketException, ImportError, ValueError, ApiError, RealtimeRefused) as error:
                # ImportError: the environment names a SOCKS proxy, for which websockets wants another package.
                # InvalidURI and ValueError: a redirect to a page, as a hotel's network answers.
                self.last_error = str(error) or type(error).__name__
            was_joined = self.is_joined
            for subscription in self._subscriptions.values():
                subscription.is_joined = False
            if was_joined:
                pauses = backoff_delays(*self._pauses)
            await asyncio.sleep(next(pauses))

    async def _converse(self, socket: ClientConnection, ready: Callable[[], None]) -> None:
        self._answers.clear()
        tasks = [asyncio.create_task(self._read(socket)), asyncio.create_task(self._keep(socket))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep(self, socket: ClientConnection) -> None:
        """Joins, then heartbeats and new tokens, for as long as the socket lives."""
        token, seconds = await self._token()
        for subscription in self._subscriptions.values():
            await self._join(socket, subscription, token)
        self.last_error = None
        now = asyncio.get_running_loop().time
        token_at = now() + seconds
        beat_at = now() + self._heartbeat_seconds
        while True:
            await asyncio.sleep(max(min(token_at, beat_at) - now(), 0.01))
            if now() >= token_at:
                token, seconds = await self._token()
                token_at = now() + seconds
                for subscription in self._subscriptions.values():
                    await self._send(
                        socket, subscription.topic, "access_token", {"access_token": token}, subscription.join_ref
                    )
            if now() >= beat_at:
                beat_at = now() + self._heartbeat_seconds
                await self._ask(socket, "phoenix", "heartbeat", {})

    async def _join(self, socket: ClientConnection, subscription: Subscription, token: str) -> None:
        config = {
            "broadcast": {"ack": False, "self": False},
            "presence": {"key": "", "enabled": False},
            "postgres_changes": [],
            "private": subscription.is_private,
        }
        subscription.join_ref = str(self._ref + 1)
        answer = await self._ask(
            socket, subscription.topic, "phx_join", {"config": config, "access_token": token}, subscription.join_ref
        )
        if answer.get("status") != "ok":
            response = answer.get("response")
            reason = response.get("reason") if isinstance(response, Mapping) else response
            raise RealtimeRefused(f"{subscription.topic}: {reason or 'no reason given'}")
        subscription.is_joined = True
        if subscription.on_join is not None:
            subscription.on_join()

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
            subscription.on_push(str(payload.get("event")), inner if isinstance(inner, Mapping) else {})
        elif event in ("phx_close", "phx_error"):
            raise RealtimeRefused(f"{topic} was closed by the server")
        elif event == "system" and payload.get("status") == "error":
            raise RealtimeRefused(f"{topic}: {payload.get('message')}")
