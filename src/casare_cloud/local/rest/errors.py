"""Answers of the Data API other than success: its own codes, and what a database error becomes."""

import json
from collections.abc import Mapping
from typing import Any, Final

import psycopg
from psycopg_pool import PoolTimeout
from starlette.responses import Response

from casare_cloud.local.context import Pool

_JSON: Final = "application/json; charset=utf-8"

_STATUS_OF_STATE: Final = {
    "23503": 409, "23505": 409, "25006": 405, "42883": 404, "42P01": 404, "42P17": 500, "P0001": 400, "53400": 500,
    "57P01": 503,
}  # fmt: skip
_STATUS_OF_CLASS: Final = {
    "08": 503, "09": 500, "0L": 403, "0P": 403, "25": 500, "28": 403, "2D": 500, "38": 500, "39": 500, "3B": 500,
    "40": 500, "53": 503, "54": 500, "55": 500, "57": 500, "58": 500, "F0": 500, "HV": 500, "P0": 500, "XX": 500,
}  # fmt: skip


class RestError(Exception):
    """A refusal: HTTP status, code (PGRST… or an SQLSTATE), message, details, hint."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: str | None = None,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.hint = hint
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """The answer, with the code repeated in Proxy-Status for clients that read no body."""
        body = {"code": self.code, "message": self.message, "details": self.details, "hint": self.hint}
        headers = {"Content-Type": _JSON, "Proxy-Status": f"PostgREST; error={self.code}", **self.headers}
        return Response(json.dumps(body, ensure_ascii=False), self.status, headers)


def bad_token(message: str, *, is_about_claims: bool) -> RestError:
    challenge = f'Bearer error="invalid_token", error_description="{message}"'
    code = "PGRST303" if is_about_claims else "PGRST301"
    return RestError(401, code, message, headers={"WWW-Authenticate": challenge})


def parse_error(what: str, text: str) -> RestError:
    return RestError(400, "PGRST100", f'"failed to parse {what} ({text})"')


def bad_body(details: str | None = None) -> RestError:
    return RestError(400, "PGRST102", "Empty or invalid json", details)


def unsupported(what: str) -> RestError:
    return RestError(501, "LOCAL501", f"The local stack's Data API does not do this: {what}.")


def unknown_schema(schema: str, exposed: tuple[str, ...]) -> RestError:
    hint = f"Only the following schemas are exposed: {', '.join(exposed)}"
    return RestError(406, "PGRST106", f"Invalid schema: {schema}", hint=hint)


def unknown_relation(schema: str, name: str) -> RestError:
    return RestError(404, "PGRST205", f"Could not find the table '{schema}.{name}' in the schema cache")


def unknown_function(schema: str, name: str, arguments: list[str]) -> RestError:
    with_arguments = f"({', '.join(arguments)})" if arguments else " without parameters"
    searched = f"with parameters {', '.join(arguments)}" if arguments else "without parameters"
    return RestError(
        404,
        "PGRST202",
        f"Could not find the function {schema}.{name}{with_arguments} in the schema cache",
        f"Searched for the function {schema}.{name} {searched}, but no matches were found in the schema cache.",
    )


def ambiguous_function(signatures: list[str]) -> RestError:
    return RestError(
        300,
        "PGRST203",
        f"Could not choose the best candidate function between: {', '.join(signatures)}",
        hint="Try renaming the parameters or the function itself in the database so that overloading can be resolved",
    )


def not_single(rows: int) -> RestError:
    message = "Cannot coerce the result to a single JSON object"
    return RestError(406, "PGRST116", message, f"The result contains {rows} rows")


def bad_range(offset: int, total: int) -> RestError:
    details = f"An offset of {offset} was requested, but there are only {total} rows."
    return RestError(416, "PGRST103", "Requested range not satisfiable", details)


def waited_in_vain(error: PoolTimeout, pool: Pool) -> RestError:
    """No connection in time: all of them are busy, or the server does not answer."""
    if pool.get_stats().get("pool_size", 0) < pool.max_size:
        return from_database(error, is_anonymous=False)
    return RestError(504, "PGRST003", "Timed out acquiring connection from connection pool.")


def bad_guc(name: str, code: str) -> RestError:
    return RestError(
        500, code, f"{name} guc must be " + ("a valid status code" if code == "PGRST112" else "a JSON array")
    )


def from_database(error: psycopg.Error, *, is_anonymous: bool) -> RestError:
    """What a database error answers with: PTnnn chooses its HTTP status, PGRST the whole answer."""
    state, diag = error.sqlstate, error.diag
    if state is None:
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return RestError(503, "PGRST001", "Database client error. Retrying the connection.", str(error) or None)
        return RestError(400, "22P05", str(error))
    message = diag.message_primary or str(error)
    if state == "PGRST":
        return _raised_answer(message, diag.message_detail)
    return RestError(status_of(state, is_anonymous), state, message, diag.message_detail, diag.message_hint)


def status_of(state: str, is_anonymous: bool) -> int:
    """The HTTP status of an SQLSTATE."""
    if state.startswith("PT"):
        digits = state[2:]
        return int(digits) if digits.isascii() and digits.isdigit() and 200 <= int(digits) <= 599 else 500
    if state == "42501":
        return 401 if is_anonymous else 403
    return _STATUS_OF_STATE.get(state) or _STATUS_OF_CLASS.get(state[:2], 400)


def _raised_answer(message: str, detail: str | None) -> RestError:
    """`raise sqlstate 'PGRST'`: the message is the body, the detail holds status and headers, both JSON."""
    try:
        body: dict[str, Any] = json.loads(message)
        control: dict[str, Any] = json.loads(detail or "")
        headers = {str(name): str(value) for name, value in (control.get("headers") or {}).items()}
        return RestError(
            int(control["status"]),
            str(body["code"]),
            str(body["message"]),
            body.get("details"),
            body.get("hint"),
            headers,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return RestError(500, "PGRST121", "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error")
