"""How a face words a refusal: a `Problem` is common to all faces, an `Envelope` is a face's own form."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException

from casare_cloud.errors import ApiError, InvalidArgument

logger = logging.getLogger("casare_cloud")

# Codes of what the edge, the framework and the reading of bodies refuse, by status.
_CODES = {
    400: "INVALID_ARGUMENT",
    401: "AUTHENTICATION_FAILED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
}


class MalformedBody(HTTPException):
    """A body that cannot be read at all. An HTTPException, because FastAPI lets only those through from a body."""

    def __init__(self, sentence: str) -> None:
        super().__init__(400, sentence)


class BrokenRules(InvalidArgument):
    """Input that breaks rules of its shape; `rules` has each with its place, for a face that shows them all."""

    def __init__(self, sentence: str, rules: list[dict[str, Any]]) -> None:
        super().__init__(sentence)
        self.rules = rules


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request is refused: status and code as the face has them, a sentence for people, and the error itself."""

    status: int
    code: str
    message: str
    request_id: str
    headers: dict[str, str]
    error: Exception

    @property
    def retry_after(self) -> int | None:
        """How many seconds to wait, when waiting helps."""
        seconds = self.headers.get("Retry-After", "")
        return int(seconds) if seconds.isdigit() else None


class Envelope:
    """A face derives from it: `body` makes its refusals, and the tables rename our statuses and codes.

    Both tables are by our own code, such as INVALID_ARGUMENT; a body that cannot be read is MALFORMED_BODY there, and
    an unforeseen error is INTERNAL_ERROR.
    """

    statuses: Mapping[str, int] = {}
    codes: Mapping[str, str] = {"MALFORMED_BODY": "INVALID_ARGUMENT"}

    def body(self, problem: Problem) -> dict[str, Any]:
        """The body of a refusal."""
        raise NotImplementedError

    def answer(self, error: Exception, request_id: str) -> tuple[int, dict[str, Any], dict[str, str]]:
        """(status, body, headers) of an error. An unforeseen error is logged in full and answered as a bare 500."""
        headers: dict[str, str] = {}
        if isinstance(error, ApiError):
            status, code, message, headers = error.status, error.code, error.message, dict(error.headers)
        elif isinstance(error, HTTPException) and error.status_code in _CODES:
            code = "MALFORMED_BODY" if isinstance(error, MalformedBody) else _CODES[error.status_code]
            status, message, headers = error.status_code, error.detail, dict(error.headers or {})
        else:
            logger.error("request %s failed", request_id, exc_info=error)
            status, code, message = 500, "INTERNAL_ERROR", "Something went wrong on our side."
        status = self.statuses.get(code, status)
        if status == 401:
            headers.setdefault("WWW-Authenticate", "Bearer")
        problem = Problem(status, self.codes.get(code, code), message, request_id, headers, error)
        body = self.body(problem)
        if isinstance(error, ApiError) and error.details is not None:
            body["details"] = error.details
        return status, body, headers
