"""Errors that a caller can switch on: a code, an HTTP status and one sentence."""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """An answer other than success, the same through REST and the Data API.

    `status` is the HTTP status, `code` a stable word in UPPER_SNAKE case, `message` one sentence for a person,
    `headers` what the answer must carry besides (for example `Retry-After`); every 401 has its challenge (RFC 9110).
    """

    details: list[dict[str, Any]] | None = None
    """For programs: each of several mistakes, where the error has them."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = {**({"WWW-Authenticate": "Bearer"} if status == 401 else {}), **(headers or {})}


class InvalidArgument(ApiError):
    """The request breaks a rule that its sentence names, with the field."""

    def __init__(self, message: str, code: str = "INVALID_ARGUMENT") -> None:
        super().__init__(400, code, message)


class AuthenticationFailed(ApiError):
    """The request carries no valid credentials. The sentence never says which part was wrong."""

    def __init__(self, message: str = "A valid access token or API key is required.") -> None:
        super().__init__(401, "AUTHENTICATION_FAILED", message)


class Forbidden(ApiError):
    """The caller is known and may not do this."""

    def __init__(self, message: str = "You are not allowed to do this.") -> None:
        super().__init__(403, "FORBIDDEN", message)


class NotFound(ApiError):
    """The resource does not exist, or is another tenant's: the two get the same answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(404, code, message)


class Conflict(ApiError):
    """The request contradicts the state of the resource that it names."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(409, code, message)


class KeptRefusal(ApiError):
    """A refusal with a late result: SQL returned it instead of raising, and its transaction is committed."""


class Unavailable(ApiError):
    """A service behind this one does not answer; the same request may succeed after `retry_after` seconds."""

    def __init__(self, code: str, message: str, retry_after: int = 1) -> None:
        super().__init__(503, code, message, {"Retry-After": str(retry_after)})
