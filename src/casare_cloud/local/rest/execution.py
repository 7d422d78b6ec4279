"""One request, one transaction under the caller's role, in one round trip where nothing has to be looked at first."""

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg_pool import PoolTimeout

from casare_cloud.local.context import Connection, LocalContext

from .errors import RestError, bad_guc, from_database, waited_in_vain
from .requests import Call
from .statements import identifier

_GONE_STATES: Final = ("42883", "42P01", "42703", "42704", "3F000")


@dataclass(frozen=True)
class Result:
    """What a transaction answered: JSON text, rows in it, rows in all, and what SQL wants of the response."""

    body: str | None
    rows: int
    total: int | None
    status: int | None
    headers: list[tuple[str, str]]


class Executor:
    """Runs statements of the Data API as their callers."""

    def __init__(
        self, context: LocalContext, settings_of_role: Callable[[str], Any], forget: Callable[[], None]
    ) -> None:
        self._context = context
        self._settings_of_role = settings_of_role
        self._forget = forget

    async def run(
        self,
        call: Call,
        query: str,
        params: Sequence[str],
        *,
        read_only: bool,
        settings: Sequence[tuple[str, str]] = (),
        check: Callable[[int], None] | None = None,
    ) -> Result:
        """The result of one statement. `check` sees the number of rows before the commit and may raise.

        Raises `RestError` for whatever the database says.
        """
        pool = await self._context.pool(self._context.authenticator_dsn)
        try:
            role_settings = await self._settings_of_role(call.role)
            prepare, values = self._preparation(call, [*role_settings, *settings])
            async with pool.connection() as connection:
                row = await _transaction(connection, prepare, values, query, params, read_only=read_only, check=check)
        except PoolTimeout as error:  # an OperationalError as well
            raise waited_in_vain(error, pool) from None
        except psycopg.Error as error:
            if error.sqlstate in _GONE_STATES:
                self._forget()
            raise from_database(error, is_anonymous=call.is_anonymous) from error
        body, count, total, status, headers = row
        return Result(body, int(count), total, _status(status), _headers(headers))

    def _preparation(self, call: Call, more: Sequence[tuple[str, str]]) -> tuple[str, list[str]]:
        path = ", ".join(identifier(name) for name in dict.fromkeys((call.schema, *self._context.extra_search_path)))
        pairs = [("search_path", path), *more, ("role", call.role), *call.settings()]
        made = ", ".join(f"set_config(${2 * n + 1}, ${2 * n + 2}, true)" for n in range(len(pairs)))
        return f"select {made}", [text for pair in pairs for text in pair]


async def _transaction(
    connection: Connection,
    prepare: str,
    values: Sequence[str],
    query: str,
    params: Sequence[str],
    *,
    read_only: bool,
    check: Callable[[int], None] | None,
) -> tuple[Any, ...]:
    """Begin, settings, statement and commit in one round trip; with a check in two. Answers the statement's row."""
    setup, cursor = psycopg.AsyncRawCursor(connection), psycopg.AsyncRawCursor(connection)
    failure: psycopg.Error | RestError | None = None
    # An error that arrives while more is being sent comes out of `execute`; the end of the pipeline then only says
    # that the rest was not run.
    with contextlib.suppress(psycopg.errors.PipelineAborted):
        async with connection.pipeline() as pipeline:
            try:
                await connection.execute("begin read only" if read_only else "begin")
                await setup.execute(prepare, values)
                await cursor.execute(query, params)
                if check is not None:
                    await pipeline.sync()
                    row = await _row(cursor)
                    check(int(row[1]))
                await connection.execute("commit")
            except (psycopg.Error, RestError) as error:
                failure = error
    if failure is not None:
        raise failure
    return row if check is not None else await _row(cursor)


async def _row(cursor: psycopg.AsyncRawCursor[Any]) -> tuple[Any, ...]:
    row = await cursor.fetchone()
    if row is None:
        raise RestError(500, "PGRSTX00", "The database answered without a row.")
    return tuple(row)


def _status(text: str | None) -> int | None:
    if not text:
        return None
    with contextlib.suppress(ValueError):
        if 100 <= int(text) <= 599:
            return int(text)
    raise bad_guc("response.status", "PGRST112")


def _headers(text: str | None) -> list[tuple[str, str]]:
    if not text:
        return []
    try:
        entries = json.loads(text)
        return [(str(name), str(value)) for entry in entries for name, value in entry.items()]
    except (ValueError, AttributeError, TypeError):
        raise bad_guc("response.headers", "PGRST111") from None
