"""The question that every service asks when row-level security shows it nothing."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain import queries
from casare_cloud.errors import NotFound

Found = TypeVar("Found")


async def require(tx: Transaction, permission: str) -> UUID:
    """Return the tenant of a caller who has the permission; raise 401 AUTHENTICATION_FAILED or 403 FORBIDDEN otherwise.

    A read does not ask beforehand: policies show nothing to a caller without the permission. Only when nothing came is
    it worth a statement to tell "you may not" from "there is none".
    """
    tenant_id: UUID = await tx.fetch_value(queries.AUTHORIZE, {"permission": permission})
    return tenant_id


async def require_found(
    tx: Transaction, found: Found | None, permission: str, missing: Callable[[], NotFound]
) -> Found:
    """Return what was found; where there is none, raise as `require` does, or `missing` for who has the permission."""
    if found is None:
        await require(tx, permission)
        raise missing()
    return found
