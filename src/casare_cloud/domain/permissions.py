"""The question that every service asks when row-level security shows it nothing."""

from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain import queries


async def require(tx: Transaction, permission: str) -> UUID:
    """Return the tenant of a caller who has the permission; raise 401 AUTHENTICATION_FAILED or 403 FORBIDDEN otherwise.

    A read does not ask beforehand: policies show nothing to a caller without the permission. Only when nothing came is
    it worth a statement to tell "you may not" from "there is none".
    """
    tenant_id: UUID = await tx.fetch_value(queries.AUTHORIZE, {"permission": permission})
    return tenant_id
