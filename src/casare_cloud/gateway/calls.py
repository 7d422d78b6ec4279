"""A socket that was opened: where, with what, by whom.

Who it is may be said in the query, in a header or in the first message. Browsers cannot send headers with a socket; the
query is written into the logs of proxies; the first message is neither.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from casare_cloud.config import Settings
from casare_cloud.database import Database
from casare_cloud.domain.jobs.doorbells import Doorbells
from casare_cloud.domain.users import dev_mode
from casare_cloud.domain.users.model import Identity
from casare_cloud.domain.users.service import whoami
from casare_cloud.errors import AuthenticationFailed
from casare_cloud.gateway import closing
from casare_cloud.gateway.fleet_pictures import FleetPictures
from casare_cloud.gateway.places import Places
from casare_cloud.gateway.rates import RateLimit
from casare_cloud.gateway.robots.connection import Switchboard
from casare_cloud.gateway.sockets import Socket
from casare_cloud.identity import ANONYMOUS, Actor, Verifier

if TYPE_CHECKING:
    from casare_cloud.gateway.hub import Hub

FIRST_MESSAGE_SECONDS = 5.0
CHECK_SECONDS = 30.0  # until it is asked again whether somebody may hear what they hear; a watch lapses after 60
MOST_BYTES = 64 * 1024  # of a message: a ping, or a token
_QUERY = ("token", "api_key", "api_secret")
_MESSAGE = ("token", "api_key", "api_secret", "auth_token", "access_token")


@dataclass(frozen=True, slots=True)
class Services:
    """What one process keeps between sockets."""

    settings: Settings
    database: Database
    verifier: Verifier
    doorbells: Doorbells
    robots: Switchboard
    fleets: FleetPictures
    places: Places


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for. `names` are the parameters of its path, `headers` have lower-case names."""

    services: Services
    hub: "Hub"
    names: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    client_ip: str | None
    request_id: str

    async def named_actor(self) -> Actor:
        """Whom the headers or the query name, or nobody; `AuthenticationFailed` for what cannot be right."""
        actor = await self.services.verifier.actor_of(self.headers)
        if not actor.is_anonymous:
            return actor
        credential = next((self.query[name] for name in _QUERY if self.query.get(name)), None)
        return ANONYMOUS if credential is None else await self.actor_of(credential)

    async def known_actor(self) -> Actor:
        """As `named_actor`, and on a stack in developer mode an administrator in the place of nobody."""
        actor = await self.named_actor()
        if actor.is_anonymous and self.services.settings.jwt_dev_mode and self._is_of_this_machine():
            async with self.services.database.transaction(None) as tx:
                return await dev_mode.first_administrator(tx)
        return actor

    def _is_of_this_machine(self) -> bool:
        """Whether no page of another site asks, which any site could make a browser on this machine do."""
        origin = self.headers.get("origin")
        host = urlsplit(origin or "").hostname
        allowed = self.services.settings.allowed_origins
        return origin is None or host in ("localhost", "127.0.0.1", "::1") or origin in allowed or "*" in allowed

    async def actor_of(self, credential: str) -> Actor:
        """Whom a token or key names, wherever it stood; `AuthenticationFailed` for what cannot be right."""
        return await self.services.verifier.actor_of({"x-api-token": credential})


@dataclass(frozen=True, slots=True)
class Call(Request):
    """One socket."""

    socket: Socket

    async def actor(self) -> Actor:
        """Who it is: `known_actor`, or whom the first message names.

        `AuthenticationFailed` when nobody said it within five seconds; pings are answered meanwhile.
        """
        actor = await self.known_actor()
        if not actor.is_anonymous:
            return actor
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_MESSAGE_SECONDS):
                while answer_ping(self.socket, message := await self._receive()):
                    pass
                if (credential := credential_in(message)) is not None:
                    return await self.actor_of(credential)
        raise AuthenticationFailed()

    async def converse(self, renew: Callable[[Actor], Awaitable[None]]) -> None:
        """Answer pings, and go on as `renew` says with newer tokens, until the socket is closed."""
        rate, now = RateLimit(), asyncio.get_running_loop().time
        while True:
            message = await self._receive()
            if answer_ping(self.socket, message):
                continue
            credential = credential_in(message)
            if credential is None:
                self.socket.offer(_UNKNOWN)
            elif rate.wait_of(now()) > 0:
                self.socket.offer(_TOO_MANY)
            else:
                await renew(await self.actor_of(credential))

    async def _receive(self) -> str | bytes:
        message = await self.socket.receive()
        if len(message) > MOST_BYTES:
            await self.socket.close(closing.TOO_LARGE, "A message may have at most 64 KB here.")
            raise closing.SocketClosed
        return message


_UNKNOWN = '{"type": "error", "code": "INVALID_MESSAGE", "message": "This socket takes pings and a new token."}'
_TOO_MANY = '{"type": "error", "code": "RATE_LIMITED", "message": "At most 100 new tokens in a minute."}'

Handler = Callable[[Call], Awaitable[None]]
"""Talks with whoever opened a socket; returns, or raises `ApiError`, to close it."""


def require_same(newer: Identity, before: Identity) -> None:
    """`AuthenticationFailed` when a newer token is somebody else's, or of another tenant."""
    if (newer.user_id, newer.tenant_id) != (before.user_id, before.tenant_id):
        raise AuthenticationFailed("The token is somebody else's.")


async def in_one_tenant(request: Request, actor: Actor) -> Actor:
    """The caller with the claim of a tenant: that of the token, else the one in which they act now.

    Without it the database looks their tenant up at each statement, and a socket would go on in another one when they
    are moved there.
    """
    claims = json.loads(actor.claims or "{}")
    app = claims.get("app_metadata") or {}
    if actor.claims is None or app.get("tenant_id") is not None:
        return actor
    async with request.services.database.transaction(actor, request.request_id, request.client_ip) as tx:
        me = await whoami(tx)
    return replace(actor, claims=json.dumps({**claims, "app_metadata": {**app, "tenant_id": str(me.tenant_id)}}))


def end_of(actor: Actor) -> float | None:
    """When the caller's token ends, in seconds since 1970; None for a key, which ends when it is revoked."""
    return None if actor.token is None or actor.claims is None else float(json.loads(actor.claims)["exp"])


def answer_ping(socket: Socket, message: str | bytes) -> bool:
    """Whether a message is a ping, which is then answered: `ping` with `pong`, `{"type": "ping"}` with its like."""
    if message == "ping":
        socket.offer("pong")
        return True
    if isinstance(message, str) and len(message) < 256 and _object_in(message).get("type") == "ping":
        socket.offer('{"type": "pong"}')
        return True
    return False


def credential_in(message: str | bytes) -> str | None:
    """The token or key that a message brings: `{"type": "auth", "token": "…"}`, also under `payload`."""
    value = _object_in(message) if isinstance(message, str) else {}
    payload = value.get("payload")
    for place in (value, payload if isinstance(payload, dict) else {}):
        for name in _MESSAGE:
            if isinstance(place.get(name), str) and place[name]:
                return str(place[name])
    return None


def _object_in(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
