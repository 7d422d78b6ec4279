"""`Idempotency-Key`: a repeated POST gets the first answer and does nothing (api-decisions#idempotency).

The key is taken in the transaction of the work, and the answer is stored in it: work and answer are kept together or
not at all. A refusal that is kept answers the key too; any other leaves it free. Same key and body: the first answer.
First one still running: 409. Other body: 422.

Secrets are not kept: an endpoint that shows some says where with `@shown_once("key")`; a repeated request gets null.
"""

import hashlib
import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from python_multipart.multipart import parse_options_header

from casare_cloud.database import Transaction
from casare_cloud.domain.requests import service
from casare_cloud.domain.requests.model import KeptAnswer
from casare_cloud.errors import ApiError, InvalidArgument, KeptRefusal
from casare_cloud.identity import Actor

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def shown_once(*places: str) -> Callable[[Endpoint], Endpoint]:
    """Decorates an endpoint whose answer holds secrets, at these places: names with dots between them, `config.secret`.

    A name that leads to a list means each of its items.
    """

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.shown_once = places  # type: ignore[attr-defined]
        return endpoint

    return mark


def secrets_of(endpoint: Callable[..., Any]) -> tuple[str, ...]:
    """The places of secrets in the answer of an endpoint."""
    places: tuple[str, ...] = getattr(endpoint, "shown_once", ())
    return places


def key_of(request: Request, actor: Actor) -> str | None:
    """The request's idempotency key, or None; 400 for an invalid one."""
    key = request.headers.get("idempotency-key")
    if key is None or request.method != "POST" or actor.is_anonymous:
        return None
    if not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
        raise InvalidArgument("Idempotency-Key (header): must have 1 to 255 printable ASCII characters.")
    return key


async def answer_once(
    request: Request, key: str, tx: Transaction, handler: Handler, secrets: Sequence[str]
) -> Response:
    """Run the handler, or answer what it answered when this key was first used by this caller."""
    stored = await service.begin_once(tx, key, await _fingerprint(request))
    if stored is not None:
        replayed = {"Idempotent-Replayed": "true"}
        if stored.status >= 400:
            raise ApiError(stored.status, stored.body["error_code"], stored.body["detail"], replayed)
        return JSONResponse(stored.body, stored.status, replayed)
    try:
        response = await handler(request)
    except KeptRefusal as refusal:
        kept = KeptAnswer(refusal.status, {"error_code": refusal.code, "detail": refusal.message})
        await service.keep(tx, key, kept)
        raise
    if 200 <= response.status_code < 300 and not tx.is_over:  # else it was kept with `Call.commit`
        body = json.loads(bytes(response.body)) if response.body else None
        await keep(tx, key, response.status_code, body, secrets)
    return response


async def keep(tx: Transaction, key: str, status: int, body: Any, secrets: Sequence[str]) -> None:
    """Store what a repeated request with this key gets: the answer with null for each secret."""
    for place in secrets:
        body = _without(body, place.split("."))
    await service.keep(tx, key, KeptAnswer(status, body))


def _without(value: Any, names: Sequence[str]) -> Any:
    """The JSON value with null at the place that the names lead to."""
    if not names:
        return None
    if isinstance(value, list):
        return [_without(item, names) for item in value]
    if isinstance(value, dict) and names[0] in value:
        return {**value, names[0]: _without(value[names[0]], names[1:])}
    return value


async def _fingerprint(request: Request) -> bytes:
    """SHA-256 of what makes a request the same one: method, path, query and body, but for the boundary of a form."""
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    body = await request.body()
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind == b"multipart/form-data" and b"boundary" in options:  # made up anew for each request
        body = body.replace(b"--" + options[b"boundary"], b"--")
    digest.update(body)
    return digest.digest()
