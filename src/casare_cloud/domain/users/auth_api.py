"""The part of Supabase Auth's HTTP API that the product uses, and what its answers mean."""

import asyncio
import re
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from casare_cloud.config import Settings
from casare_cloud.domain.users.model import Tokens
from casare_cloud.errors import ApiError, Unavailable

if TYPE_CHECKING:
    import httpx2  # imported where it is used: only some requests pay for an HTTP client

_TIMEOUT_SECONDS = 10

# A client keeps its connections, and those belong to an event loop.
_clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, "httpx2.AsyncClient"] = weakref.WeakKeyDictionary()


class AuthRefused(Exception):
    """Auth understood and refused: `status` and `code` are its own words."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class AuthApi:
    """Calls Supabase Auth. Raises `AuthRefused`, or `ApiError` 503 when it does not answer and 429 when it says so."""

    def __init__(self, settings: Settings, client_ip: str | None) -> None:
        self._settings = settings
        self._client_ip = client_ip

    async def sign_in(self, email: str, password: str) -> Tokens:
        """Password grant."""
        body = {"email": email, "password": password}
        return _tokens_of(await self._post("/token?grant_type=password", body))

    async def refresh(self, refresh_token: str) -> Tokens:
        """Refresh grant: the old refresh token is used up."""
        body = {"refresh_token": refresh_token}
        return _tokens_of(await self._post("/token?grant_type=refresh_token", body))

    async def sign_out(self, access_token: str, scope: str) -> None:
        """End this session (`local`), the others, or all of the user (`global`)."""
        await self._post(f"/logout?scope={scope}", {}, bearer=access_token)

    async def create_user(self, email: str, password: str, registration: Mapping[str, str]) -> None:
        """Admin API: a confirmed user; the database makes tenant and membership in the same transaction."""
        if not self._settings.supabase_secret_key:
            raise Unavailable("REGISTRATION_UNAVAILABLE", "Registration is not set up here.", retry_after=3600)
        body = {
            "email": email,
            "password": password,
            "email_confirm": True,
            "app_metadata": {"registration": registration},
        }
        await self._post("/admin/users", body, bearer=self._settings.supabase_secret_key)

    async def _post(self, path: str, body: Mapping[str, Any], bearer: str | None = None) -> dict[str, Any]:
        import httpx2

        settings = self._settings
        headers = {
            "apikey": settings.supabase_secret_key or settings.supabase_publishable_key,
            "X-Supabase-Api-Version": "2024-01-01",
        }
        if bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        if self._client_ip:
            headers["Sb-Forwarded-For"] = self._client_ip  # Auth limits rates by the person's address, not by ours
        try:
            client = _client(settings)
            response = await client.post(f"{settings.supabase_url}/auth/v1{path}", json=body, headers=headers)
            answer = response.json() if response.content else {}
        except (httpx2.HTTPError, ValueError) as error:
            raise _unavailable() from error
        if response.is_success and isinstance(answer, dict):
            return answer
        code = str(answer.get("code") or answer.get("error_code") or "") if isinstance(answer, dict) else ""
        if response.status_code == 429:
            seconds = response.headers.get("retry-after", "")
            if not re.fullmatch("[0-9]{1,9}", seconds):
                seconds = "60"  # it is missing, or a date: what we answer has a number
            message = "Too many requests to the sign-in service; try again later."
            raise ApiError(429, "RATE_LIMITED", message, {"Retry-After": seconds})
        if not response.is_client_error:
            raise _unavailable()
        raise AuthRefused(response.status_code, code)


def _client(settings: Settings) -> "httpx2.AsyncClient":
    import httpx2

    loop = asyncio.get_running_loop()
    client = _clients.get(loop)
    if client is None:
        client = _clients[loop] = httpx2.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=not settings.is_local)
    return client


def _tokens_of(answer: Mapping[str, Any]) -> Tokens:
    try:
        return Tokens(str(answer["access_token"]), str(answer["refresh_token"]), int(answer["expires_in"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _unavailable() from error


def _unavailable() -> Unavailable:
    return Unavailable("AUTH_UNAVAILABLE", "The sign-in service does not answer; try again in a moment.", retry_after=2)
