"""The robot's socket to the gateway (document 001): connects, registers, answers, and knows what was obeyed.

The protocol acknowledges heartbeats and nothing else, and the gateway reads one message after another. So the answer
to a heartbeat says that all before it was obeyed, or answered with an `error` that names it.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from casare_cloud.errors import ApiError
from casare_cloud.http import Unreachable, backoff_delays, is_this_machine

MOST_BYTES = 2**20  # of a message to the gateway
MOST_BYTES_OF_JOBS = 2**26  # of one from it
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 30.0
GOODBYE_SECONDS = 2.0  # for the gateway to close the connection
REPLACED_SECONDS = 60.0  # before a robot comes back whose place another process took
_STATUSES = {"AUTHENTICATION_FAILED": 401, "FORBIDDEN": 403, "RATE_LIMITED": 429}

Payload = Mapping[str, Any]


class Replaced(Unreachable):
    """A newer connection of the robot took this one's place."""


class SocketLink:
    """One robot's connection. `register` first; then it comes back by itself whenever it is lost, until `close`.

    `registration` gives the payload of `register`, `on_message` gets the type, id and payload of what is no answer.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        robot_id: str,
        registration: Callable[[], Payload],
        on_message: Callable[[str, str, Payload], None],
    ) -> None:
        self.interval_seconds = 30.0
        self.changed = asyncio.Event()  # the connection came or went
        self._url = url
        self._headers = {"X-Api-Key": api_key}
        self._proxy: Literal[True] | None = None if is_this_machine(url.replace("ws", "http", 1)) else True
        self._robot_id = robot_id
        self._registration = registration
        self._on_message = on_message
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._registered: asyncio.Future[None] | None = None
        self._acknowledgement: Payload = {}
        self._answers: dict[str, asyncio.Future[None]] = {}
        self._is_leaving = False
        self._problem: ApiError = Unreachable("the gateway is not connected")

    @property
    def is_there(self) -> bool:
        """Whether the robot is connected and registered."""
        return self._socket is not None

    def check(self) -> None:
        """Raises why the robot is not connected."""
        if self._socket is None:
            raise self._problem

    async def register(self) -> Payload:
        """Connects and registers: one try; returns the acknowledgement. Raises `ApiError`; 401 and 403 are final."""
        if self._task is not None and self._task.done():
            self._task = None
        if self._task is None:
            self._registered = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._run(self._registered))
        assert self._registered is not None
        if self._registered.done():
            self.check()
        await asyncio.shield(self._registered)
        return self._acknowledgement

    async def say(self, kind: str, payload: Payload) -> None:
        """Says what decides about something, and returns when it is obeyed; raises the gateway's refusal."""
        with self._message(kind, payload) as (text, refusal), self._message("heartbeat", {}) as (barrier, passed):
            await self._send(text)
            await self._send(barrier)
            try:
                await self._in_time(passed)
            except Unreachable:
                raise
            except ApiError:
                pass  # the heartbeat was one too many, say: what came before it was read all the same
            if refusal.done():
                refusal.result()

    async def beat(self, payload: Payload) -> None:
        """Sends a heartbeat, and returns when it is acknowledged."""
        with self._message("heartbeat", payload) as (text, answer):
            await self._send(text)
            await self._in_time(answer)

    async def tell(self, kind: str, payload: Payload) -> None:
        """Says what nobody depends on."""
        await self._send(_text(kind, str(uuid4()), {"robot_id": self._robot_id, **payload}))

    async def close(self) -> None:
        """Says goodbye and ends the connection for good."""
        self._is_leaving = True
        if self._task is not None:
            with suppress(ApiError):
                await self.tell("disconnect", {"reason": "The robot leaves."})
                await asyncio.wait({self._task}, timeout=GOODBYE_SECONDS)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @contextmanager
    def _message(self, kind: str, payload: Payload) -> Iterator[tuple[str, "asyncio.Future[None]"]]:
        """A message's text, and the future of its answer."""
        message_id = str(uuid4())
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answers[message_id] = answer
        try:
            yield _text(kind, message_id, {"robot_id": self._robot_id, **payload}), answer
        finally:
            del self._answers[message_id]
            if answer.done():
                answer.exception()  # it was looked at
            answer.cancel()

    async def _in_time(self, answer: "asyncio.Future[None]") -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await asyncio.shield(answer)
        except TimeoutError as error:
            raise Unreachable("the gateway does not answer in time") from error

    async def _send(self, text: str) -> None:
        self.check()
        assert self._socket is not None
        if len(text) > MOST_BYTES or len(text.encode()) > MOST_BYTES:
            raise ApiError(413, "PAYLOAD_TOO_LARGE", f"A message to the gateway has at most {MOST_BYTES} bytes.")
        try:
            await self._socket.send(text)
        except (OSError, WebSocketException) as error:
            raise Unreachable("the connection to the gateway was lost") from error

    # The connection

    async def _run(self, registered: "asyncio.Future[None]") -> None:
        """Stays connected. What fails before the first registration, or is final, ends it."""
        pauses = backoff_delays(0.25, 15.0)
        while True:
            try:
                async with connect(
                    self._url,
                    additional_headers=self._headers,
                    max_size=MOST_BYTES_OF_JOBS,
                    open_timeout=CONNECT_SECONDS,
                    proxy=self._proxy,
                ) as socket:
                    await self._enter(socket)
                    pauses = backoff_delays(0.25, 15.0)
                    if not registered.done():
                        registered.set_result(None)
                    try:
                        while True:
                            self._read(await socket.recv())
                    except ConnectionClosed as error:
                        raise _closed(socket) from error
                    finally:
                        self._leave()
            except ApiError as error:
                self._problem = error
            except (OSError, WebSocketException, ImportError, ValueError, TimeoutError) as error:
                status = error.response.status_code if isinstance(error, InvalidStatus) else None
                reason = f"answered {status}" if status else f"cannot be reached: {error or type(error).__name__}"
                self._problem = Unreachable(f"the gateway {reason}")
            if not registered.done():
                registered.set_exception(self._problem)
                return
            if self._is_leaving or self._problem.status in (401, 403):
                self.changed.set()
                return
            is_replaced = isinstance(self._problem, Replaced)
            await asyncio.sleep(REPLACED_SECONDS if is_replaced else next(pauses))

    async def _enter(self, socket: ClientConnection) -> None:
        """Registers on a new connection."""
        await socket.send(_text("register", str(uuid4()), self._registration()))
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                try:
                    kind, _, _, payload = _parts(await socket.recv())
                except WebSocketException as error:
                    raise _closed(socket) from error
                if kind == "error":
                    raise _refusal(payload)
                if kind == "register_ack":
                    break
        if payload.get("success") is not True:
            with suppress(WebSocketException):
                await socket.recv()  # the reason is in the code of the close
            raise _closed(socket, str(payload.get("message") or "The registration was refused."))
        self.interval_seconds = float((payload.get("config") or {}).get("heartbeat_interval") or 30)
        self._acknowledgement = payload
        self._socket = socket
        self.changed.set()

    def _leave(self) -> None:
        self._socket = None
        self.changed.set()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Unreachable("the connection to the gateway was lost"))

    def _read(self, frame: str | bytes) -> None:
        try:
            kind, correlation_id, message_id, payload = _parts(frame)
        except ValueError:
            return
        answer = self._answers.get(correlation_id)
        if answer is not None and not answer.done():
            if kind == "error":
                answer.set_exception(_refusal(payload))
            else:
                answer.set_result(None)
        elif kind != "heartbeat_ack":
            self._on_message(kind, message_id, payload)


def _text(kind: str, message_id: str, payload: Payload) -> str:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": kind, "id": message_id, "timestamp": now, "payload": payload}, ensure_ascii=False)


def _parts(frame: str | bytes) -> tuple[str, str, str, Payload]:
    """Type, correlation id, id and payload; `ValueError` when it is none of the gateway's."""
    try:
        data = json.loads(frame)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(data, dict) or not isinstance(data.get("payload"), dict):
        raise ValueError("no message")
    return str(data.get("type")), str(data.get("correlation_id")), str(data.get("id")), data["payload"]


def _refusal(payload: Payload) -> ApiError:
    """An `error` as the API would say it."""
    code, message = str(payload.get("error_code")), str(payload.get("error_message") or "The gateway refused it.")
    found = payload.get("details")
    details: Payload = found if isinstance(found, dict) else {}
    reason = str(details.get("reason") or code)
    if code == "NOT_FOUND":
        return ApiError(404 if reason == "JOB_NOT_FOUND" else 409, reason, message)
    headers = {"retry-after": str(details["retry_after"])} if "retry_after" in details else None
    status = 400 if code.startswith("INVALID_") else _STATUSES.get(code, 503)
    return ApiError(status, reason, message, headers)


def _closed(socket: ClientConnection, message: str | None = None) -> ApiError:
    """Why the gateway closed the connection."""
    reason = message or socket.close_reason or "the connection to the gateway was lost"
    match socket.close_code:
        case 4001:
            return ApiError(401, "AUTHENTICATION_FAILED", reason)
        case 4003:
            return ApiError(403, "FORBIDDEN", reason)
        case 4009:
            return Replaced("another process with this robot's key has connected")
    return Unreachable(reason)
