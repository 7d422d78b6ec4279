"""What can be done with the shares of a tenant's workflows."""

from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.shares import queries
from casare_cloud.domain.shares.model import Share


async def list_page(tx: Transaction, limit: int, offset: int) -> list[Share]:
    """The shares of the tenant's workflows. Needs settings.read."""
    rows = await tx.fetch_all(queries.LIST_SHARES, {"limit": limit, "offset": offset})
    return [Share(**row) for row in rows]


async def put(tx: Transaction, workflow_id: UUID, weight: int) -> Share:
    """Set the weight of a workflow's share. Raises 404 WORKFLOW_NOT_FOUND. Needs settings.write."""
    row = await tx.fetch_one(queries.SET_SHARE, {"workflow_id": workflow_id, "weight": weight})
    assert row is not None
    return Share(**row)
