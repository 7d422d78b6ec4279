"""One joined topic of one socket: its rights, its token, and what its client may send and receive."""

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Final

from .authorization import Caller, PolicyError
from .errors import RealtimeError, TokenError, unreadable
from .hub import Topic, TopicKey
from .join_config import JoinConfig
from .limits import CallWindow
from .replay import replay_messages
from .tokens import Token
from .wire import Frame, Json, Outgoing, UserBroadcast, UserPush, dumps, encode, from_push

if TYPE_CHECKING:
    from .socket import Socket

logger = logging.getLogger(__name__)

TOKEN_CHECK_SECONDS: Final = 300.0
INBOX_LIMIT: Final = 100
NO_POSTGRES_CHANGES: Final = "postgres_changes is not part of the local stack: use broadcasts from the database"


class Channel:
    """Handles its frames one after the other; the socket's other channels do not wait for them."""

    def __init__(self, socket: "Socket", frame: Frame) -> None:
        assert isinstance(frame.payload, dict)
        self.socket = socket
        self.wire_topic = frame.topic
        self.join_ref = frame.join_ref if frame.join_ref is not None else frame.ref
        self.config = JoinConfig.read(frame.payload)
        self.key = TopicKey(frame.topic.removeprefix("realtime:"), self.config.is_private)
        self._service = socket.service
        self._hub = socket.service.hub
        self._topic: Topic | None = None
        self._is_closed = False
        self._reads: dict[str, bool] = {}
        self._writes: dict[str, bool] = {}
        self._presence_said: Json | None = None
        self._presence_calls = CallWindow(
            self._hub.limits.presence_calls_per_client, self._hub.limits.presence_window_seconds
        )
        self._inbox: deque[Frame] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._held: list[Outgoing] | None = []
        self._replays: list[UserBroadcast] = []
        self._replayed: frozenset[str] = frozenset()
        self._token: Token
        self._token_timer: asyncio.TimerHandle | None = None
        self._join_frame = frame

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin the join; its reply comes when the rights are known."""
        self._inbox.append(self._join_frame)
        self._worker = asyncio.get_running_loop().create_task(self._work())

    async def receive(self, frame: Frame) -> None:
        """Take a frame of the client; waits when the client sends faster than its frames are handled."""
        self._inbox.append(frame)
        if self._worker is None or self._worker.done():
            self._worker = asyncio.get_running_loop().create_task(self._work())
        elif len(self._inbox) > INBOX_LIMIT:
            await asyncio.wait([self._worker])

    def close(self) -> None:
        """Stop taking part. The client is told by who calls this, or is gone."""
        if self._is_closed:
            return
        self._is_closed = True
        self._inbox.clear()
        if self._token_timer:
            self._token_timer.cancel()
        self._hub.leave(self.key, self)
        self.socket.forget(self)
        if self._worker and self._worker is not asyncio.current_task():
            self._worker.cancel()

    def shut_down(self, message: str) -> None:
        """Tell the client why the channel ends, and end it."""
        if not self._is_closed:
            self._push_system("system", "error", message)
            self.close()
            self.push_close()

    def push_close(self) -> None:
        """Send phx_close."""
        self.socket.send(
            encode(self.socket.version, self.wire_topic, "phx_close", {}, ref=self.join_ref, join_ref=self.join_ref)
        )

    async def _work(self) -> None:
        while self._inbox:
            frame = self._inbox.popleft()
            try:
                await self._handle(frame)
            except Exception:
                logger.exception("a frame of %s could not be handled", self.wire_topic)
                if not self._is_closed:
                    self.close()
                    self._push("phx_error", {})

    # --- to the client --------------------------------------------------------------------------------------------

    def deliver(self, message: Outgoing) -> bool:
        """Pass a broadcast on; see `hub.Member`."""
        if self.key.is_private and not self._reads.get("broadcast"):
            return False
        if self._held is not None:
            self._held.append(message)
            return True
        if self._replayed and message.message_id in self._replayed:
            return False
        encoded = message.encoded(self.socket.version)
        if encoded is None:
            return False
        self.socket.send(encoded)
        return True

    def deliver_presence(self, message: Outgoing) -> None:
        """Pass presence on; see `hub.Member`."""
        if self.key.is_private and not self._reads.get("presence"):
            return
        if self._held is not None:
            self._held.append(message)
        elif (encoded := message.encoded(self.socket.version)) is not None:
            self.socket.send(encoded)

    def _push(self, event: str, payload: Json) -> None:
        self.socket.send(encode(self.socket.version, self.wire_topic, event, payload, join_ref=self.join_ref))

    def _push_system(self, extension: str, status: str, message: str) -> None:
        payload = {"extension": extension, "status": status, "message": message, "channel": self.key.name}
        self._push("system", payload)

    def _reply(self, frame: Frame, status: str, response: Json) -> None:
        self.socket.reply(frame, status, response, self.join_ref)

    # --- from the client ------------------------------------------------------------------------------------------

    async def _handle(self, frame: Frame) -> None:
        if frame is self._join_frame:
            await self._join(frame)
        elif self._is_closed:
            self._reply(frame, "error", {"reason": "unmatched topic"})
        elif frame.event == "broadcast":
            await self._broadcast(frame)
        elif frame.event == "presence":
            await self._presence(frame)
        elif frame.event == "access_token":
            await self._refresh_token(frame)
        elif frame.event == "phx_leave":
            self._reply(frame, "ok", {})
            self.close()
            self.push_close()
        else:
            self._hub.messages.add()

    async def _join(self, frame: Frame) -> None:
        try:
            response = await self._admit()
        except RealtimeError as error:
            if isinstance(error, PolicyError):
                logger.warning("RlsPolicyError: %s", error.detail)
            self.close()
            self._reply(frame, "error", {"reason": error.reason})
            if error.code == "ClientJoinRateLimitReached":
                self.socket.end(1000)
            return
        self._reply(frame, "ok", response)
        self._check_token_in_time()
        self._settle()

    async def _admit(self) -> Json:
        if not self.key.name:
            raise RealtimeError("TopicNameRequired", "You must provide a topic name")
        if self._hub.joins.is_exceeded:
            raise RealtimeError("ClientJoinRateLimitReached", "Too many joins per second")
        self._hub.joins.add()
        limit = self._hub.limits.channels_per_socket
        if limit is not None and len(self.socket.channels) > limit:
            raise RealtimeError("ChannelRateLimitReached", "Too many channels")
        self._token = self._service.tokens.verify(self.config.access_token or self.socket.token.raw)
        self._topic = self._hub.join(self.key, self)
        if self.config.is_private:
            self._reads = await self._readable(
                ["broadcast", "presence"] if self.config.wants_presence else ["broadcast"]
            )
            if not any(self._reads.values()):
                raise unreadable(self.key.name)
        await self._service.listening()
        await self._prepare_replay()
        return {"postgres_changes": [{"id": n, **change} for n, change in enumerate(self.config.postgres_changes, 1)]}

    async def _prepare_replay(self) -> None:
        if self.config.replay is None:
            return
        if self.config.is_private and not self._reads["broadcast"]:
            raise unreadable(self.key.name)
        if not self.config.is_private:
            raise RealtimeError("UnableToReplayMessages", "Replay is not allowed for public channels")
        self._replays = await replay_messages(await self._service.pool(), self.key, self.config.replay)
        self._replayed = frozenset(message.message_id or "" for message in self._replays)

    def _settle(self) -> None:
        """Send what follows the reply to a join: who is here, what was missed, then what came in meanwhile."""
        assert self._topic is not None
        if self.config.wants_presence and self._sees_presence():
            self._push("presence_state", self._topic.presence_state())
        for replay in self._replays:
            if (encoded := replay.encoded(self.socket.version)) is not None:
                self.socket.send(encoded)
        self._replays = []
        if self.config.wants_replication_ready:
            self._push_system("system", "ok", "Replication connection established")
        if self.config.postgres_changes:
            self._push_system("postgres_changes", "error", NO_POSTGRES_CHANGES)
        held, self._held = self._held or [], None
        for message in held:
            if message.event == "presence_diff":
                continue  # the state above has it
            self.deliver(message)

    async def _broadcast(self, frame: Frame) -> None:
        if self.config.is_private and not await self._may_write("broadcast"):
            return
        self._hub.messages.add()
        payload = frame.payload
        size = len(payload.data) if isinstance(payload, UserPush) else len(dumps(payload))
        if size > self._hub.limits.payload_bytes:
            if self.config.ack:
                self._reply(frame, "error", {"reason": "payload_size_exceeded"})
            return
        message: Outgoing
        if isinstance(payload, UserPush):
            message = from_push(self.wire_topic, payload)
        else:
            message = Outgoing(self.wire_topic, "broadcast", payload)
        self._hub.publish(self.key, message, None if self.config.hears_itself else self)
        if self.config.ack and not self._is_closed:
            self._reply(frame, "ok", {})

    async def _presence(self, frame: Frame) -> None:
        payload = frame.payload
        event = payload.get("event") if isinstance(payload, dict) else None
        if not isinstance(payload, dict) or not isinstance(event, str):
            self._reply(frame, "ok", {})
        elif not self._presence_calls.take():
            self.shut_down("Client presence rate limit exceeded")
        elif event.lower() == "track":
            await self._track(frame, payload.get("payload", {}))
        elif event.lower() == "untrack":
            assert self._topic is not None
            self._presence_said = None
            self._hub.untrack(self._topic, self.config.presence_key, self)
            self._reply(frame, "ok", {})
        else:
            self._reply(frame, "error", {})

    async def _track(self, frame: Frame, said: object) -> None:
        assert self._topic is not None
        if self.config.is_private:
            if "presence" not in self._reads:
                self._reads |= await self._readable(["presence"])
            if not await self._may_write("presence"):
                self._reply(frame, "error", {})
                return
        if not isinstance(said, dict):
            self._reply(frame, "error", {"reason": "Presence track payload must be a map"})
        elif said == self._presence_said:
            self._reply(frame, "ok", {})
        elif len(dumps(said)) > self._hub.limits.payload_bytes:
            self.shut_down("Track message size exceeded")
        elif self._hub.presence_messages.is_exceeded:
            self.shut_down("Too many presence messages per second")
        else:
            self._hub.track(self._topic, self.config.presence_key, self, said)
            self._presence_said = said
            self._reply(frame, "ok", {})

    async def _refresh_token(self, frame: Frame) -> None:
        raw = frame.payload.get("access_token") if isinstance(frame.payload, dict) else None
        if not isinstance(raw, str) or raw.startswith("sb_") or raw == self._token.raw:
            return
        try:
            self._token = self._service.tokens.verify(raw)
            if self.config.is_private:
                before = self._reads
                self._writes = {}
                self._reads = await self._readable(list(before))
                if not any(self._reads.values()):
                    raise unreadable(self.key.name)
                if any(had and not self._reads[extension] for extension, had in before.items()):
                    text = "You no longer have permission to read from this Channel topic"
                    raise RealtimeError(None, f"{text}: {self.key.name}")
        except RealtimeError as error:
            self.shut_down(error.message)
            return
        self._check_token_in_time()

    # --- rights ---------------------------------------------------------------------------------------------------

    def _sees_presence(self) -> bool:
        return not self.config.is_private or self._reads.get("presence", False)

    def _caller(self) -> Caller:
        return Caller(self._token, self.socket.headers)

    async def _readable(self, extensions: list[str]) -> dict[str, bool]:
        return await self._service.authorizer.readable(self.key.name, self._caller(), extensions)

    async def _may_write(self, extension: str) -> bool:
        """Asked of the database once for each channel and token, at the first use."""
        if extension not in self._writes:
            try:
                self._writes[extension] = await self._service.authorizer.writable(
                    self.key.name, self._caller(), extension
                )
            except RealtimeError as error:
                logger.warning("%s: %s", error.code, error.detail if isinstance(error, PolicyError) else error.message)
                return False
        return self._writes[extension]

    def _check_token_in_time(self) -> None:
        if self._token_timer:
            self._token_timer.cancel()
        remaining = self._token.expires_at - self._service.tokens.clock()
        delay = min(TOKEN_CHECK_SECONDS, max(0.0, remaining))
        self._token_timer = asyncio.get_running_loop().call_later(delay, self._check_token)

    def _check_token(self) -> None:
        try:
            self._service.tokens.check_expiry(self._token)
        except TokenError as error:
            self.shut_down(error.message)
        else:
            self._check_token_in_time()
