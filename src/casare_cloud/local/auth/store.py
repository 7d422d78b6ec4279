"""Connections of supabase_auth_admin, and rows as the Auth API shows them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, LiteralString

import psycopg
from psycopg.rows import dict_row

from casare_cloud.local.context import LocalContext

Row = dict[str, Any]

INSTANCE: Final = "00000000-0000-0000-0000-000000000000"


class Transaction:
    """One open transaction: rows as dictionaries, parameters by name."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection

    async def fetch(self, query: LiteralString | psycopg.sql.Composed, **params: Any) -> Row | None:
        """The first row, or None."""
        async with self._connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query, params)
            return await cursor.fetchone()

    async def fetch_all(self, query: LiteralString, **params: Any) -> list[Row]:
        """Every row."""
        async with self._connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(query, params)
            return await cursor.fetchall()

    async def execute(self, query: LiteralString, **params: Any) -> None:
        """Run a statement whose rows do not matter."""
        await self._connection.execute(query, params)


class Store:
    """The auth schema of one project."""

    def __init__(self, context: LocalContext) -> None:
        self._context = context

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Commits at the end, rolls back on an exception."""
        pool = await self._context.pool(self._context.auth_admin_dsn)
        async with pool.connection() as connection, connection.transaction():
            yield Transaction(connection)


def user_shape(row: Mapping[str, Any], *, in_list: bool = False) -> Row:
    """A user as the API shows it; times that are not set are left out, and lists have no identities."""
    shape: Row = {
        "id": str(row["id"]),
        "aud": row["aud"],
        "role": row["role"],
        "email": row["email"] or "",
        "phone": row["phone"] or "",
        "app_metadata": row["raw_app_meta_data"] or {},
        "user_metadata": row["raw_user_meta_data"] or {},
        "identities": None if in_list else [_identity_shape(identity) for identity in row["identities"]],
        "is_anonymous": row["is_anonymous"],
    }
    for name in (
        "created_at", "updated_at", "email_confirmed_at", "phone_confirmed_at", "confirmed_at", "invited_at",
        "last_sign_in_at", "banned_until", "deleted_at",
    ):  # fmt: skip
        if row[name] is not None:
            shape[name] = timestamp(row[name])
    return shape


def _identity_shape(identity: Row) -> Row:
    """What a softly deleted user's identity has lost is left out."""
    shape = {name: value for name, value in identity.items() if name not in ("email", "identity_data") or value}
    for name in ("last_sign_in_at", "created_at", "updated_at"):
        if shape[name] is not None:
            shape[name] = timestamp(datetime.fromisoformat(shape[name]))
    return shape


def timestamp(at: datetime) -> str:
    """ISO 8601 in UTC, with `Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
