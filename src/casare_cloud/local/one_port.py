"""A face with the gateway's sockets on one port, as documents 000 and 004 have them; where it is deployed, a load
balancer does this.

The function is served by what functions-framework serves it with; a socket is handed on to `GATEWAY_URL`. The page that
the demo's workflow fetches is here as well, so that the workflow runs for as long as the stack does.
"""

import asyncio
import os
from contextlib import suppress
from typing import Any

from functions_framework._http.gunicorn import UvicornApplication
from functions_framework.aio import create_asgi_app
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from casare_cloud.local.orders import ORDERS, ORDERS_PATH

_FRAME_BYTES = 16 * 2**20
_HANDED_ON = frozenset((b"authorization", b"x-api-key", b"x-api-token", b"x-request-id", b"origin", b"user-agent"))
_UNAVAILABLE = 4503
_IDLE_SECONDS = 75


class OnePort:
    """An ASGI app whose requests are `app`'s, and whose sockets are those at `url`."""

    def __init__(self, app: ASGIApp, url: str) -> None:
        self._app = app
        self._url = url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == ORDERS_PATH:
            await JSONResponse({"orders": ORDERS})(scope, receive, send)
            return
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        await receive()
        is_accepted = False
        try:
            async with connect(self._target_of(scope), **self._options_of(scope)) as gateway:
                is_accepted = True
                await send({"type": "websocket.accept"})  # when the gateway has: it lets some wait
                await _join(gateway, receive, send)
        except (OSError, WebSocketException):
            if not is_accepted:
                await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": _UNAVAILABLE, "reason": "The gateway does not answer."})

    def _target_of(self, scope: Scope) -> str:
        path, query = scope["raw_path"].decode("ascii"), scope["query_string"].decode("ascii")
        return f"{self._url}{path}" + (f"?{query}" if query else "")

    def _options_of(self, scope: Scope) -> dict[str, Any]:
        headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"] if name in _HANDED_ON]
        if scope.get("client"):
            headers.append(("X-Forwarded-For", scope["client"][0]))
        return {
            "additional_headers": headers,
            "user_agent_header": None,
            "proxy": None,
            "compression": None,
            "max_size": _FRAME_BYTES,
            "ping_interval": None,
        }


async def _join(gateway: ClientConnection, receive: Receive, send: Send) -> None:
    """Hand on what either side says, until one of them has closed; the gateway's code and reason are handed on."""

    async def inwards() -> None:
        while (message := await receive())["type"] == "websocket.receive":
            await gateway.send(message["bytes"] if message.get("text") is None else message["text"])
        await gateway.close(message.get("code") or 1000)

    async def outwards() -> None:
        async for message in gateway:
            await send({"type": "websocket.send", "text" if isinstance(message, str) else "bytes": message})

    tasks = [asyncio.create_task(inwards()), asyncio.create_task(outwards())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    with suppress(OSError, RuntimeError):  # the client closed it
        code = 1000 if gateway.close_code in (None, 1005, 1006) else gateway.close_code
        await send({"type": "websocket.close", "code": code, "reason": gateway.close_reason or ""})


def server_of(app: ASGIApp, host: str, port: str) -> UvicornApplication:
    """The server of functions-framework, but for connections on which nothing is said.

    Its own closes them after two seconds, the very time after which robots ask for jobs again: a request that meets the
    end of its connection is lost, and not every client sends it again.
    """
    return UvicornApplication(app, host, port, debug=False, keepalive=_IDLE_SECONDS)  # type: ignore[no-untyped-call]


def main() -> None:
    """Serve on `HOST` and `PORT`."""
    app = OnePort(create_asgi_app(), os.environ["GATEWAY_URL"])  # type: ignore[no-untyped-call]
    server_of(app, os.environ["HOST"], os.environ["PORT"]).run()


if __name__ == "__main__":
    main()
