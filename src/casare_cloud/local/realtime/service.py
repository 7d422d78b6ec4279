"""The Realtime service of one database: its sockets, its feed, its partitions."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, Final

import psycopg
from psycopg_pool import PoolTimeout
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from casare_cloud.local.context import LocalContext, Pool

from .authorization import Authorizer
from .broadcast_api import BroadcastApi
from .errors import TokenError, database_unavailable
from .feed import DatabaseMessage, Feed
from .hub import Hub, TopicKey
from .limits import Limits
from .replay import from_row
from .socket import Socket
from .tokens import TokenVerifier
from .wire import Version

logger = logging.getLogger(__name__)

WAIT_SECONDS: Final = 5.0
PARTITION_SECONDS: Final = 3600.0


class Realtime:
    """Everything behind /realtime/v1. It begins to work with the first request, and ends with `close`."""

    def __init__(self, context: LocalContext, limits: Limits | None = None) -> None:
        self.limits = limits or Limits.from_environment()
        self.tokens = TokenVerifier(context)
        self.hub = Hub(self.limits)
        self.authorizer = Authorizer(self.pool)
        self._context = context
        self._feed = Feed(context.realtime_admin_dsn, self._publish_row)
        self._sockets: set[Socket] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def routes(self) -> list[BaseRoute]:
        """The routes, to be mounted under /realtime/v1."""
        api = BroadcastApi(self)
        return [
            WebSocketRoute("/websocket", SocketEndpoint(self)),
            WebSocketRoute("/socket/websocket", SocketEndpoint(self)),
            Route("/api/broadcast", api.broadcast_batch, methods=["POST"]),
            Route("/api/broadcast/{rest:path}", api.broadcast_one, methods=["POST"]),
        ]

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to follow the database; harmless when done before."""
        if self._tasks:
            return
        self._tasks = [
            asyncio.create_task(self._forever(self._feed.run()), name="realtime feed"),
            asyncio.create_task(self._forever(self._keep_partitions()), name="realtime partitions"),
        ]

    async def close(self) -> None:
        """End every socket and stop following the database; the connections are the context's."""
        for socket in list(self._sockets):
            socket.end(1001)
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def pool(self) -> Pool:
        """Connections of the role supabase_realtime_admin."""
        return await self._context.pool(self._context.realtime_admin_dsn)

    async def listening(self) -> None:
        """Return when messages of the database arrive; raises `RealtimeError` when they do not within 5 seconds."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._feed.listening.wait()
        except TimeoutError:
            raise database_unavailable() from None

    async def _forever(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            logger.exception("a duty of Realtime ended")

    async def _keep_partitions(self) -> None:
        """Keep the days of realtime.messages from today to three days ahead."""
        while True:
            pause = PARTITION_SECONDS
            try:
                async with (await self.pool()).connection() as connection:
                    await connection.execute("select realtime.ensure_partitions()")
            except (psycopg.Error, PoolTimeout) as error:
                logger.warning("the partitions of realtime.messages could not be made: %s", error)
                pause = WAIT_SECONDS
            await asyncio.sleep(pause)

    def _publish_row(self, row: DatabaseMessage) -> None:
        if row.is_private is None or not self.hub.has_members(key := TopicKey(row.topic, row.is_private)):
            return
        if (message := from_row(row)) is None:
            return
        if len(message.data) > self.limits.payload_bytes:
            logger.error("UnableToBroadcastChanges: payload_size_exceeded")
        elif self.hub.messages.is_exceeded:
            logger.error("UnableToBroadcastChanges: too_many_requests")
        else:
            self.hub.messages.add()
            self.hub.publish(key, message)

    # --- sockets --------------------------------------------------------------------------------------------------

    async def accept(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open a socket for a caller with a valid key or token, or answer why not."""
        websocket = WebSocket(scope, receive, send)
        params = websocket.query_params
        try:
            version = Version(params.get("vsn", Version.V1))
        except ValueError:
            await websocket.send_denial_response(JSONResponse({"error": "Unsupported protocol version"}, 400))
            return
        try:
            token = self.tokens.verify(websocket.headers.get("x-api-key") or params.get("apikey"))
        except TokenError as error:
            status = 401 if error.code else 500
            await websocket.send_denial_response(JSONResponse({"error": error.handshake}, status))
            return
        if self.limits.connections is not None and len(self._sockets) >= self.limits.connections:
            await websocket.send_denial_response(JSONResponse({"error": "Too many connected users"}, 429))
            return
        self.start()
        await websocket.accept()
        socket = Socket(self, version, token, x_headers(websocket.headers), receive, send)
        self._sockets.add(socket)
        try:
            await socket.run()
        finally:
            self._sockets.discard(socket)


class SocketEndpoint:
    """The ASGI application behind the socket's URL, bare, so that nothing stands between a socket and its server."""

    def __init__(self, service: Realtime) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._service.accept(scope, receive, send)


def x_headers(headers: Headers) -> Mapping[str, str]:
    """The headers of a request that policies may see."""
    return {name: value for name, value in headers.items() if name.startswith("x-")}
