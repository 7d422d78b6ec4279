"""Supabase Auth, emulated: e-mail and password, sessions with rotating refresh tokens, and the admin API of users.

Only what the product and the official clients use of it. No mail is sent: whoever signs up has a confirmed address.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast, get_args

import psycopg
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from casare_cloud.local import tokens
from casare_cloud.local.context import LocalContext

from . import errors
from .errors import VERSION_HEADER, AuthError, render
from .params import claims_of, client_of, positive_number, read_params, require_admin
from .sessions import LogoutScope, Sessions, SignedIn
from .store import Store, user_shape
from .users import Users

logger = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]

_PAGE_SIZE = 50
_JWKS_HEADERS = {"Cache-Control": "public, max-age=600"}


def routes(context: LocalContext) -> list[BaseRoute]:
    """What belongs under /auth/v1."""
    return AuthApi(context).routes()


class AuthApi:
    """The endpoints: read a request, call a service, write the answer."""

    def __init__(self, context: LocalContext) -> None:
        self._context = context
        store = Store(context)
        self._users = Users(context, store)
        self._sessions = Sessions(context, store)

    def routes(self) -> list[BaseRoute]:
        """The routes, to be mounted under /auth/v1."""

        def route(path: str, method: str, handler: Handler) -> Route:
            return Route(path, _answering(handler), methods=[method])

        return [
            route("/health", "GET", self.health),
            route("/settings", "GET", self.settings),
            route("/.well-known/jwks.json", "GET", self.jwks),
            route("/signup", "POST", self.sign_up),
            route("/token", "POST", self.token),
            route("/logout", "POST", self.sign_out),
            route("/user", "GET", self.get_user),
            route("/user", "PUT", self.update_user),
            route("/admin/users", "GET", self.list_users),
            route("/admin/users", "POST", self.create_user),
            route("/admin/users/{user_id}", "GET", self.get_any_user),
            route("/admin/users/{user_id}", "PUT", self.update_any_user),
            route("/admin/users/{user_id}", "DELETE", self.delete_user),
        ]

    async def health(self, _request: Request) -> Response:
        description = "The local stack's stand-in for Auth"
        return JSONResponse({"version": "local", "name": "GoTrue", "description": description})

    async def settings(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "external": {"anonymous_users": False, "email": True, "phone": False},
                "disable_signup": not self._context.enable_signup,
                "mailer_autoconfirm": True,
                "phone_autoconfirm": False,
                "sms_provider": "",
                "saml_enabled": False,
                "passkeys_enabled": False,
            }
        )

    async def jwks(self, _request: Request) -> Response:
        return JSONResponse(tokens.public_jwks(self._context), headers=_JWKS_HEADERS)

    async def sign_up(self, request: Request) -> Response:
        user_id = await self._users.sign_up(await read_params(request))
        return JSONResponse(await self._sessions.open(user_id, client_of(request)))

    async def token(self, request: Request) -> Response:
        grant = request.query_params.get("grant_type")
        if grant not in ("password", "refresh_token"):
            raise errors.bad_request("invalid_credentials", "unsupported_grant_type")
        params = await read_params(request)
        if grant == "refresh_token":
            if not (token := params.text("refresh_token")):
                raise errors.AuthError(400, "validation_failed", "refresh_token required")
            return JSONResponse(await self._sessions.refresh(token, client_of(request)))
        if not (email := params.text("email")):
            raise errors.invalid("missing email or phone")
        return JSONResponse(await self._sessions.sign_in(email, params.text("password"), client_of(request)))

    async def sign_out(self, request: Request) -> Response:
        signed_in = await self._signed_in(request)
        scope = request.query_params.get("scope") or "global"
        if scope not in get_args(LogoutScope):
            raise errors.invalid(f'Unsupported logout scope "{scope}"')
        await self._sessions.sign_out(signed_in, cast(LogoutScope, scope))
        return Response(status_code=204)

    async def get_user(self, request: Request) -> Response:
        return JSONResponse(user_shape((await self._signed_in(request)).user))

    async def update_user(self, request: Request) -> Response:
        signed_in = await self._signed_in(request)
        return JSONResponse(await self._users.change_own(signed_in, await read_params(request)))

    async def list_users(self, request: Request) -> Response:
        require_admin(self._context, request)
        query = request.query_params
        page, per_page = positive_number(query.get("page"), 1), positive_number(query.get("per_page"), _PAGE_SIZE)
        users, total = await self._users.page(page, per_page)
        last = max(1, -(-total // per_page))
        links = [f'<{request.url.include_query_params(page=last)}>; rel="last"']
        if page < last:
            links.insert(0, f'<{request.url.include_query_params(page=page + 1)}>; rel="next"')
        headers = {"X-Total-Count": str(total), "Link": ", ".join(links)}
        return JSONResponse({"users": users, "aud": "authenticated"}, headers=headers)

    async def create_user(self, request: Request) -> Response:
        require_admin(self._context, request)
        return JSONResponse(await self._users.create(await read_params(request)))

    async def get_any_user(self, request: Request) -> Response:
        require_admin(self._context, request)
        return JSONResponse(await self._users.get(request.path_params["user_id"]))

    async def update_any_user(self, request: Request) -> Response:
        require_admin(self._context, request)
        return JSONResponse(await self._users.update(request.path_params["user_id"], await read_params(request)))

    async def delete_user(self, request: Request) -> Response:
        require_admin(self._context, request)
        params = await read_params(request, may_be_empty=True)
        await self._users.delete(request.path_params["user_id"], softly=params.flag("should_soft_delete"))
        return JSONResponse({})

    async def _signed_in(self, request: Request) -> SignedIn:
        claims: dict[str, Any] = claims_of(self._context, request)
        return await self._sessions.signed_in(claims)


def _answering(handler: Handler) -> Handler:
    """The handler, with refusals and failures of the database turned into answers."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except AuthError as error:
            if error.status >= 500:
                logger.error("%s %s: %s (%s)", request.method, request.url.path, error, error.__cause__)
            return render(error, request.headers.get(VERSION_HEADER))
        except (psycopg.Error, PoolTimeout) as error:
            logger.error("%s %s: %s", request.method, request.url.path, error)
            return render(errors.unexpected("Database error querying schema"), request.headers.get(VERSION_HEADER))

    return answer
