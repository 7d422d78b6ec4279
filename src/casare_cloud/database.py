"""The database of a request: one transaction under the caller's own role, begun in one round trip.

A `Transaction` sends `begin`, the caller's identity and the first statement together (pipeline mode), so that being
somebody costs no round trip of its own. The database verifies the identity: Python only forwards it. A database that
does not answer for `ANSWER_SECONDS` is 503, whatever the network says of the connection.
"""

import asyncio
import logging
import weakref
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Protocol

import psycopg
from psycopg import sql
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from casare_cloud.config import ConfigurationError, Settings
from casare_cloud.database_errors import as_api_error, is_lost_connection, no_free_connection, refusal_of, unavailable
from casare_cloud.database_pool import POOL_SECONDS, Connection, Pool, pool_of
from casare_cloud.errors import ApiError, KeptRefusal

STATEMENT_MILLISECONDS = {"anon": 3000, "authenticated": 8000}  # as the roles have it on the platform
ANSWER_SECONDS = 8.5  # of a round trip, the wait for a connection included: the server ends a statement before that
ROLLBACK_SECONDS = 1.0

# A refusal early in a batch is raised as such; the follow-up "pipeline aborted" errors are ignored.
logging.getLogger("psycopg").addFilter(lambda record: not record.getMessage().endswith(": pipeline aborted"))

Params = Mapping[str, Any] | Sequence[Any] | None


class Caller(Protocol):
    """Who a transaction acts as: a role with claims that were verified, or the hash of a key that SQL looks up."""

    @property
    def role(self) -> str: ...

    @property
    def claims(self) -> str | None: ...

    @property
    def key_hash(self) -> bytes | None: ...


class Prelude(Protocol):
    """A statement that is committed for itself before a transaction begins, in the same round trip, once.

    `done` gets its row, also when the transaction then fails; an error of it keeps the transaction from beginning and
    goes to `refused` and to the caller.
    """

    is_pending: bool
    query: str

    @property
    def params(self) -> Params: ...

    def done(self, row: DictRow) -> None: ...


class Database:
    """Connections of one process: a small pool that opens on first use, one per event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pools: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = weakref.WeakKeyDictionary()

    @asynccontextmanager
    async def transaction(
        self,
        caller: Caller | None,
        request_id: str | None = None,
        client_ip: str | None = None,
        prelude: Prelude | None = None,
    ) -> AsyncIterator["Transaction"]:
        """Run the block in one transaction as `caller`: committed when the block ends, rolled back when it raises.

        A `KeptRefusal` commits it too. Without a caller it runs as the functions' own login, which may call the narrow
        functions of `private` that are needed before a caller is known, and nothing else. Nothing is sent before the
        first statement; a key that is not live fails that statement with 401. Errors of the database arrive as
        `ApiError`. A `prelude` that is pending is committed ahead of the transaction, whatever becomes of that.
        """
        transaction = Transaction(self, caller, request_id, client_ip, prelude)
        try:
            yield transaction
            await transaction.commit()
        except KeptRefusal:
            await transaction.commit()
            raise
        finally:
            await transaction.close()

    async def run_prelude(self, prelude: Prelude, seconds: float) -> None:
        """Run a prelude that no transaction has taken along, in a round trip of its own, within `seconds` or not."""
        prelude.done((await self._ask(prelude.query, prelude.params, seconds))[0])

    async def fetch_at_once(self, query: str, params: Params = None) -> DictRow | None:
        """The first row of one statement that is a transaction of its own, as the functions' own login: one round trip.

        It may have been committed when its answer is lost: for what can be repeated.
        """
        rows = await self._ask(query, params, ANSWER_SECONDS)
        return rows[0] if rows else None

    async def ping(self, seconds: float) -> None:
        """Return if the database answers within `seconds`; raise `ApiError` 503 otherwise, or if none is free."""
        await self._ask("select 1", None, seconds)

    async def _ask(self, query: str, params: Params, seconds: float) -> list[DictRow]:
        until = monotonic() + seconds
        connection = await self.acquire(seconds)
        try:
            with connection.cut_after(until - monotonic()):
                return await _rows(await connection.execute(query, _adapt(params)))
        except psycopg.Error as error:
            raise as_api_error(error) from error
        finally:
            await asyncio.shield(self.release(connection))

    def usage(self) -> tuple[int, int]:
        """(connections this process may hold, how many of them are free now)."""
        pool = self._pools.get(asyncio.get_running_loop())
        if pool is None:
            return self._settings.pool_size, self._settings.pool_size
        stats = pool.get_stats()
        busy = stats.get("pool_size", 0) - stats.get("pool_available", 0)
        return self._settings.pool_size, max(0, self._settings.pool_size - busy)

    async def close(self) -> None:
        """Close the pool of this event loop, if it was opened."""
        pool = self._pools.pop(asyncio.get_running_loop(), None)
        if pool is not None:
            await pool.close()

    async def acquire(self, seconds: float = ANSWER_SECONDS) -> Connection:
        """A healthy connection; 503 when none can be had within `seconds` and the pool's patience."""
        pool = await self._pool()
        try:
            connection = await pool.getconn(max(0.0, min(seconds, POOL_SECONDS)))
        except PoolTimeout as error:
            raise self._failure(pool) from error
        pool.lent += 1
        return connection

    def _failure(self, pool: Pool) -> ApiError:
        """Why there is no connection: all are in use, or the database does not answer."""
        return no_free_connection() if pool.lent >= self._settings.pool_size else unavailable()

    async def release(self, connection: Connection) -> None:
        """Give a connection back; one that is in the middle of something is rolled back or dropped by the pool.

        Whoever was cancelled may have left it in pipeline mode, in which statements are sent and nobody reads what they
        answer: the pool takes it for idle, and would lend it to the next.
        """
        if connection.pgconn.pipeline_status != PipelineStatus.OFF:
            await connection.close()
        pool = self._pools.get(asyncio.get_running_loop())
        if pool is not None:
            pool.lent -= 1
            await pool.putconn(connection)
        else:
            await connection.close()

    async def reconnect(self) -> None:
        """Open every connection anew: one went silent, and the others have gone the same way."""
        pool = self._pools.get(asyncio.get_running_loop())
        if pool is not None:
            await pool.drain()

    async def _pool(self) -> Pool:
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            if not self._settings.database_url:
                raise ConfigurationError("DATABASE_URL is not set: it must name the Postgres database.")
            pool = self._pools[loop] = pool_of(self._settings.database_url, self._settings.pool_size)
            await pool.open(wait=False)
        return pool


class Transaction:
    """One transaction of one caller. Statements name their parameters `%(name)s`; dicts go as jsonb."""

    def __init__(
        self,
        database: Database,
        caller: Caller | None,
        request_id: str | None,
        client_ip: str | None,
        prelude: Prelude | None = None,
    ) -> None:
        self._database = database
        self._caller = caller
        self._request_id = request_id
        self._client_ip = client_ip
        self._prelude = prelude
        self._connection: Connection | None = None
        self._is_over = False
        self._went_silent = False

    async def fetch_one(self, query: str, params: Params = None) -> DictRow | None:
        """The first row of a statement, or None."""
        rows = await self._run(query, params)
        return rows[0] if rows else None

    async def fetch_all(self, query: str, params: Params = None) -> list[DictRow]:
        """All rows of a statement."""
        return await self._run(query, params)

    async def fetch_value(self, query: str, params: Params = None) -> Any:
        """The first column of the first row, or None."""
        row = await self.fetch_one(query, params)
        return next(iter(row.values())) if row else None

    async def execute(self, query: str, params: Params = None) -> None:
        """Run a statement for its effect."""
        await self._run(query, params)

    async def call(self, function: str, **arguments: Any) -> Any:
        """Call `schema.function(p_name => value, …)` that returns one value, and return the value.

        Arguments are named without their `p_`. A refusal that SQL returned instead of raising, so that what it wrote
        commits, is raised as `KeptRefusal`.
        """
        value = await self.fetch_value(*_call_of(function, arguments))
        refusal = refusal_of(value)
        if refusal is not None:
            raise refusal
        return value

    @property
    def is_over(self) -> bool:
        """Whether it was committed or undone."""
        return self._is_over

    async def commit(self) -> None:
        """Make the work permanent. Repeating it does nothing; a statement after it is a mistake.

        Raises `RuntimeError` when a statement has failed: Postgres would roll back and call it a success.
        """
        self._is_over = True
        if self._connection is not None:
            try:
                if self._connection.info.transaction_status == TransactionStatus.INERROR:
                    raise RuntimeError("A statement of this transaction failed: there is nothing to commit.")
                with self._connection.cut_after(ANSWER_SECONDS):
                    await self._connection.execute("commit")
            except (psycopg.Error, OSError) as error:
                raise as_api_error(error) from error
            finally:
                await self.close()

    async def close(self) -> None:
        """Roll back and give the connection back to the pool."""
        self._is_over = True
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
                with connection.cut_after(ROLLBACK_SECONDS):
                    await connection.execute("rollback")
        except (psycopg.Error, OSError):
            await connection.close()
        finally:
            await asyncio.shield(self._database.release(connection))
            if self._went_silent:
                await self._database.reconnect()

    async def _run(self, query: str, params: Params) -> list[DictRow]:
        if self._is_over:
            raise RuntimeError("The transaction is over: no statement can run in it any more.")
        adapted = _adapt(params)
        try:
            if self._connection is not None:
                with self._connection.cut_after(ANSWER_SECONDS):
                    return await _rows(await self._connection.execute(query, adapted))
            until = monotonic() + ANSWER_SECONDS
            try:
                return await self._begin_with(query, adapted, until)
            except psycopg.OperationalError as error:
                if not is_lost_connection(error, self._connection):
                    raise
                # The connection had gone while it lay in the pool. Nothing was committed: send again.
                await self.close()
                self._is_over = False
                return await self._begin_with(query, adapted, until)
        except (psycopg.Error, UnicodeEncodeError) as error:
            self._went_silent = self._connection is not None and self._connection.was_cut
            raise as_api_error(error) from error

    async def _begin_with(self, query: str, params: Params, until: float) -> list[DictRow]:
        """The prelude, `begin`, the identity and the first statement in one round trip."""
        connection = self._connection = await self._database.acquire(until - monotonic())
        prelude = self._prelude if self._prelude is not None and self._prelude.is_pending else None
        ahead: psycopg.AsyncCursor[DictRow] | None = None
        try:
            with connection.cut_after(until - monotonic()):
                async with connection.pipeline():
                    if prelude is not None:
                        await connection.execute("begin")
                        ahead = await connection.execute(prelude.query, _adapt(prelude.params))
                        await connection.execute("commit")
                    await connection.execute("begin")
                    await self._enter(connection)
                    cursor = await connection.execute(query, params)
        finally:
            if prelude is not None and ahead is not None and ahead.description:
                prelude.done((await ahead.fetchall())[0])
        return await _rows(cursor)  # the end of the pipeline has sent everything and raised the first error of it

    async def _enter(self, connection: Connection) -> None:
        """Set the caller's claims for the rest of the transaction."""
        caller = self._caller
        role = caller.role if caller else "none"
        settings: dict[str, str] = {
            "casare.request_id": self._request_id or "",
            "casare.client_ip": self._client_ip or "",
            "statement_timeout": str(STATEMENT_MILLISECONDS.get(role, 8000)),
        }
        if caller and caller.key_hash is not None:
            await connection.execute(*_set_local(settings))
            await connection.execute("select private.enter_with_key(%s)", [caller.key_hash])
            await connection.execute(*_set_local({"role": role}))
        elif caller:
            claims = caller.claims or '{"role":"anon"}'
            await connection.execute(*_set_local({**settings, "request.jwt.claims": claims, "role": role}))
        else:
            await connection.execute(*_set_local(settings))


async def _rows(cursor: psycopg.AsyncCursor[DictRow]) -> list[DictRow]:
    return await cursor.fetchall() if cursor.description else []


def _set_local(settings: Mapping[str, str]) -> tuple[Any, list[str]]:
    calls = ", ".join("pg_catalog.set_config(%s, %s, true)" for _ in settings)
    return "select " + calls, [item for pair in settings.items() for item in pair]


def _call_of(function: str, arguments: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
    names = sql.SQL(", ").join(
        sql.SQL("{} => {}").format(sql.Identifier(f"p_{name}"), sql.Placeholder(name)) for name in arguments
    )
    call = sql.SQL("{}({})").format(sql.Identifier(*function.split(".")), names)
    return sql.SQL("select {} as value").format(call), arguments


def _adapt(params: Params) -> Params:
    if isinstance(params, Mapping):
        return {name: _adapt_value(value) for name, value in params.items()}
    if params is not None:
        return [_adapt_value(value) for value in params]
    return None


def _adapt_value(value: Any) -> Any:
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value)):
        return Jsonb(value)
    return value
