"""Who calls the orchestrator, and how: signing in, the forms of a call, pages."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Literal, TypedDict, Unpack

from casare_cloud.client.connection import TOKENS, Connection, quoted
from casare_cloud.http import a_list, an_object

__all__ = ["Answer", "Paging", "Session", "quoted"]

Answer = dict[str, Any]

_PAGE = 100
_AN_OBJECT = an_object()


class Paging(TypedDict, total=False):
    """Which rows of a list."""

    limit: int
    offset: int


class PersonDetails(TypedDict, total=False):
    """What a new user may say besides."""

    username: str
    first_name: str
    last_name: str


class Session(Connection):
    """A caller of the orchestrator."""

    # --- who ------------------------------------------------------------------------------------------------------

    async def login(self, username: str, password: str, tenant_id: str | None = None) -> None:
        """Sign in with a user name or e-mail; later calls are that user's."""
        body = {"username": username, "password": password, "tenant_id": tenant_id}
        self._keep_tokens(await self._http.call("POST", "/auth/login", json=body, expects=TOKENS))

    async def register(
        self,
        *,
        email: str,
        password: str,
        org_name: str | None = None,
        invitation_token: str | None = None,
        **more: Unpack[PersonDetails],
    ) -> None:
        """Make a user with a tenant of their own, or, by an invitation, in somebody else's; and sign in.

        One of `org_name` and `invitation_token` is given.
        """
        joins = {"org_name": org_name, "invitation_token": invitation_token}
        body = {"email": email, "password": password, **_given(joins), **more}
        answer = await self._http.call("POST", "/auth/register", json=body, attempts=1, expects=TOKENS)
        self._keep_tokens(answer)

    async def logout(self, scope: Literal["local", "global", "others"] = "local") -> None:
        """End this session, or the `others`, or all (`global`): their tokens are worthless afterwards."""
        await self._call("POST", "/auth/logout", params={"scope": scope})

    async def me(self) -> Answer:
        """Who this client is."""
        return await self._get("/auth/me")

    async def list_tenants(self) -> Answer:
        """`{tenants}`: those that the caller can act in, and which of them it acts in now (`is_current`)."""
        return await self._get("/auth/tenants")

    async def switch_tenant(self, tenant: str) -> None:
        """Act in another tenant of the user's (its id or slug); other sessions stay where they are."""
        await self._token()
        async with self._refreshing:  # the refresh token is good for one use
            body = {"tenant": tenant, "refresh_token": self._refresh_token or ""}
            self._keep_tokens(await self._http.call("POST", "/auth/switch", json=body, attempts=1, expects=TOKENS))

    # --- pages ----------------------------------------------------------------------------------------------------

    async def iterate(
        self, list_page: Callable[..., Awaitable[Answer | list[Answer]]], *arguments: Any, **filters: Any
    ) -> AsyncIterator[Answer]:
        """Every row of a list that takes `limit` and `offset`: `iterate(cloud.list_jobs, status="failed")`.

        Pages have `limit` rows (default 100). A row that is added meanwhile can make another appear twice; events have
        `iterate_events`, which misses and repeats nothing.
        """
        limit, offset = filters.pop("limit", _PAGE), filters.pop("offset", 0)
        while True:
            answer = await list_page(*arguments, **filters, limit=limit, offset=offset)
            rows = answer if isinstance(answer, list) else next(v for v in answer.values() if isinstance(v, list))
            for row in rows:
                yield row
            if len(rows) < limit:
                return
            offset += limit

    # --- forms of a call ------------------------------------------------------------------------------------------

    async def _get(self, path: str, filters: Mapping[str, Any] | None = None) -> Answer:
        return await self._call("GET", path, params=_given(filters))

    async def _renew_token(self) -> None:
        """Have the next call carry a new token: what it says of the session has changed."""
        if self._refresh_token is not None:
            await self._token(not_this=await self._token(), may_move=True)

    async def _list(self, path: str, filters: Mapping[str, Any] | None = None) -> list[Answer]:
        answer: Any = await self._send("GET", path, params=_given(filters), expects=a_list())
        return list(answer)

    async def _create(self, path: str, body: Mapping[str, Any] | None, **arguments: Any) -> Answer:
        return await self._call("POST", path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())}, **arguments)

    async def _call(self, method: str, path: str, **arguments: Any) -> Answer:
        answer: Answer = await self._send(method, path, expects=_AN_OBJECT, **arguments)
        return answer

    async def _probe(self, path: str) -> Answer:
        """A call that needs no login; it is not tried again, because its failure is the answer."""
        answer: Answer = await self._http.call("GET", path, attempts=1, expects=_AN_OBJECT)
        return answer


def _given(filters: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (filters or {}).items() if value is not None}
