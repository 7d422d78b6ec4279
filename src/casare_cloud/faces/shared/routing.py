"""A route of a face: one request, one transaction, the caller's own rights.

`Route` recognises the caller before the body is read, gives the endpoint its transaction, honours `Idempotency-Key`,
and commits before the answer leaves. An endpoint that raises leaves nothing behind.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from casare_cloud.config import Settings
from casare_cloud.database import Database, Transaction
from casare_cloud.domain.users import dev_mode
from casare_cloud.errors import AuthenticationFailed
from casare_cloud.faces.shared import idempotency
from casare_cloud.identity import ANONYMOUS, Actor, Verifier

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Services:
    """What one process keeps between requests."""

    settings: Settings
    database: Database
    verifier: Verifier


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who makes it and what it may use."""

    services: Services
    actor: Actor
    request_id: str
    client_ip: str | None
    tx: Transaction

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Another transaction of the same caller, for an endpoint that waits between statements (long poll)."""
        async with self.services.database.transaction(self.actor, self.request_id, self.client_ip) as tx:
            yield tx


class Route(APIRoute):
    """A route for known callers: 401 before anything is read when the request carries no credential."""

    is_public = False
    honours_idempotency = True

    def get_route_handler(self) -> Handler:
        """FastAPI's handler inside the request's transaction."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            services: Services = request.app.state.services
            actor = ANONYMOUS if self.is_public else await _actor_of(request, services)
            request_id, client_ip = request.state.request_id, request.state.client_ip
            async with services.database.transaction(actor, request_id, client_ip) as tx:
                request.state.call = Call(services, actor, request_id, client_ip, tx)
                if self.honours_idempotency:
                    return await idempotency.answer_once(request, actor, tx, handler)
                return await handler(request)

        return handle


class PublicRoute(Route):
    """A route that anybody may call; a credential that comes along, perhaps an expired one, is not looked at."""

    is_public = True


class LongPollRoute(Route):
    """A route that waits between transactions of its own. It takes no `Idempotency-Key`: that would hold one open."""

    honours_idempotency = False


async def _actor_of(request: Request, services: Services) -> Actor:
    actor = await services.verifier.actor_of(request.headers)
    if actor.is_anonymous and services.settings.jwt_dev_mode:
        async with services.database.transaction(None) as tx:
            actor = await dev_mode.first_administrator(tx)
    if actor.is_anonymous:
        raise AuthenticationFailed()
    return actor


def _call_of(request: Request) -> Call:
    call: Call = request.state.call
    return call


def _tx_of(request: Request) -> Transaction:
    call: Call = request.state.call
    return call.tx


CurrentCall = Annotated[Call, Depends(_call_of)]
Tx = Annotated[Transaction, Depends(_tx_of)]
