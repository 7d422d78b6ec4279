"""The platform's front door: turns API keys into tokens, refuses callers without one, and lets browsers in (CORS)."""

import time
from typing import Final
from urllib.parse import parse_qs, parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from casare_cloud.local import tokens
from casare_cloud.local.context import LocalContext

SERVICES: Final = ("/auth/v1/", "/rest/v1/", "/realtime/v1/")
OPEN_PATHS: Final = ("/auth/v1/.well-known/", "/auth/v1/verify", "/auth/v1/callback", "/auth/v1/authorize")

_MISSING_KEY: Final = {
    "message": "No API key found in request",
    "hint": "No `apikey` request header or url param was found.",
}
_UNKNOWN_KEY: Final = {"message": "Invalid API key", "hint": "Send the project's publishable or secret key."}
_SECRET_IN_BROWSER: Final = {
    "message": "Forbidden use of secret API key in browser",
    "hint": "Secret API keys can only be used in a protected environment and should never be exposed publicly.",
}


class ApiGateway:
    """ASGI middleware that puts the key of `apikey` in the place of a missing or opaque `Authorization`.

    A request that brings a JWT of its own keeps it. The WebSocket of Realtime carries its key in the query, where it is
    replaced as well.
    """

    def __init__(self, app: ASGIApp, context: LocalContext) -> None:
        self._app = app
        self._context = context
        self._roles = {context.publishable_key: "anon", context.secret_key: "service_role"}
        self._tokens: dict[str, tuple[str, float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not self._is_guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        key = headers.get("apikey") or _query_key(scope)
        refusal = self._refusal(key, headers)
        if refusal is not None:
            await _refuse(refusal, scope, receive, send)
            return
        scope = dict(scope, headers=list(scope["headers"]))
        self._authorize(scope, key, headers)
        await self._app(scope, receive, send)

    @staticmethod
    def _is_guarded(path: str) -> bool:
        return path.startswith(SERVICES) and not path.startswith(OPEN_PATHS)

    def _refusal(self, key: str, headers: Headers) -> Response | None:
        if not key:
            return JSONResponse(_MISSING_KEY, 401)
        if key == self._context.secret_key and "mozilla/" in headers.get("user-agent", "").lower():
            return JSONResponse(_SECRET_IN_BROWSER, 401)
        if key in self._roles:
            return None
        try:
            tokens.verify(self._context, key)
        except tokens.TokenError:
            return JSONResponse(_UNKNOWN_KEY, 401)
        return None

    def _authorize(self, scope: Scope, key: str, headers: Headers) -> None:
        given = headers.get("authorization", "")
        token = self._token_for(key)
        if not given or given.startswith("Bearer sb_"):
            MutableHeaders(scope=scope)["authorization"] = f"Bearer {token}"
        if scope["type"] == "websocket":
            query = [(k, v) for k, v in parse_qsl(scope["query_string"].decode()) if k != "apikey"]
            scope["query_string"] = urlencode([*query, ("apikey", token)]).encode()

    def _token_for(self, key: str) -> str:
        role = self._roles.get(key)
        if role is None:
            return key
        now = time.time()
        token, renew_at = self._tokens.get(role, ("", 0.0))
        if renew_at < now:
            token = tokens.mint_for_role(self._context, role)
            self._tokens[role] = (token, now + tokens.KEY_TOKEN_SECONDS / 2)
        return token


def with_cors(app: ASGIApp) -> ASGIApp:
    """Let pages of any origin call the API, as the platform does."""
    return CORSMiddleware(
        app,
        allow_origins=["*"],
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"],
        allow_headers=["*"],
        expose_headers=[
            "Content-Encoding", "Content-Location", "Content-Range", "Content-Type", "Date", "Location", "Server",
            "X-Total-Count", "Link", "X-Supabase-Api-Version", "x-sb-error-code", "Preference-Applied", "Proxy-Status",
        ],
        max_age=3600,
    )  # fmt: skip


def _query_key(scope: Scope) -> str:
    values: list[str] = parse_qs(scope["query_string"].decode()).get("apikey", [""])
    return values[0]


async def _refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer an HTTP request or a WebSocket's handshake."""
    if scope["type"] == "http":
        await response(scope, receive, send)
    elif "websocket.http.response" in scope.get("extensions", {}):
        await receive()
        await response(scope, receive, send)
    else:
        await receive()
        await send({"type": "websocket.close", "code": 1008})
