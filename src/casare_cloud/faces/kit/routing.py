"""A route of a face: one request, one transaction, the caller's own rights.

`Route` recognises the caller, gives the endpoint its transaction, honours `Idempotency-Key`, and commits before the
answer leaves. An endpoint that raises leaves nothing behind. A body that is large, or does not say how long it is, is
not read before the database knows the caller and has counted the request; a small one is, and costs no round trip.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, get_args

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel

from casare_cloud.config import Settings
from casare_cloud.database import Database, Transaction
from casare_cloud.domain.jobs.doorbells import Doorbells
from casare_cloud.domain.requests.counting import RequestCount
from casare_cloud.domain.users import dev_mode
from casare_cloud.domain.users.service import whoami
from casare_cloud.errors import ApiError, AuthenticationFailed, InvalidArgument
from casare_cloud.faces.kit import idempotency, query_names, storable
from casare_cloud.faces.kit.rate_limits import RateLimits
from casare_cloud.faces.kit.request_json import LARGE_BYTES, JsonRequest
from casare_cloud.faces.kit.shapes import Report
from casare_cloud.identity import ANONYMOUS, Actor, Verifier
from casare_cloud.preflight.auth_faults import AuthFaults

_NO_STORE = (b"cache-control", b"no-store")  # tokens, keys, a tenant's data: no cache may keep an answer

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Services:
    """What one process keeps between requests."""

    settings: Settings
    database: Database
    verifier: Verifier
    auth_faults: AuthFaults
    face: str  # its name
    base: str  # of its paths
    rate_limits: RateLimits
    doorbells: Doorbells

    def count_of(self, method: str, template: str, client_ip: str | None) -> RequestCount:
        """The count of a request to the endpoint whose whole path has this template."""
        rate = self.rate_limits.rate_of(method, template.removeprefix(self.base))
        counted = rate.group if rate is not None and rate.group else f"{method} {template}"
        return RequestCount(f"{self.face} {counted}", rate if self.settings.rate_limits else None, client_ip)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who makes it and what it may use."""

    services: Services
    actor: Actor
    request_id: str
    client_ip: str | None
    tx: Transaction
    count: RequestCount
    idempotency_key: str | None
    secrets: tuple[str, ...]  # of the answer: they are not kept for a repeated request

    async def commit(self, answer: BaseModel) -> None:
        """Make the work permanent and give its connection back: the endpoint goes on to wait for something else.

        `answer` is what a repeated request with the same Idempotency-Key gets.
        """
        if self.idempotency_key is not None:
            body = answer.model_dump(mode="json", by_alias=True)
            await idempotency.keep(self.tx, self.idempotency_key, 200, body, self.secrets)
        await self.tx.commit()

    @asynccontextmanager
    async def ahead(self) -> AsyncIterator[Transaction]:
        """The transaction of what an endpoint asks before it waits for something else: no connection waits along.

        With an Idempotency-Key it is the request's own, which began with the key: who waits for a second connection
        while holding one may wait for ever.
        """
        if self.idempotency_key is not None:
            yield self.tx
            return
        async with self.transaction() as tx:
            yield tx

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Another transaction of the same caller, for an endpoint that waits between statements."""
        begin = self.services.database.transaction
        async with begin(self.actor, self.request_id, self.client_ip, self.count) as tx:
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
            request.state.headers.append(_NO_STORE)
            count = services.count_of(request.method, self._template_of(request), request.state.client_ip)
            try:
                try:
                    request = JsonRequest(request.scope, request.receive)
                    request.repairs_text = self._takes_a_report()
                    return await self._answer(request, services, count, handler)
                except ApiError as error:
                    count.refused(error)
                    raise
                finally:
                    await count.settle(services.database)  # nothing was sent: refused before, or no need to
            finally:
                request.state.headers.extend(services.rate_limits.headers_of(count.standing))

        return handle

    async def _answer(self, request: Request, services: Services, count: RequestCount, handler: Handler) -> Response:
        actor = ANONYMOUS
        if self.is_public:
            await count.settle(services.database)  # its work is elsewhere, and must not be done first
        else:
            actor = await _actor_of(request, services)
        count.made_by(actor)
        _refuse_unstorable(request)
        self._name_what_is_ignored(request)
        request_id, client_ip = request.state.request_id, request.state.client_ip
        if not actor.is_anonymous and _may_be_large(request):
            # A transaction of its own: no connection waits while the body comes in.
            async with services.database.transaction(actor, request_id, client_ip, count) as tx:
                await whoami(tx)
        key = idempotency.key_of(request, actor) if self.honours_idempotency else None
        async with services.database.transaction(actor, request_id, client_ip, count) as tx:
            secrets = idempotency.secrets_of(self.endpoint)
            request.state.call = Call(services, actor, request_id, client_ip, tx, count, key, secrets)
            if key is not None:
                return await idempotency.answer_once(request, key, tx, handler, secrets)
            return await handler(request)

    @cached_property
    def _query_names(self) -> frozenset[str]:
        return query_names.known_names(self.dependant)

    def _name_what_is_ignored(self, request: Request) -> None:
        """In a header that the answer, or a refusal, carries."""
        if not request.query_params:
            return
        only_reads = request.method == "GET"
        ignored = query_names.ignored(request.query_params, self._query_names, only_reads=only_reads)
        if ignored:
            request.state.headers.append((query_names.HEADER.lower().encode(), ", ".join(ignored).encode()))

    def _takes_a_report(self) -> bool:
        body: Any = self.body_field and self.body_field.field_info.annotation
        return any(isinstance(kind, type) and issubclass(kind, Report) for kind in get_args(body) or (body,))

    def _template_of(self, request: Request) -> str:
        """The whole path with `{}` in the place of its parameters: this route knows its own part of it only."""
        own = [part for part in self.path_format.split("/") if part]
        parts = [part for part in request.url.path.split("/") if part]
        whole = parts[: len(parts) - len(own)] + own
        return "/" + "/".join("{}" if part.startswith("{") else part for part in whole)


class PublicRoute(Route):
    """A route that anybody may call; a credential that comes along, perhaps an expired one, is not looked at."""

    is_public = True


class LongPollRoute(Route):
    """A route that waits between transactions of its own. It takes no `Idempotency-Key`: that would hold one open."""

    honours_idempotency = False


def _may_be_large(request: Request) -> bool:
    if "transfer-encoding" in request.headers:
        return True
    declared = request.headers.get("content-length", "0")
    return not (declared.isascii() and declared.isdigit()) or int(declared) > LARGE_BYTES


def _refuse_unstorable(request: Request) -> None:
    """400 for a path or query with text that no database keeps; a body is looked at when it is read."""
    for source, values in (("path", request.path_params.items()), ("query", request.query_params.multi_items())):
        for name, value in values:
            if not storable.is_storable([name, value]):
                raise InvalidArgument(f"{storable.repaired(name)[:64]} ({source}): {storable.RULE}.")


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
