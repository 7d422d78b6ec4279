"""What goes wrong between a robot and the gateway, in the codes of document 001."""

from typing import Any, Literal

from casare_cloud.errors import ApiError
from casare_cloud.gateway import closing

Code = Literal[
    "INVALID_JSON",
    "INVALID_MESSAGE",
    "INVALID_PAYLOAD",
    "AUTHENTICATION_FAILED",
    "FORBIDDEN",
    "NOT_FOUND",
    "RATE_LIMITED",
    "HANDLER_ERROR",
]

_CODES: dict[int, Code] = {
    400: "INVALID_PAYLOAD",
    401: "AUTHENTICATION_FAILED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "NOT_FOUND",  # a lease or a job that is the robot's no more
    413: "INVALID_PAYLOAD",
    429: "RATE_LIMITED",
}


class Problem(Exception):
    """A message that was not obeyed: the robot gets an `error`, with `close_code` the socket is closed then."""

    def __init__(self, code: Code, message: str, close_code: int | None = None, **details: Any) -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message
        self.close_code = close_code
        self.details = details
        self.correlation_id: str | None = None


def problem_of(error: ApiError) -> Problem:
    """What a refusal of the domain is to a robot. `details.reason` is the code that REST answers with."""
    details: dict[str, Any] = {"reason": error.code}
    if "Retry-After" in error.headers:
        details["retry_after"] = int(error.headers["Retry-After"])
    close_code = closing.UNAUTHENTICATED if error.status == 401 else None
    return Problem(_CODES.get(error.status, "HANDLER_ERROR"), error.message, close_code, **details)


def may_pass(error: ApiError) -> bool:
    """Whether the same call may succeed later."""
    return error.status >= 500 or error.status == 429
