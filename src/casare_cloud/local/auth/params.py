"""What a request to Auth carries: the JSON body, the caller's token, where it comes from."""

import ipaddress
import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request

from casare_cloud.local import tokens
from casare_cloud.local.context import LocalContext

from . import errors
from .sessions import Client

BODY_LIMIT_BYTES: Final = 1 << 20
ADMIN_ROLES: Final = ("service_role", "supabase_admin")


class Params:
    """A JSON object with typed access: a member of another type is a malformed body, as it is for the platform."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._body = body

    def given(self, name: str) -> bool:
        """Whether there is a member of that name other than null."""
        return self._body.get(name) is not None

    def text(self, name: str) -> str:
        """A string, empty when it is missing."""
        return self.optional_text(name) or ""

    def optional_text(self, name: str) -> str | None:
        """A string or None."""
        value = self._body.get(name)
        if value is not None and not isinstance(value, str):
            raise _bad_json(f"{name} must be a string")
        if value is not None and "\x00" in value:
            raise errors.invalid(f"{name} must not contain a null character")
        return value

    def mapping(self, name: str) -> dict[str, Any] | None:
        """A JSON object or None."""
        value = self._body.get(name)
        if value is not None and not isinstance(value, dict):
            raise _bad_json(f"{name} must be an object")
        return value

    def flag(self, name: str) -> bool:
        """A boolean, false when it is missing."""
        value = self._body.get(name)
        if value is not None and not isinstance(value, bool):
            raise _bad_json(f"{name} must be a boolean")
        return bool(value)


async def read_params(request: Request, *, may_be_empty: bool = False) -> Params:
    """The body of a request, at most 1 MB."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_LIMIT_BYTES:
            message = f"Request body too large (max {BODY_LIMIT_BYTES} bytes)"
            raise errors.AuthError(413, "request_entity_too_large", message)
    if may_be_empty and not body:
        return Params({})
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _bad_json(str(error)) from None
    if parsed is None:
        return Params({})
    if not isinstance(parsed, dict):
        raise _bad_json("an object is expected")
    return Params(parsed)


def claims_of(context: LocalContext, request: Request) -> dict[str, Any]:
    """The claims of the bearer's token; raises `AuthError` 401 without one and 403 for a bad one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise errors.AuthError(401, "no_authorization", "This endpoint requires a valid Bearer token")
    try:
        return tokens.verify(context, token.strip(), skew=0)
    except tokens.TokenError as error:
        message = f"invalid JWT: unable to parse or verify signature, {error.message}"
        raise errors.forbidden("bad_jwt", message) from None


def require_admin(context: LocalContext, request: Request) -> None:
    """Raise `AuthError` unless the token's role may administer users."""
    if claims_of(context, request).get("role") not in ADMIN_ROLES:
        raise errors.forbidden("not_admin", "User not allowed")


def client_of(request: Request) -> Client:
    """The address and program of the caller; a server may name the person's address in Sb-Forwarded-For."""
    forwarded = request.headers.get("sb-forwarded-for") or request.headers.get("x-forwarded-for", "")
    ip = forwarded.split(",")[0].strip() or (request.client.host if request.client else "")
    try:
        address = str(ipaddress.ip_address(ip))
    except ValueError:
        address = None
    return Client(address, request.headers.get("user-agent"))


def positive_number(text: str | None, default: int) -> int:
    """A page number or size of a query; raises `AuthError` when it is not a number."""
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise errors.invalid(f'Bad Pagination Parameters: strconv.ParseUint: parsing "{text}": invalid syntax')
    return max(1, int(text))


def _bad_json(reason: str) -> errors.AuthError:
    return errors.bad_request("bad_json", f"Could not parse request body as JSON: {reason}")
