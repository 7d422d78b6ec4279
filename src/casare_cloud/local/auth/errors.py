"""Refusals of Auth: one place for their codes, and the two forms in which a client may ask for them."""

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import JSONResponse

VERSION_HEADER: Final = "X-Supabase-Api-Version"
CODED_SINCE: Final = "2024-01-01"


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


def weak_password(minimum_length: int) -> AuthError:
    message = f"Password should be at least {minimum_length} characters."
    return AuthError(422, "weak_password", message, {"weak_password": {"reasons": ["length"]}})


def user_not_found() -> AuthError:
    return AuthError(404, "user_not_found", "User not found")


def invalid_credentials() -> AuthError:
    return bad_request("invalid_credentials", "Invalid login credentials")


def render(error: AuthError, asked_version: str | None) -> JSONResponse:
    """The answer in the form of the API version that the client named, the first one when it named none."""
    headers = {"x-sb-error-code": error.code}
    if asked_version is not None and asked_version >= CODED_SINCE:
        headers[VERSION_HEADER] = CODED_SINCE
        body: dict[str, Any] = {"code": error.code, "message": error.message}
    else:
        body = {"code": error.status, "error_code": error.code, "msg": error.message}
    return JSONResponse({**body, **error.extra}, error.status, headers)
