"""What can be done with the limits of jobs that run at once."""

from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.limits import queries
from casare_cloud.domain.limits.model import Limit, OnCollision, Scope


async def list_page(tx: Transaction, limit: int, offset: int) -> list[Limit]:
    """The limits of the tenant, the widest scope first. Needs settings.read."""
    rows = await tx.fetch_all(queries.LIST_LIMITS, {"limit": limit, "offset": offset})
    return [Limit(**row) for row in rows]


async def put(
    tx: Transaction,
    scope: Scope,
    workflow_id: UUID | None,
    concurrency_key: str | None,
    max_running: int,
    on_collision: OnCollision,
) -> Limit:
    """Set a limit, or change it, also for what waits and runs. Needs settings.write.

    Raises 404 WORKFLOW_NOT_FOUND, 400 INVALID_ARGUMENT.
    """
    params = {
        "scope": scope,
        "workflow_id": workflow_id,
        "concurrency_key": concurrency_key,
        "max_running": max_running,
        "on_collision": on_collision,
    }
    row = await tx.fetch_one(queries.SET_LIMIT, params)
    assert row is not None
    return Limit(**row)


async def remove(tx: Transaction, scope: Scope, workflow_id: UUID | None, concurrency_key: str | None) -> Limit:
    """Remove a limit; jobs that it held back may run at once. Raises 404 LIMIT_NOT_FOUND. Needs settings.write."""
    params = {"scope": scope, "workflow_id": workflow_id, "concurrency_key": concurrency_key}
    row = await tx.fetch_one(queries.REMOVE_LIMIT, params)
    assert row is not None
    return Limit(**row)
