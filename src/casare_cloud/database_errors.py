"""What an error of Postgres means to a caller: sqlstates to `ApiError`, in one place."""

import re
from typing import Any

import psycopg

from casare_cloud.database_pool import Connection
from casare_cloud.errors import ApiError, Conflict, Forbidden, InvalidArgument, KeptRefusal, Unavailable

# Sqlstates and classes of them, the most specific first. None of the sentences repeats what the server said: its words
# may hold values or names that are not the caller's business.
_INVALID = {
    "22001": "A text is too long.",
    "22003": "A number is out of range.",
    "22007": "A date or time is not written as ISO 8601.",
    "22008": "A date or time is out of range.",
    "22009": "A time zone is out of range.",
    "22021": "A text holds a character that cannot be stored.",
    "22P02": "A value is not of the type that is expected here.",
    "22P05": "A text holds a character that cannot be stored.",
    "23502": "A required value is missing.",
    "23514": "A value breaks a rule",
}
_UNAVAILABLE = ("08", "53", "57P", "58")
_BUSY = ("40", "55P03", "57014")


def as_api_error(error: Exception) -> Exception:
    """The `ApiError` that a database error stands for, or the error itself when it is a fault of ours."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, UnicodeEncodeError):
        return InvalidArgument(_INVALID["22021"])
    if not isinstance(error, psycopg.Error):
        return unavailable() if isinstance(error, OSError) else error
    state = error.sqlstate or ""
    raised = re.fullmatch(r"PT([1-5]\d\d)", state)
    if raised:
        return _raised(int(raised[1]), error)
    if not state and isinstance(error, psycopg.DataError):
        return InvalidArgument(_INVALID["22021"])  # refused by the driver: a NUL character
    if state in _INVALID:
        name = error.diag.constraint_name or error.diag.column_name
        sentence = _INVALID[state]
        return InvalidArgument(f"{sentence.rstrip('.')} ({name})." if name else sentence.rstrip(".") + ".")
    if state == "23505":
        return Conflict("ALREADY_EXISTS", f"There is one like it already ({error.diag.constraint_name}).")
    if state == "23503":
        return Conflict("REFERENCE_MISSING", f"What it refers to does not exist ({error.diag.constraint_name}).")
    if state == "42501":
        return Forbidden()
    if state.startswith(_BUSY):
        return Unavailable("DATABASE_BUSY", "The database did not finish in time; try again.")
    if state.startswith(_UNAVAILABLE) or (not state and isinstance(error, psycopg.OperationalError)):
        return unavailable()
    return error


def refusal_of(value: Any) -> KeptRefusal | None:
    """The error that an answer `{"code": "PT409", "message": …, "details": CODE}` stands for, if it is one."""
    if not isinstance(value, dict):
        return None
    code = value.get("code")
    raised = re.fullmatch(r"PT([1-5]\d\d)", code) if isinstance(code, str) else None
    if raised is None:
        return None
    return KeptRefusal(int(raised[1]), str(value.get("details") or "REFUSED"), str(value.get("message") or "Refused."))


def is_lost_connection(error: psycopg.OperationalError, connection: Connection | None) -> bool:
    """Whether the statement failed because its connection was gone, not because the server refused it or was silent."""
    return (
        connection is not None
        and not connection.was_cut
        and (connection.closed or connection.broken)
        and not (error.sqlstate or "").startswith("57014")
    )


def unavailable() -> Unavailable:
    """503: no connection to the database can be had."""
    return Unavailable("DATABASE_UNAVAILABLE", "The database does not answer; try again in a moment.", retry_after=2)


def no_free_connection() -> Unavailable:
    """503: this process has no connection free."""
    return Unavailable("DATABASE_BUSY", "No connection to the database is free; try again in a moment.")


def _raised(status: int, error: psycopg.Error) -> ApiError:
    """What `private.raise_error` raised: message = sentence, detail = CODE, hint = seconds to wait (429 only)."""
    headers = {}
    hint = error.diag.message_hint or ""
    if status in (429, 503) and re.fullmatch(r"\d{1,9}", hint):
        headers["Retry-After"] = hint
    return ApiError(status, error.diag.message_detail or "REFUSED", error.diag.message_primary or "Refused.", headers)
