"""`Idempotency-Key`: a repeated POST gets the first answer and does nothing (api-map §3).

The key is taken in the transaction of the work, and the answer is stored in it: work and answer are kept together or
not at all. A refusal that is kept answers the key too; any other leaves it free. Same key and body: the first answer.
First one still running: 409. Other body: 422.
"""

import hashlib
import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from psycopg.types.json import Jsonb
from python_multipart.multipart import parse_options_header

from casare_cloud.database import Transaction
from casare_cloud.errors import ApiError, InvalidArgument, KeptRefusal
from casare_cloud.identity import Actor

_SHOWN_ONCE = ("key", "access_token", "refresh_token")  # secrets are not kept: a repeated request gets null

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def key_of(request: Request, actor: Actor) -> str | None:
    """The key that a request is to be answered once for; 400 for a strange one."""
    key = request.headers.get("idempotency-key")
    if key is None or request.method != "POST" or actor.is_anonymous:
        return None
    if not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
        raise InvalidArgument("Idempotency-Key (header): must have 1 to 255 printable ASCII characters.")
    return key


async def answer_once(request: Request, key: str, tx: Transaction, handler: Handler) -> Response:
    """Run the handler, or answer what it answered when this key was first used by this caller."""
    stored = await tx.fetch_one(
        "select * from private.begin_idempotent_request(%(key)s, %(request_hash)s)",
        {"key": key, "request_hash": await _fingerprint(request)},
    )
    if stored is not None and stored.get("status_code") is not None:
        status, body, replayed = stored["status_code"], stored["response"], {"Idempotent-Replayed": "true"}
        if status >= 400:
            raise ApiError(status, body["error_code"], body["detail"], replayed)
        return JSONResponse(body, status, replayed)
    try:
        response = await handler(request)
    except KeptRefusal as refusal:
        await keep(tx, key, refusal.status, {"error_code": refusal.code, "detail": refusal.message})
        raise
    if 200 <= response.status_code < 300 and not tx.is_over:  # else it was kept with `Call.commit`
        await keep(tx, key, response.status_code, json.loads(bytes(response.body)) if response.body else None)
    return response


async def keep(tx: Transaction, key: str, status: int, body: Any) -> None:
    """Store what a repeated request with this key gets."""
    if isinstance(body, dict):
        body = {name: None if name in _SHOWN_ONCE else value for name, value in body.items()}
    await tx.call("private.finish_idempotent_request", key=key, status=status, response=Jsonb(body))


async def _fingerprint(request: Request) -> bytes:
    """SHA-256 of what makes a request the same one: method, path, query and body, but for the boundary of a form."""
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    body = await request.body()
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind == b"multipart/form-data" and b"boundary" in options:  # made up anew for each request
        body = body.replace(b"--" + options[b"boundary"], b"--")
    digest.update(body)
    return digest.digest()
