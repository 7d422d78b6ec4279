"""Supabase Auth, emulated: e-mail and password, sessions with rotating refresh tokens, and the admin API of users.

What the product and the official clients use of it works; the service's other endpoints refuse in its words, or say
that they are not emulated. No mail is sent: whoever signs up has a confirmed address.
"""

import logging
from typing import Any, cast, get_args
from urllib.parse import urlencode

import psycopg
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from casare_cloud.local import tokens
from casare_cloud.local.context import LocalContext

from . import errors, passwords
from .errors import VERSION_HEADER, AuthError, render
from .limits import TokenLimit
from .not_emulated import ALL_METHODS, PROVIDERS, Guard, Handler, NotEmulated, no_such_page, refuse_grant
from .params import claims_of, client_of, positive_number, read_params, require_admin
from .sessions import LogoutScope, Sessions, SignedIn
from .store import Store, user_shape
from .users import Users, just_confirmed

logger = logging.getLogger(__name__)

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
        self._token_limit = TokenLimit(context.token_requests)

    def routes(self) -> list[BaseRoute]:
        """The routes, to be mounted under /auth/v1."""
        signed_in, administrator = self._signed_in, self._administrator
        return [
            _at("/health", GET=self.health),
            _at("/settings", GET=self.settings),
            _at("/.well-known/jwks.json", GET=self.jwks),
            _at("/signup", POST=self.sign_up),
            _at("/token", POST=self.token),
            _at("/logout", POST=self.sign_out),
            _at("/user", guard=signed_in, GET=self.get_user, PUT=self.update_user),
            _at("/admin/users", guard=administrator, GET=self.list_users, POST=self.create_user),
            _at(
                "/admin/users/{user_id}", guard=administrator, GET=self.get_any_user, PUT=self.update_any_user,
                DELETE=self.delete_user,
            ),
            *NotEmulated(self._context, self._users, signed_in, administrator).routes(_at),
            _at("/{rest:path}", **dict.fromkeys(ALL_METHODS, no_such_page)),
        ]  # fmt: skip

    async def health(self, _request: Request) -> Response:
        description = "The local stack's stand-in for Auth"
        return JSONResponse({"version": "local", "name": "GoTrue", "description": description})

    async def settings(self, _request: Request) -> Response:
        return JSONResponse(
            {
                "external": {
                    **dict.fromkeys(PROVIDERS, False), "anonymous_users": False, "email": True, "phone": False,
                },
                "disable_signup": not self._context.enable_signup,
                "mailer_autoconfirm": True,
                "phone_autoconfirm": False,
                "sms_provider": "",
                "saml_enabled": False,
                "passkeys_enabled": False,
            }
        )  # fmt: skip

    async def jwks(self, _request: Request) -> Response:
        return JSONResponse(tokens.public_jwks(self._context), headers=_JWKS_HEADERS)

    async def sign_up(self, request: Request) -> Response:
        user_id = await self._users.sign_up(await read_params(request))
        answer = await self._sessions.open(user_id, client_of(request))
        return JSONResponse({**answer, "user": just_confirmed(answer["user"])})

    async def token(self, request: Request) -> Response:
        grant = request.query_params.get("grant_type")
        if grant not in ("password", "refresh_token", "id_token", "pkce", "web3"):
            raise errors.bad_request("invalid_credentials", "unsupported_grant_type")
        client = client_of(request)
        if not self._token_limit.take(client.ip):
            raise errors.AuthError(429, "over_request_rate_limit", "Request rate limit reached")
        if grant not in ("password", "refresh_token"):
            return await refuse_grant(grant, request)
        params = await read_params(request)
        if grant == "refresh_token":
            return JSONResponse(await self._sessions.refresh(params.text("refresh_token"), client))
        email, phone, password = params.text("email"), params.text("phone"), params.text("password")
        if email and phone:
            raise errors.invalid("Only an email address or phone number should be provided on login.")
        if phone:
            raise errors.unprocessable("phone_provider_disabled", "Phone logins are disabled")
        if not email:
            raise errors.invalid("missing email or phone")
        answer = await self._sessions.sign_in(email, password, client)
        weakness = passwords.weakness_of(password, self._context.minimum_password_length)
        return JSONResponse({**answer, "weak_password": weakness})

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
        await self._administrator(request)
        query = request.query_params
        page, per_page = positive_number(query.get("page"), 1), positive_number(query.get("per_page"), _PAGE_SIZE)
        field, _, direction = (query.get("sort") or "created_at desc").partition(" ")
        if field != "created_at" or direction not in ("", "asc", "desc"):
            raise errors.invalid(f"Bad Sort Parameters: bad field for sort '{field}'")
        users, total = await self._users.page(page, per_page, query.get("filter", ""), oldest_first=direction == "asc")
        last = -(-total // per_page)
        pages = [(page + 1, "next"), (last, "last")] if page < last else [(last, "last")]
        links = [f'</admin/users?{urlencode(sorted({**query, "page": n}.items()))}>; rel="{rel}"' for n, rel in pages]
        headers = {"X-Total-Count": str(total), "Link": ", ".join(links)}
        return JSONResponse({"users": users, "aud": "authenticated"}, headers=headers)

    async def create_user(self, request: Request) -> Response:
        await self._administrator(request)
        return JSONResponse(await self._users.create(await read_params(request)))

    async def get_any_user(self, request: Request) -> Response:
        await self._administrator(request)
        return JSONResponse(await self._users.get(request.path_params["user_id"]))

    async def update_any_user(self, request: Request) -> Response:
        await self._administrator(request)
        return JSONResponse(await self._users.update(request.path_params["user_id"], await read_params(request)))

    async def delete_user(self, request: Request) -> Response:
        await self._administrator(request)
        params = await read_params(request, may_be_empty=True)
        await self._users.delete(request.path_params["user_id"], softly=params.flag("should_soft_delete"))
        return JSONResponse({})

    async def _signed_in(self, request: Request) -> SignedIn:
        claims: dict[str, Any] = claims_of(self._context, request)
        return await self._sessions.signed_in(claims)

    async def _administrator(self, request: Request) -> None:
        require_admin(self._context, request)


def _at(path: str, guard: Guard | None = None, **handlers: Handler) -> BaseRoute:
    """A path with a handler for each method; any other method is 405, after the guard has let its caller in."""

    async def choose(request: Request) -> Response:
        if (handler := handlers.get(request.method)) is not None:
            return await handler(request)
        if guard is not None:
            await guard(request)
        return Response(status_code=405, headers={"Allow": ", ".join(handlers)})

    return Route(path, _answering(choose), methods=[*ALL_METHODS, "HEAD"])


def _answering(handler: Handler) -> Handler:
    """The handler, with refusals and failures of the database turned into answers."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except AuthError as error:
            if error.status == 500:
                logger.error("%s %s: %s (%s)", request.method, request.url.path, error, error.__cause__)
            return render(error, request.headers.get(VERSION_HEADER))
        except (psycopg.Error, PoolTimeout) as error:
            logger.error("%s %s: %s", request.method, request.url.path, error)
            return render(errors.unexpected("Database error querying schema"), request.headers.get(VERSION_HEADER))

    return answer
