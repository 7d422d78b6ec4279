"""Reading who changed what."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, replace
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.audit import queries
from casare_cloud.domain.audit.model import Entry, EntryPage, Filter

_BATCH = 1000
_NEWEST = UUID(int=2**128 - 1)  # behind every id


async def list_page(tx: Transaction, wanted: Filter, limit: int, offset: int) -> EntryPage:
    """A page of the newest changes; `total` counts up to 10,000. Needs audit.read."""
    page = await _look_through(tx, wanted, limit, offset, None)
    if page.total is None and offset:  # behind the end: the total is of the first row
        first = await _look_through(tx, wanted, 1, 0, None)
        return replace(page, total=first.total or 0)
    return replace(page, total=page.total or 0)


async def list_before(tx: Transaction, wanted: Filter, limit: int, before: UUID | None) -> EntryPage:
    """The newest changes, or those that are older than one; nothing is counted. Needs audit.read."""
    return await _look_through(tx, wanted, limit, 0, before or _NEWEST)


async def _look_through(tx: Transaction, wanted: Filter, limit: int, offset: int, before: UUID | None) -> EntryPage:
    asked = {**asdict(wanted), "limit": limit, "offset": offset, "before": before}
    rows = await tx.fetch_all(queries.LIST_ENTRIES, asked)
    if not rows:
        return EntryPage([], None, None, None)
    told = {name: rows[0][name] for name in ("total", "is_capped", "last_looked_at", "looked_back_to")}
    entries = [
        Entry(**{name: value for name, value in row.items() if name not in told})
        for row in rows
        if row["audit_id"] is not None
    ]
    is_capped = told["is_capped"]
    more = entries[-1].audit_id if len(entries) == limit else told["last_looked_at"] if is_capped else None
    return EntryPage(entries, told["total"], more, told["looked_back_to"] if is_capped else None)


async def read_all(
    transaction: Callable[[], AbstractAsyncContextManager[Transaction]], wanted: Filter, limit: int
) -> AsyncIterator[Entry]:
    """The newest changes, at most 1,000 at a time: memory does not grow with them. Needs audit.read.

    Each batch has a transaction of its own, so that a reader who is slow holds no connection.
    """
    before: UUID | None = _NEWEST
    while limit > 0 and before is not None:
        async with transaction() as tx:
            page = await list_before(tx, wanted, min(limit, _BATCH), before)
        for entry in page.entries:
            yield entry
        limit, before = limit - len(page.entries), page.next


async def count(tx: Transaction) -> dict[tuple[str, str], int]:
    """(action, resource type) → how often, of the newest 100,000 changes. Needs audit.read."""
    rows = await tx.fetch_all(queries.COUNT_ENTRIES)
    return {(row["action"], row["resource_type"]): row["times"] for row in rows}
