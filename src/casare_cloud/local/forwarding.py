"""A service behind the gateway that another process serves: requests are handed on, and answers back, as they are."""

import logging
from typing import Final

import httpx2
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

logger = logging.getLogger(__name__)

# The gateway answers for CORS, and each connection has lengths and encodings of its own.
_NOT_HANDED_ON: Final = frozenset(
    b"accept-encoding connection content-length host keep-alive origin te trailer transfer-encoding upgrade".split()
)
_NOT_HANDED_BACK: Final = frozenset(b"connection content-length date keep-alive server transfer-encoding".split())
_UNREACHABLE: Final = {"message": "An invalid response was received from the upstream server"}


class Forwarder:
    """An ASGI application, to be mounted, whose answers are those of the server at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx2.AsyncClient(timeout=30.0, trust_env=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._ask(request)
        except httpx2.HTTPError as problem:
            logger.error("%s %s: %r", request.method, request.url.path, problem)
            response = JSONResponse(_UNREACHABLE, 502)
        await response(scope, receive, send)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _ask(self, request: Request) -> Response:
        scope = request.scope
        path = scope["raw_path"].decode("ascii").removeprefix(scope["root_path"]) or "/"
        query = scope["query_string"].decode("ascii")
        headers = [(name, value) for name, value in request.headers.raw if name not in _NOT_HANDED_ON]
        if "x-forwarded-for" not in request.headers and request.client:
            headers.append((b"x-forwarded-for", request.client.host.encode()))
        headers.append((b"accept-encoding", b"identity"))
        answer = await self._client.request(
            request.method,
            self._url + path + (f"?{query}" if query else ""),
            headers=headers,
            content=await request.body(),
        )
        response = Response(answer.content, answer.status_code)
        response.raw_headers += [
            (name.lower(), value) for name, value in answer.headers.raw if name.lower() not in _NOT_HANDED_BACK
        ]
        return response
