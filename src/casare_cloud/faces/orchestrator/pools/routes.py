"""Shared pools: robots of one tenant that run jobs of others, in turn. Not of the documents.

A pool is named by its id or its name. Robots are put into one at `PUT /robots/{robot_id}/pool`.
"""

from typing import Annotated

from fastapi import APIRouter, Path

from casare_cloud.domain.pools import service
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.pools.shapes import (
    CreatePoolBody,
    PoolAnswer,
    PoolDeleted,
    PoolLeft,
    PoolList,
    PoolMemberAnswer,
    PoolMemberBody,
    PoolMemberList,
    UpdatePoolBody,
)
from casare_cloud.faces.orchestrator.refusals import idempotent, refusals

router = APIRouter(prefix="/pools", tags=["pools"], route_class=Route)

PoolName = Annotated[str, Path(min_length=1, max_length=64, description="The id or the name of the pool.")]
TenantName = Annotated[str, Path(min_length=1, max_length=64, description="The slug or the id of a tenant.")]


@router.get("", responses=refusals())
async def list_pools(tx: Tx) -> PoolList:
    """List the pools that the tenant owns, is a member of or is invited to. Needs robots.read."""
    return PoolList(pools=[PoolAnswer.model_validate(pool) for pool in await service.list_all(tx)])


@router.post("", status_code=201, **idempotent())
async def create_pool(body: CreatePoolBody, tx: Tx) -> PoolAnswer:
    """Make a pool, without robots yet. 409 POOL_EXISTS: there is one of this name. Needs robots.write."""
    return PoolAnswer.model_validate(await service.create(tx, body.name, body.shares_by))


@router.put("/{pool}", responses=refusals(404, 409))
async def update_pool(pool: PoolName, body: UpdatePoolBody, tx: Tx) -> PoolAnswer:
    """Rename an own pool, or let its members take turns otherwise, from the next claim on. Needs robots.write."""
    return PoolAnswer.model_validate(await service.update(tx, pool, body.name, body.shares_by))


@router.delete("/{pool}", responses=refusals(404))
async def delete_pool(pool: PoolName, tx: Tx) -> PoolDeleted:
    """End a pool: its robots work for their own tenant only, and jobs that asked for it wait. Needs robots.write."""
    return PoolDeleted(pool_id=await service.delete(tx, pool), deleted=True)


@router.get("/{pool}/members", responses=refusals(404))
async def list_pool_members(pool: PoolName, tx: Tx) -> PoolMemberList:
    """List the members and invitations of an own pool. Needs robots.read."""
    found = await service.list_members(tx, pool)
    return PoolMemberList(members=[PoolMemberAnswer.model_validate(member) for member in found])


@router.put("/{pool}/members/{tenant}", responses=refusals(404))
async def put_pool_member(pool: PoolName, tenant: TenantName, body: PoolMemberBody, tx: Tx) -> PoolMemberAnswer:
    """Invite a tenant to an own pool, or change the terms of a member. Needs robots.write.

    The answer is the same whether there is such a tenant or not.
    """
    made = await service.put_member(tx, pool, tenant, body.weight, body.max_running)
    return PoolMemberAnswer.model_validate(made)


@router.delete("/{pool}/members/{tenant}", responses=refusals(404, 409))
async def remove_pool_member(pool: PoolName, tenant: TenantName, tx: Tx) -> PoolMemberAnswer:
    """Take a member out of an own pool, or an invitation back, from the next claim on. Needs robots.write."""
    return PoolMemberAnswer.model_validate(await service.remove_member(tx, pool, tenant))


@router.post("/{pool}/accept", responses=refusals(404, 409))
async def accept_pool(pool: PoolName, tx: Tx) -> PoolAnswer:
    """Accept an invitation: the pool's robots run the tenant's jobs that ask for it. Needs settings.write."""
    return PoolAnswer.model_validate(await service.accept(tx, pool))


@router.post("/{pool}/leave", responses=refusals(404, 409))
async def leave_pool(pool: PoolName, tx: Tx) -> PoolLeft:
    """Leave a pool, or decline the invitation to it. What waits for it goes on waiting. Needs settings.write."""
    gone = await service.leave(tx, pool)
    return PoolLeft(pool_id=gone.pool_id, name=gone.name, left=True)
