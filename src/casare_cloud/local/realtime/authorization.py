"""What a caller may do on a private topic, asked of the policies on realtime.messages themselves.

Reading: the service inserts one probe row for each extension as itself, becomes the caller, and looks whether the
caller sees it. Writing: it becomes the caller and tries the insert. Both transactions are rolled back. So a SELECT
policy means "may receive", an INSERT policy "may send", and a policy can only know extension, topic and claims.
"""

import json
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import psycopg
from psycopg.rows import scalar_row
from psycopg_pool import PoolTimeout

from casare_cloud.local.context import Connection, Pool

from .errors import RealtimeError, database_unavailable
from .tokens import Token

Answer = TypeVar("Answer")

INSERT_PROBES = """
insert into realtime.messages (id, topic, extension)
select * from unnest(%s::uuid[], %s::text[], %s::text[])
"""
INSERT_AS_CALLER = "insert into realtime.messages (topic, extension) values (%s, %s)"
BECOME_CALLER = """
select
    set_config('role', %(role)s, true),
    set_config('realtime.topic', %(topic)s, true),
    set_config('request.jwt.claims', %(claims)s, true),
    set_config('request.jwt.claim.sub', %(sub)s, true),
    set_config('request.jwt.claim.role', %(role)s, true),
    set_config('request.headers', %(headers)s, true)
"""
SELECT_VISIBLE = "select id from realtime.messages where id = any(%s)"


@dataclass(frozen=True)
class Caller:
    """Who asks: the claims of a token, and the `x-` headers that came with the socket."""

    token: Token
    headers: Mapping[str, str]

    def settings(self, topic: str) -> dict[str, str]:
        """The settings under which the policies see this caller."""
        return {
            "role": self.token.role,
            "topic": topic,
            "claims": json.dumps(dict(self.token.claims)),
            "sub": str(self.token.claims.get("sub") or ""),
            "headers": json.dumps(dict(self.headers)),
        }


class Authorizer:
    """Asks the database what a caller may do. Every question is one short transaction that leaves nothing behind."""

    def __init__(self, pool: Callable[[], Awaitable[Pool]]) -> None:
        self._pool = pool

    async def readable(self, topic: str, caller: Caller, extensions: Sequence[str]) -> dict[str, bool]:
        """Which of the extensions (`broadcast`, `presence`) the caller may receive; raises `RealtimeError`."""
        probes = {uuid.uuid4(): extension for extension in extensions}

        async def look(connection: Connection) -> set[uuid.UUID]:
            async with connection.pipeline():
                async with connection.transaction(force_rollback=True):
                    rows = (list(probes), [topic] * len(probes), list(probes.values()))
                    await connection.execute(INSERT_PROBES, rows)
                    await connection.execute(BECOME_CALLER, caller.settings(topic))
                    cursor = connection.cursor(row_factory=scalar_row)
                    await cursor.execute(SELECT_VISIBLE, (list(probes),))
                return set(await cursor.fetchall())

        visible = await self._ask(topic, look)
        return {extension: probe in visible for probe, extension in probes.items()}

    async def writable(self, topic: str, caller: Caller, extension: str) -> bool:
        """Whether the caller may send with this extension; raises `RealtimeError` when the policies cannot answer."""

        async def attempt(connection: Connection) -> bool:
            async with connection.transaction(force_rollback=True):
                await connection.execute(BECOME_CALLER, caller.settings(topic))
                try:
                    await connection.execute(INSERT_AS_CALLER, (topic, extension))
                except psycopg.errors.InsufficientPrivilege:
                    return False
                return True

        return await self._ask(topic, attempt)

    async def _ask(self, topic: str, question: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        """Ask on a connection of the pool, and once more when that connection turns out to be lost."""
        pool = await self._pool()
        try:
            connection: Connection | None = None
            try:
                async with pool.connection() as connection:
                    return await question(connection)
            except psycopg.OperationalError:
                if connection is None or not connection.closed:
                    raise
            async with pool.connection() as connection:
                return await question(connection)
        except (psycopg.Error, PoolTimeout) as error:
            raise _refusal(error, topic) from error


def _refusal(error: Exception, topic: str) -> RealtimeError:
    if isinstance(error, PoolTimeout):
        return RealtimeError("IncreaseConnectionPool", "Please increase your connection pool size")
    if isinstance(error, psycopg.errors.QueryCanceled):
        return RealtimeError("QueryCanceled", str(error))
    if isinstance(error, psycopg.errors.CheckViolation) and error.diag.table_name == "messages":
        return RealtimeError("MissingPartition", "Realtime was unable to find the expected messages partition")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return database_unavailable()
    return PolicyError(topic, str(error))


class PolicyError(RealtimeError):
    """A policy (or the caller's role) failed instead of answering; to the caller that is the same as "no"."""

    def __init__(self, topic: str, detail: str) -> None:
        super().__init__("Unauthorized", f"You do not have permissions to read from this Channel topic: {topic}")
        self.detail = detail
