"""Reading who changed what."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.audit import queries
from casare_cloud.domain.audit.model import Entry, Filter

_BATCH = 1000
_NEWEST = UUID(int=2**128 - 1)  # behind every id


async def list_page(tx: Transaction, wanted: Filter, limit: int, offset: int) -> tuple[list[Entry], int]:
    """(changes of the page, the newest first; how many match, counted up to 10,000). Needs audit.read."""
    asked = {**asdict(wanted), "limit": limit, "offset": offset, "before": None}
    rows = await tx.fetch_all(queries.LIST_ENTRIES, asked)
    total = rows[0]["total"] if rows else 0
    if not rows and offset:  # behind the end: the total is of the first row
        return [], (await list_page(tx, wanted, 1, 0))[1]
    return [_entry_of(row) for row in rows], total


async def list_before(tx: Transaction, wanted: Filter, limit: int, before: UUID | None) -> list[Entry]:
    """The newest changes, or those that are older than one; nothing is counted. Needs audit.read."""
    asked = {**asdict(wanted), "limit": limit, "offset": 0, "before": before or _NEWEST}
    return [_entry_of(row) for row in await tx.fetch_all(queries.LIST_ENTRIES, asked)]


async def read_all(
    transaction: Callable[[], AbstractAsyncContextManager[Transaction]], wanted: Filter, limit: int
) -> AsyncIterator[Entry]:
    """The newest changes, 1,000 at a time: memory does not grow with them. Needs audit.read.

    Each batch has a transaction of its own, so that a reader who is slow holds no connection.
    """
    before: UUID = _NEWEST
    while limit > 0:
        async with transaction() as tx:
            entries = await list_before(tx, wanted, min(limit, _BATCH), before)
        for entry in entries:
            yield entry
        if len(entries) < min(limit, _BATCH):
            return
        limit, before = limit - len(entries), entries[-1].audit_id


async def count(tx: Transaction) -> dict[tuple[str, str], int]:
    """(action, resource type) → how often, of the newest 100,000 changes. Needs audit.read."""
    rows = await tx.fetch_all(queries.COUNT_ENTRIES)
    return {(row["action"], row["resource_type"]): row["times"] for row in rows}


def _entry_of(row: Any) -> Entry:
    return Entry(**{name: value for name, value in row.items() if name != "total"})
