"""What can be done with shared pools. `pool` is the id or the name of one. Every rule is in the SQL functions."""

from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.pools import queries
from casare_cloud.domain.pools.model import LeftPool, Pool, PoolMember, SharesBy


async def list_all(tx: Transaction) -> list[Pool]:
    """The pools that the tenant owns, is a member of or is invited to, by name. Needs robots.read."""
    return [Pool(**row) for row in await tx.fetch_all(queries.LIST_POOLS)]


async def create(tx: Transaction, name: str, shares_by: SharesBy) -> Pool:
    """A new pool of the tenant's own, without robots. Raises 409 POOL_EXISTS. Needs robots.write."""
    row = await tx.fetch_one(queries.CREATE_POOL, {"name": name, "shares_by": shares_by})
    assert row is not None
    return Pool(**row)


async def update(tx: Transaction, pool: str, name: str | None, shares_by: SharesBy | None) -> Pool:
    """Change the name of a pool of the tenant's own, or how its members take turns; None: unchanged.

    Raises 404 POOL_NOT_FOUND, 409 POOL_EXISTS. Needs robots.write.
    """
    row = await tx.fetch_one(queries.UPDATE_POOL, {"pool": pool, "name": name, "shares_by": shares_by})
    assert row is not None
    return Pool(**row)


async def delete(tx: Transaction, pool: str) -> UUID:
    """End a pool of the tenant's own; its id. Raises 404 POOL_NOT_FOUND. Needs robots.write."""
    pool_id: UUID = await tx.fetch_value(queries.DELETE_POOL, {"pool": pool})
    return pool_id


async def list_members(tx: Transaction, pool: str) -> list[PoolMember]:
    """The members of an own pool and those invited. Raises 404 POOL_NOT_FOUND. Needs robots.read."""
    return [PoolMember(**row) for row in await tx.fetch_all(queries.LIST_POOL_MEMBERS, {"pool": pool})]


async def put_member(tx: Transaction, pool: str, tenant: str, weight: int, max_running: int | None) -> PoolMember:
    """Invite a tenant by slug or id, or change a member's terms; an unknown tenant gets the same answer.

    Raises 404 POOL_NOT_FOUND. Needs robots.write.
    """
    params = {"pool": pool, "tenant": tenant, "weight": weight, "max_running": max_running}
    row = await tx.fetch_one(queries.PUT_POOL_MEMBER, params)
    assert row is not None
    return PoolMember(**row)


async def remove_member(tx: Transaction, pool: str, tenant: str) -> PoolMember:
    """Take a member out, or an invitation back, from the next claim on.

    Raises 404 POOL_NOT_FOUND, POOL_MEMBER_NOT_FOUND, 409 POOL_OWNER_STAYS. Needs robots.write.
    """
    row = await tx.fetch_one(queries.REMOVE_POOL_MEMBER, {"pool": pool, "tenant": tenant})
    assert row is not None
    return PoolMember(**row)


async def accept(tx: Transaction, pool: str) -> Pool:
    """Accept the invitation to a pool. Raises 404 POOL_NOT_FOUND, 409 POOL_AMBIGUOUS. Needs settings.write."""
    row = await tx.fetch_one(queries.ACCEPT_POOL, {"pool": pool})
    assert row is not None
    return Pool(**row)


async def leave(tx: Transaction, pool: str) -> LeftPool:
    """Leave a pool, or decline the invitation to it.

    Raises 404 POOL_NOT_FOUND, 409 POOL_AMBIGUOUS, POOL_OWNER_STAYS. Needs settings.write.
    """
    row = await tx.fetch_one(queries.LEAVE_POOL, {"pool": pool})
    assert row is not None
    return LeftPool(**row)
