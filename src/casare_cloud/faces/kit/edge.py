"""The outermost layer of a face: request id, client address, other origins, body limit, and an answer to every failure.

Plain ASGI, without FastAPI, so that a cold process can answer before the web framework is imported.
"""

import ipaddress
import json
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import uuid4

from starlette.exceptions import HTTPException

from casare_cloud.config import Network
from casare_cloud.faces.kit.envelope import Envelope

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger("casare_cloud")

# What a page of an allowed origin may send and read (https://fetch.spec.whatwg.org/#http-cors-protocol).
_HEADERS_OF_BROWSERS = ("Authorization", "Idempotency-Key", "X-Api-Key", "X-Api-Token", "X-Request-ID")
_HEADERS_FOR_BROWSERS = (
    "Idempotent-Replayed", "Retry-After", "X-Ignored-Parameters", "X-Process-Time", "X-RateLimit-Limit",
    "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-ID",
)  # fmt: skip

BODY_BYTES = 10 * 1024 * 1024  # documents 000 and 002: "Max payload size: 10MB"
UPLOAD_BYTES = 50 * 1024 * 1024 + 64 * 1024  # "max 50MB" for the file, and the form around it
FORM_BYTES = 64 * 1024  # who sends it is not known yet: a password, a token, some names


class Edge:
    """An ASGI app. `App` derives from it and implements `serve`, `body_limit` and `close`; a face says its `envelope`.

    `serve` finds `request_id`, `client_ip` and `headers` in `scope["state"]`, may raise anything, and never reads more
    of a body than `body_limit` of the path: a bigger one is answered 413 before it is kept.
    """

    envelope: Envelope

    def __init__(self, trusted_proxies: tuple[Network, ...], allowed_origins: tuple[str, ...] = ()) -> None:
        self._trusted_proxies = trusted_proxies
        self._share: App = self._answer
        if allowed_origins:
            from starlette.middleware.cors import CORSMiddleware

            self._share = CORSMiddleware(
                self._answer,
                allow_origins=allowed_origins,
                allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
                allow_headers=_HEADERS_OF_BROWSERS,
                expose_headers=_HEADERS_FOR_BROWSERS,
            )

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        raise NotImplementedError

    def body_limit(self, path: str) -> int:
        """How many bytes the body of a request to this path may have."""
        return BODY_BYTES

    async def close(self) -> None:
        """Give back what the app holds."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._serve_http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            raise RuntimeError(f"This face does not speak {scope['type']}.")

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _serve_http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = request_id_of(_headers_of(scope).get("x-request-id"))
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        peer = scope["client"][0] if scope.get("client") else None
        # A proxy may add a line of its own instead of to the client's: all lines are one list (RFC 9110 §5.3).
        hops = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        state["client_ip"] = client_ip_of(peer, ", ".join(hops), self._trusted_proxies)
        state["headers"] = []  # raw headers that every answer to this request carries

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(b"x-request-id", request_id.encode()), *state["headers"]]
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        if scope["method"] == "HEAD":
            await self._share({**scope, "method": "GET"}, receive, _without_body(send_with_id))
        else:
            await self._share(scope, receive, send_with_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers_of(scope)
        status = 0  # of the answer, once it has begun

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        limit = self.body_limit(scope["path"])
        try:
            declared = headers.get("content-length", "")
            if declared.isascii() and declared.isdigit() and (len(declared) > 15 or int(declared) > limit):
                raise _too_large(limit)
            has_body = declared not in ("", "0") or "transfer-encoding" in headers
            if has_body and headers.get("content-encoding", "identity").lower() != "identity":
                raise HTTPException(
                    415, "Content-Encoding (header): a body must not be compressed.", {"Accept-Encoding": "identity"}
                )
            await self.serve(scope, _limited(receive, limit), watched_send)
        except Exception as error:
            request_id = scope["state"]["request_id"]
            if not status:
                await send_json(watched_send, *self.envelope.answer(error, request_id))
            elif status != 500:  # a 500 was made and logged by the framework, which raises the error all the same
                logger.exception("request %s failed after its answer had begun", request_id)


def _headers_of(scope: Scope) -> dict[str, str]:
    """The headers; of one that comes more than once, the first."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}


def _without_body(send: Send) -> Send:
    """To HEAD: what GET would answer, without its body (RFC 9110 §9.3.2), which may be one that does not end."""
    is_over = False

    async def send_head(message: Message) -> None:
        nonlocal is_over
        if message["type"] == "http.response.body":
            message = {"type": "http.response.body", "body": b""}
        if not is_over:
            is_over = message["type"] == "http.response.body"
            await send(message)

    return send_head


def request_id_of(given: str | None) -> str:
    """The caller's request id when it is a short plain word, else a new one."""
    return given if given and re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", given) else str(uuid4())


def client_ip_of(peer: str | None, forwarded_for: str | None, trusted: tuple[Network, ...]) -> str | None:
    """The client's address: the peer's, or, behind trusted proxies only, the nearest one in `X-Forwarded-For` that is
    not itself a trusted proxy. None when there is no address (a Unix socket)."""
    address = _address(peer)
    hops = [item.strip() for item in forwarded_for.split(",")] if forwarded_for else []
    while address is not None and hops and any(address in network for network in trusted):
        nearer = _address(hops.pop())
        if nearer is None:
            break
        address = nearer
    return str(address) if address is not None else None


def _address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped if mapped is not None else address


class BodyTooLarge(HTTPException):
    """413. An HTTPException, because that is what body parsers let through."""


def _too_large(limit: int) -> BodyTooLarge:
    most = f"{limit // 1024} KB" if limit < 1024 * 1024 else f"{limit // (1024 * 1024)} MB"
    return BodyTooLarge(413, f"The request body may have at most {most}.")


def _limited(receive: Receive, limit: int) -> Receive:
    received = 0

    async def read() -> Message:
        nonlocal received
        message = await receive()
        if message["type"] == "http.request":
            received += len(message.get("body", b""))
            if received > limit:
                raise _too_large(limit)
        return message

    return read


async def send_json(send: Send, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
    """Answer with JSON, without a web framework."""
    content = json.dumps(body, ensure_ascii=True).encode()
    raw = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    raw += [(name.lower().encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": content})
