"""Refusals of Auth: one place for their codes, and the two forms in which a client may ask for them."""

import re
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import JSONResponse

VERSION_HEADER: Final = "X-Supabase-Api-Version"
CODED_SINCE: Final = "2024-01-01"
_VERSION: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class AuthError(Exception):
    """A refusal with HTTP `status`, string `code` and a sentence; `extra` are further keys of the body."""

    def __init__(self, status: int, code: str, message: str, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.extra = dict(extra or {})


def bad_request(code: str, message: str) -> AuthError:
    return AuthError(400, code, message)


def forbidden(code: str, message: str) -> AuthError:
    return AuthError(403, code, message)


def invalid(message: str) -> AuthError:
    return AuthError(400, "validation_failed", message)


def unprocessable(code: str, message: str) -> AuthError:
    return AuthError(422, code, message)


def unexpected(message: str) -> AuthError:
    return AuthError(500, "unexpected_failure", message)


def not_emulated(what: str) -> AuthError:
    """What the service does and this emulator does not."""
    return AuthError(501, "not_emulated", f"Not emulated: the local stack has no {what}")


def weak_password(weakness: Mapping[str, Any]) -> AuthError:
    extra = {"weak_password": {"reasons": weakness["reasons"]}}
    return AuthError(422, "weak_password", weakness["message"], extra)


def user_not_found() -> AuthError:
    return AuthError(404, "user_not_found", "User not found")


def invalid_credentials() -> AuthError:
    return bad_request("invalid_credentials", "Invalid login credentials")


def render(error: AuthError, asked_version: str | None) -> JSONResponse:
    """The answer in the form of the API version that the client named, the first one when it named none."""
    headers = {"x-sb-error-code": error.code}
    if asked_version is not None and _VERSION.fullmatch(asked_version) and asked_version >= CODED_SINCE:
        if error.code == "weak_password":
            del headers["x-sb-error-code"]
        headers[VERSION_HEADER] = CODED_SINCE
        body: dict[str, Any] = {"code": error.code, "message": error.message}
    else:
        body = {"code": error.status, "error_code": error.code, "msg": error.message}
    return JSONResponse({**body, **error.extra}, error.status, headers)
