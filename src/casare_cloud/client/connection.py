"""Connections to one face of the service, and the caller's tokens: what every client stands on."""

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import quote

import httpx2

from casare_cloud.errors import ApiError
from casare_cloud.http import HttpClient, an_object, api_base

REFRESH_BEFORE_SECONDS = 60
TOKENS = an_object("access_token", "refresh_token", "expires_in")


class Connection:
    """Connections to one face, and the caller's tokens. `base_url` may end in `/api/v1`, as it is published."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        http_transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = HttpClient(api_base(base_url), headers=headers, transport=http_transport)
        self._refresh_token: str | None = None
        self._token_ends_at = 0.0
        self._refreshing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    @property
    def is_user(self) -> bool:
        """Whether a user has signed in: Realtime lets users in, and no keys."""
        return self._refresh_token is not None

    async def access_token(self) -> str:
        """The user's current access token, refreshed when it is about to end."""
        return await self._token()

    @property
    def tokens(self) -> dict[str, Any]:
        """A user's `access_token`, `refresh_token` and when the first ends (`ends_at`, in seconds since 1970)."""
        access = self._http.headers.get("Authorization", "").removeprefix("Bearer ")
        return {"access_token": access, "refresh_token": self._refresh_token, "ends_at": self._token_ends_at}

    async def _token(self, *, not_this: str | None = None, may_move: bool = False) -> str:
        """The token at hand, or a new one when it is about to end or is the one that was refused.

        Raises 403 TENANT_LEFT when the new one is for another tenant, unless that is what is wanted: who was removed
        from the one that a program acts in must not go on with its work in another.
        """
        async with self._refreshing:  # a refresh token is good for one use
            token = self._http.headers.get("Authorization", "").removeprefix("Bearer ")
            if self._must_refresh(not_this):
                body = {"refresh_token": self._refresh_token}
                answer = await self._http.call("POST", "/auth/refresh", json=body, expects=TOKENS)
                self._refresh_token = answer["refresh_token"]
                before, after = tenant_of(token), tenant_of(answer["access_token"])
                if before and after and before != after and not may_move:
                    raise ApiError(403, "TENANT_LEFT", "You are no member any more of the tenant that you acted in.")
                self._keep_tokens(answer)
        return self._http.headers.get("Authorization", "").removeprefix("Bearer ")

    def _must_refresh(self, not_this: str | None) -> bool:
        """Whether there is a user's token that is about to end, or is the one that was refused."""
        token = self._http.headers.get("Authorization", "").removeprefix("Bearer ")
        is_old = token == not_this or time.time() > self._token_ends_at - REFRESH_BEFORE_SECONDS
        return self._refresh_token is not None and is_old

    def _keep_tokens(self, answer: Mapping[str, Any]) -> None:
        self._http.headers["Authorization"] = f"Bearer {answer['access_token']}"
        self._refresh_token = answer["refresh_token"]
        self._token_ends_at = time.time() + float(answer["expires_in"])

    async def _send(self, method: str, path: str, **arguments: Any) -> Any:
        """The answer to this caller. A token that is refused, whatever the clock here says, is refreshed once."""
        token = await self._token()
        try:
            return await self._http.call(method, path, **arguments)
        except ApiError as error:
            if error.status != 401 or self._refresh_token is None:
                raise
        await self._token(not_this=token)
        return await self._http.call(method, path, **arguments)


def tenant_of(token: str) -> str | None:
    """The tenant that an access token says it is for; None for what says nothing of it."""
    try:
        claims = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["app_metadata"]["tenant_id"]
    except (LookupError, TypeError, ValueError):
        return None
    return str(found)


def quoted(name: str) -> str:
    """A name or id as one segment of a path."""
    return quote(name, safe="")
