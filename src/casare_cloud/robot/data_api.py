"""The Data API as a robot speaks to it: with a short token, which it gets from the orchestrator for its key."""

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from casare_cloud.errors import ApiError
from casare_cloud.http import Check, ForeignAnswer, HttpClient, an_object, error_from_body, that_reads

TOKEN_MARGIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Access:
    """A robot's short token, where it is good, and until when (seconds of the monotonic clock)."""

    token: str
    supabase_url: str
    publishable_key: str
    topics: tuple[str, ...]
    renew_at: float

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() < self.renew_at


class DataApi:
    """Calls SQL functions as one robot. The token is exchanged again before it ends, and when it is refused."""

    def __init__(
        self, orchestrator: HttpClient, robot_id: str, http_transport: httpx2.AsyncBaseTransport | None = None
    ) -> None:
        self._orchestrator = orchestrator
        self._robot_id = robot_id
        self._http_transport = http_transport
        self._data: HttpClient | None = None
        self._access: Access | None = None
        self._exchanging = asyncio.Lock()

    async def token(self, *, not_this: str | None = None) -> Access:
        """Access that is good for a while; a new one when the one at hand is old or is the one that was refused."""
        async with self._exchanging:
            access = self._access
            if access is None or not access.is_fresh or access.token == not_this:
                access = self._access = await self._exchange()
                if self._data is None:
                    self._data = HttpClient(access.supabase_url, transport=self._http_transport)
            return access

    async def _exchange(self) -> Access:
        names = ("access_token", "expires_in", "supabase_url", "publishable_key")
        expected = that_reads(
            an_object(*names), lambda found: (float(found["expires_in"]), [*(found.get("topics") or ())])
        )
        path = f"/robots/{self._robot_id}/token"
        answer = await self._orchestrator.call("POST", path, json={}, expects=expected)
        lifetime = float(answer.get("expires_in", 600))
        return Access(
            token=str(answer["access_token"]),
            supabase_url=str(answer["supabase_url"]).rstrip("/"),
            publishable_key=str(answer["publishable_key"]),
            topics=tuple(str(topic) for topic in answer.get("topics") or ()),
            renew_at=time.monotonic() + max(lifetime - TOKEN_MARGIN_SECONDS, lifetime / 2),
        )

    async def call(self, function: str, expects: Check, *, attempts: int | None = None, **arguments: Any) -> Any:
        """The answer of a SQL function."""
        path = f"/rest/v1/rpc/{function}"
        answer = await self._post(path, arguments, attempts, lambda found: _is_refusal(found) or expects(found))
        if _is_refusal(answer) and (refusal := error_from_body(int(answer["code"][2:]), answer)) is not None:
            raise refusal
        return answer

    async def _post(
        self, path: str, body: Mapping[str, Any], attempts: int | None = None, expects: Check | None = None
    ) -> Any:
        """Posts as this robot. A token that is refused is exchanged once; if the key is dead, that raises 401."""
        access = await self.token()
        for is_last in (False, True):
            assert self._data is not None
            try:
                return await self._data.call(
                    "POST",
                    path,
                    json=body,
                    headers={"apikey": access.publishable_key, "Authorization": f"Bearer {access.token}"},
                    attempts=attempts,
                    expects=expects,
                )
            except ApiError as error:
                if is_last or not _is_access_refused(error):
                    raise
                access = await self.token(not_this=access.token)
        raise AssertionError("unreachable: the second try returns or raises")

    async def close(self) -> None:
        """Close the connections; those to the orchestrator are whoever's who made them."""
        if self._data is not None:
            await self._data.close()


def _is_refusal(answer: Any) -> bool:
    """A function that stores a late result returns its error as a value, and sets the status of the answer."""
    return an_object("message", "details", "hint")(answer) and bool(
        re.fullmatch("PT[1-5]\\d\\d", str(answer.get("code")))
    )


def _is_access_refused(error: ApiError) -> bool:
    """Whether new access may help. Of a key that it does not know any more the platform's gateway says 401 in words of
    its own."""
    return error.status == 401 or (isinstance(error, ForeignAnswer) and error.answered == 401)
