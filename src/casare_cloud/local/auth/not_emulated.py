"""Endpoints of the service that the emulator only refuses: in the service's words, or with 501 and what is missing.

The service refuses what is switched off (single sign-on, passkeys, OAuth) and links that it never sent without needing
anything that is not here. What would send a mail, or would need second factors, is 501 `not_emulated`.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from casare_cloud.local.context import LocalContext

from . import errors
from .params import read_params
from .sessions import is_uuid
from .users import Users, checked_email

Handler = Callable[[Request], Awaitable[Response]]
Guard = Callable[[Request], Awaitable[object]]
MakeRoute = Callable[..., BaseRoute]

ALL_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
PROVIDERS: Final = (
    "apple", "azure", "bitbucket", "discord", "facebook", "figma", "fly", "github", "gitlab", "google", "kakao",
    "keycloak", "linkedin", "linkedin_oidc", "notion", "slack", "slack_oidc", "snapchat", "spotify", "twitch",
    "twitter", "workos", "zoom",
)  # fmt: skip
_OAUTH_OFF: Final = ("feature_disabled", "OAuth server is disabled")
_SWITCHED_OFF: Final = {
    "/sso": ("saml_provider_disabled", "SAML 2.0 is disabled"),
    "/passkeys": ("passkey_disabled", "Passkeys are disabled"),
    "/oauth": _OAUTH_OFF,
    "/.well-known/oauth-authorization-server": _OAUTH_OFF,
    "/scim/v2": ("feature_disabled", "SCIM server is disabled"),
}
_SWITCHED_OFF_FOR_USERS: Final = {
    "/user/identities": ("manual_linking_disabled", "Manual linking is disabled"),
    "/user/oauth/grants": _OAUTH_OFF,
}
_RESENT: Final = ("signup", "email_change", "sms", "phone_change")
_LINKS: Final = ("signup", "magiclink", "recovery", "invite", "email_change_current", "email_change_new")
_ISSUERS: Final = {"google": "https://accounts.google.com", "apple": "https://appleid.apple.com"}
_CLAIMS: Final = (
    "sub", "aud", "iss", "exp", "iat", "auth_time", "nonce", "email", "email_verified", "phone_number",
    "phone_number_verified", "name", "picture", "preferred_username", "updated_at",
)  # fmt: skip


async def refuse_grant(grant: str, request: Request) -> Response:
    """The answer to the grants of providers, of which none is configured."""
    params = await read_params(request)
    if grant == "web3":
        raise errors.unprocessable("web3_provider_disabled", "Web3 provider is disabled")
    if grant == "pkce":
        if not params.text("auth_code") or not params.text("code_verifier"):
            raise errors.invalid("invalid request: both auth code and code verifier should be non-empty")
        message = "invalid flow state, no valid flow state found"
        raise errors.AuthError(404, "flow_state_not_found", message)
    provider, issuer = params.text("provider"), params.text("issuer")
    for is_there, complaint in (
        (params.text("id_token"), "id_token required"),
        (provider or (params.text("client_id") and issuer), "provider or client_id and issuer required"),
    ):
        if not is_there:
            return JSONResponse({"error": "invalid request", "error_description": complaint}, 400)
    named = _ISSUERS.get(provider, issuer or provider)
    raise errors.bad_request("provider_disabled", f'Provider (issuer "{named}") is not enabled')


class NotEmulated:
    """The endpoints, with the guards of those that need a signed-in user or an administrator."""

    def __init__(self, context: LocalContext, users: Users, signed_in: Guard, administrator: Guard) -> None:
        self._context = context
        self._users = users
        self._signed_in = signed_in
        self._administrator = administrator

    def routes(self, at: MakeRoute) -> list[BaseRoute]:
        """What `at` makes of them; the last one is every other path below /admin."""
        user, admin = self._signed_in, self._administrator
        routes = [
            at("/.well-known/openid-configuration", GET=self.openid_configuration),
            at("/recover", POST=self.recover),
            at("/magiclink", POST=self.magic_link),
            at("/otp", POST=self.one_time_password),
            at("/resend", POST=self.resend),
            at("/verify", GET=self.follow_link, POST=self.verify),
            at("/authorize", GET=self.authorize),
            at("/callback", GET=self.callback, POST=self.callback),
            at("/reauthenticate", guard=user, GET=_after(user, _needs("mail"))),
            at("/factors", guard=user, POST=self.enroll_factor),
            at("/invite", POST=self.invite),
            at("/admin/generate_link", guard=admin, POST=self.generate_link),
            at("/admin/users/{user_id}/passkeys", guard=admin, GET=self.nothing_of_user),
            at("/admin/users/{user_id}/factors", guard=admin, GET=self.nothing_of_user),
            at(
                "/admin/users/{user_id}/factors/{factor_id}", guard=admin, PUT=self.user_factor, DELETE=self.user_factor
            ),
            at("/admin/audit", guard=admin, GET=_after(admin, _needs("audit log of Auth's own"))),
        ]
        for path, listed, missing in (
            ("/admin/sso/providers", "items", "single sign-on"),
            ("/admin/custom-providers", "providers", "other providers"),
        ):
            none = _after(admin, _says({listed: []}))
            routes.append(at(path, guard=admin, GET=none, POST=_after(admin, _needs(missing))))
        for path in ("/factors/{factor_id}", "/factors/{factor_id}/verify", "/factors/{factor_id}/challenge"):
            routes.append(at(path, **dict.fromkeys(ALL_METHODS, _after(user, _no_factor))))
        for off, guard in (
            (_SWITCHED_OFF, None),
            (_SWITCHED_OFF_FOR_USERS, user),
            ({"/admin/oauth": _OAUTH_OFF}, admin),
        ):
            for path, (code, message) in off.items():
                refuse = _refuses(404, code, message)
                handlers = dict.fromkeys(ALL_METHODS, _after(guard, refuse) if guard else refuse)
                routes += [at(path, **handlers), at(path + "/{rest:path}", **handlers)]
        return [*routes, at("/admin/{rest:path}", **dict.fromkeys(ALL_METHODS, _after(admin, no_such_page)))]

    async def openid_configuration(self, _request: Request) -> Response:
        issuer = self._context.jwt_issuer
        answer: dict[str, Any] = {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/oauth/authorize",
            "token_endpoint": f"{issuer}/oauth/token",
            "jwks_uri": f"{issuer}/.well-known/jwks.json",
            "userinfo_endpoint": f"{issuer}/oauth/userinfo",
            "scopes_supported": ["openid", "profile", "email", "phone", "offline_access"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "claims_supported": list(_CLAIMS),
            "code_challenge_methods_supported": ["S256", "plain"],
        }
        return JSONResponse(answer, headers={"Cache-Control": "public, max-age=600"})

    # --- mail -----------------------------------------------------------------------------------------------------

    async def recover(self, request: Request) -> Response:
        email = (await read_params(request)).text("email")
        if not email:
            raise errors.invalid("Password recovery requires an email")
        checked_email(email)
        raise errors.not_emulated("mail")

    async def magic_link(self, request: Request) -> Response:
        email = (await read_params(request)).text("email")
        if not email:
            raise errors.unprocessable("validation_failed", "Password recovery requires an email")
        checked_email(email)
        raise errors.not_emulated("mail")

    async def one_time_password(self, request: Request) -> Response:
        params = await read_params(request)
        email, phone = params.text("email"), params.text("phone")
        if not email and not phone:
            raise errors.invalid("One of email or phone must be set")
        if email and phone:
            raise errors.invalid("Only an email address or phone number should be provided")
        if phone:
            raise errors.bad_request("phone_provider_disabled", "Unsupported phone provider")
        checked_email(email)
        raise errors.not_emulated("mail")

    async def resend(self, request: Request) -> Response:
        params = await read_params(request)
        kind, email, phone = params.text("type"), params.text("email"), params.text("phone")
        if kind not in _RESENT:
            raise errors.invalid(f"Missing one of these types: {', '.join(_RESENT)}")
        if kind == "signup" and not email:
            raise errors.invalid("Type provided requires an email address")
        if kind == "sms" and not phone:
            raise errors.invalid("Type provided requires a phone number")
        if email and phone:
            raise errors.invalid("Only an email address or phone number should be provided.")
        if phone:
            raise errors.bad_request("phone_provider_disabled", "Phone logins are disabled")
        raise errors.not_emulated("mail")

    async def follow_link(self, request: Request) -> Response:
        """A link of a mail that was never sent."""
        if not request.query_params.get("type"):
            raise errors.invalid("Verify requires a verification type")
        if not request.query_params.get("token"):
            raise errors.invalid("Verify requires a token or a token hash")
        problem = {
            "error": "access_denied",
            "error_code": "otp_expired",
            "error_description": "Email link is invalid or has expired",
            "sb": "",
        }
        return Response(status_code=303, headers={"Location": f"{self._context.site_url}#{urlencode(problem)}"})

    async def verify(self, request: Request) -> Response:
        """A code of a mail that was never sent."""
        params = await read_params(request)
        if not params.text("type"):
            raise errors.invalid("Verify requires a verification type")
        if bool(params.text("token")) is bool(params.text("token_hash")):
            raise errors.invalid("Verify requires either a token or a token hash")
        if params.text("token_hash"):
            raise errors.forbidden("otp_expired", "Email link is invalid or has expired")
        raise errors.forbidden("otp_expired", "Token has expired or is invalid")

    async def invite(self, request: Request) -> Response:
        await self._administrator(request)
        await self._check_invited((await read_params(request)).text("email"))
        raise errors.not_emulated("mail")

    async def generate_link(self, request: Request) -> Response:
        await self._administrator(request)
        params = await read_params(request)
        kind, email = params.text("type"), params.text("email")
        if not email:
            raise errors.invalid("An email address is required")
        if kind not in _LINKS:
            raise errors.invalid(f"Invalid email action link type requested: {kind}")
        checked_email(email)
        raise errors.not_emulated("links that sign a user in")

    async def _check_invited(self, email: str) -> None:
        if not email:
            raise errors.invalid("An email address is required")
        await self._users.refuse_taken(checked_email(email))

    # --- providers and factors ------------------------------------------------------------------------------------

    async def authorize(self, request: Request) -> Response:
        provider = request.query_params.get("provider", "")
        reason = "provider is not enabled" if provider in PROVIDERS else f"Provider {provider} could not be found"
        raise errors.invalid(f"Unsupported provider: {reason}")

    async def callback(self, _request: Request) -> Response:
        """No user was sent to a provider, so its callback is refused."""
        problem = {
            "error": "invalid_request",
            "error_code": "bad_oauth_callback",
            "error_description": "OAuth state parameter missing",
        }
        return Response(status_code=303, headers={"Location": f"{self._context.site_url}?{urlencode(problem)}"})

    async def enroll_factor(self, request: Request) -> Response:
        await self._signed_in(request)
        kind = (await read_params(request)).text("factor_type")
        if kind == "phone":
            raise errors.unprocessable("mfa_phone_enroll_not_enabled", "MFA enroll is disabled for Phone")
        if kind == "webauthn":
            raise errors.unprocessable("mfa_webauthn_enroll_not_enabled", "MFA enroll is disabled for WebAuthn")
        if kind != "totp":
            raise errors.invalid("factor_type needs to be totp, phone, or webauthn")
        raise errors.not_emulated("second factors")

    async def nothing_of_user(self, request: Request) -> Response:
        """The passkeys or factors of a user, who has none."""
        await self._administrator(request)
        await self._users.get(request.path_params["user_id"])
        return JSONResponse([])

    async def user_factor(self, request: Request) -> Response:
        await self._administrator(request)
        await self._users.get(request.path_params["user_id"])
        return await _no_factor(request)


async def no_such_page(_request: Request) -> Response:
    """The service's answer to a path that it does not have."""
    return Response("404 page not found\n", 404, {"X-Content-Type-Options": "nosniff"}, "text/plain")


async def _no_factor(request: Request) -> Response:
    if not is_uuid(request.path_params["factor_id"]):
        raise errors.AuthError(404, "validation_failed", "factor_id must be an UUID")
    raise errors.AuthError(404, "mfa_factor_not_found", "Factor not found")


def _refuses(status: int, code: str, message: str) -> Handler:
    async def refuse(_request: Request) -> Response:
        raise errors.AuthError(status, code, message)

    return refuse


def _needs(what: str) -> Handler:
    async def refuse(_request: Request) -> Response:
        raise errors.not_emulated(what)

    return refuse


def _says(answer: Any) -> Handler:
    async def say(_request: Request) -> Response:
        return JSONResponse(answer)

    return say


def _after(guard: Guard, handler: Handler) -> Handler:
    async def answer(request: Request) -> Response:
        await guard(request)
        return await handler(request)

    return answer
