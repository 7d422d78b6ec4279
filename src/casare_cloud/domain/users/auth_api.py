"""The part of Supabase Auth's HTTP API that the product uses, and what its answers mean.

Auth refuses for many reasons, and only some of them are about the person who asks: those are `AuthRefused`. What is
wrong with our settings is an error of its own, logged, and told by `/health/ready`.
"""

import asyncio
import logging
import re
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from casare_cloud.config import Settings
from casare_cloud.domain.users.model import Tokens
from casare_cloud.errors import ApiError, Unavailable
from casare_cloud.preflight.auth_faults import AuthFaults

if TYPE_CHECKING:
    import httpx2  # imported where it is used: only some requests pay for an HTTP client

logger = logging.getLogger("casare_cloud")

_TIMEOUT_SECONDS = 10
_CONFLICT_PAUSES = (0.1, 0.3)  # 409: another request held the rows; the same one succeeds a moment later

_SIGN_IN, _REFRESH, _SIGN_OUT, _CREATE = "sign users in", "refresh tokens", "sign users out", "create users"
_CHANGE = "change passwords"
# Codes of Auth that are about the person, for each call.
_GONE = frozenset({"user_banned", "user_not_found"})
_ENDED = _GONE | {"session_not_found", "session_expired"}
_REFUSALS = {
    _SIGN_IN: _GONE | {"invalid_credentials", "invalid_grant"},
    _REFRESH: _ENDED | {"refresh_token_not_found", "refresh_token_already_used", "validation_failed"},
    _SIGN_OUT: _ENDED | {"bad_jwt", "no_authorization"},
    _CHANGE: _ENDED | {"bad_jwt", "no_authorization", "same_password", "weak_password", "reauthentication_needed"},
    _CREATE: frozenset(
        {"email_exists", "user_already_exists", "validation_failed", "weak_password"}
        | {"email_address_invalid", "email_address_not_authorized"}
    ),
}
# Codes that are about the project: our code, and what its operator does.
_SETTINGS = {
    "captcha_failed": ("AUTH_CAPTCHA_REQUIRED", "it asks for a captcha, which no server can solve: switch it off."),
    "email_provider_disabled": ("AUTH_PROVIDER_DISABLED", "its e-mail provider is off: switch it on."),
    "provider_disabled": ("AUTH_PROVIDER_DISABLED", "its e-mail provider is off: switch it on."),
}

# A client keeps its connections, and those belong to an event loop.
_clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, "httpx2.AsyncClient"] = weakref.WeakKeyDictionary()


class AuthRefused(Exception):
    """Auth understood and refused because of the user or of what they sent: `status` and `code` are its own words."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class EmailNotConfirmed(ApiError):
    """The password is right, and the user has not yet followed the link that was sent to the address."""

    def __init__(self) -> None:
        super().__init__(403, "EMAIL_NOT_CONFIRMED", "Confirm your e-mail address first: follow the link in the mail.")


class AuthMisconfigured(Unavailable):
    """The sign-in service and this one do not fit together; the log and `/health/ready` say what to change."""

    def __init__(self, code: str = "AUTH_MISCONFIGURED") -> None:
        super().__init__(code, "Sign-in is not set up rightly here; whoever runs the service must look.", 60)


class AuthApi:
    """Calls Supabase Auth.

    Raises `AuthRefused`, or `ApiError`: 503 when it does not answer or is not set up rightly, 429 when it says so, 403
    EMAIL_NOT_CONFIRMED.
    """

    def __init__(self, settings: Settings, faults: AuthFaults, client_ip: str | None) -> None:
        self._settings = settings
        self._faults = faults
        self._client_ip = client_ip

    async def sign_in(self, email: str, password: str) -> Tokens:
        """Password grant."""
        body = {"email": email, "password": password}
        return _tokens_of(await self._post(_SIGN_IN, "/token?grant_type=password", body))

    async def refresh(self, refresh_token: str) -> Tokens:
        """Refresh grant: the old refresh token is used up."""
        body = {"refresh_token": refresh_token}
        return _tokens_of(await self._post(_REFRESH, "/token?grant_type=refresh_token", body))

    async def sign_out(self, access_token: str, scope: str) -> None:
        """End this session (`local`), the others, or all of the user (`global`)."""
        await self._post(_SIGN_OUT, f"/logout?scope={scope}", {}, bearer=access_token)

    async def change_password(self, access_token: str, password: str) -> None:
        """Give the user of this session a new password, which ends their other sessions."""
        await self._send_for(_CHANGE, "PUT", "/user", {"password": password}, access_token)

    async def create_user(self, email: str, password: str, registration: Mapping[str, Any]) -> None:
        """Admin API: a confirmed user; the database makes tenant and membership in the same transaction."""
        if not self._settings.supabase_secret_key:
            raise Unavailable("REGISTRATION_UNAVAILABLE", "Registration is not set up here.", retry_after=3600)
        body = {
            "email": email,
            "password": password,
            "email_confirm": True,
            "app_metadata": {"registration": registration},
        }
        await self._post(_CREATE, "/admin/users", body, bearer=self._settings.supabase_secret_key)

    async def _post(
        self, call: str, path: str, body: Mapping[str, Any], bearer: str | None = None
    ) -> Mapping[str, Any]:
        return await self._send_for(call, "POST", path, body, bearer)

    async def _send_for(
        self, call: str, method: str, path: str, body: Mapping[str, Any], bearer: str | None
    ) -> Mapping[str, Any]:
        for pause in (*_CONFLICT_PAUSES, None):
            response, answer = await self._send(method, path, body, bearer)
            if response.status_code != 409 or pause is None:
                break
            await asyncio.sleep(pause)
        if response.is_success:
            self._faults.passed(call)
            return answer
        words = [word for name in ("error_code", "code") if isinstance(word := answer.get(name), str)]
        raise self._refusal(call, response, next(iter(words), ""))

    async def _send(
        self, method: str, path: str, body: Mapping[str, Any], bearer: str | None
    ) -> "tuple[httpx2.Response, Mapping[str, Any]]":
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
            url = f"{settings.supabase_url}/auth/v1{path}"
            response = await client.request(method, url, json=body, headers=headers)
            answer = response.json() if response.content else {}
        except (httpx2.HTTPError, ValueError) as error:
            raise _unavailable() from error
        if not isinstance(answer, dict):
            raise _unavailable()
        return response, answer

    def _refusal(self, call: str, response: "httpx2.Response", code: str) -> Exception:
        """What an answer other than success means to whoever asked us."""
        status = response.status_code
        if response.is_client_error and code in _REFUSALS[call]:
            return AuthRefused(status, code)
        if status == 429:
            return self._too_many(response)
        if code == "email_not_confirmed":
            return EmailNotConfirmed()
        if code in _SETTINGS:
            ours, advice = _SETTINGS[code]
        elif status == 402:
            ours, advice = "AUTH_RESTRICTED", "the project is restricted: look at its plan and its bills."
        elif status in (401, 403) and (call == _CREATE or not code):  # the gateway has no codes
            name = "SUPABASE_SECRET_KEY" if self._settings.supabase_secret_key else "SUPABASE_PUBLISHABLE_KEY"
            ours, advice = (
                "AUTH_KEY_REFUSED",
                f"it does not take {name}: set a key of this project that is not revoked.",
            )
        else:
            logger.error("Supabase Auth did not %s: %s %s", call, status, code or "(without a code)")
            return _unavailable()
        self._faults.found(call, advice)
        return AuthMisconfigured(ours)

    @staticmethod
    def _too_many(response: "httpx2.Response") -> ApiError:
        seconds = response.headers.get("retry-after", "")
        if not re.fullmatch("[0-9]{1,9}", seconds):
            seconds = "60"  # it is missing, or a date: what we answer has a number
        logger.warning("Supabase Auth limits the rate of requests: forward addresses of clients, or raise its limits.")
        message = "Too many requests to the sign-in service; try again later."
        return ApiError(429, "RATE_LIMITED", message, {"Retry-After": seconds})


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
