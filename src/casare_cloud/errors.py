"""Errors that a caller can switch on: a code, an HTTP status and one sentence."""

from collections.abc import Mapping


class ApiError(Exception):
    """An answer other than success, the same through every door.

    `status` is the HTTP status, `code` a stable word in UPPER_SNAKE case, `message` one sentence for a person,
    `headers` what the answer must carry besides (for example `Retry-After`).
    """

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
