"""What members may do: the built-in roles, and those that a tenant makes itself. Not of the documents."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from casare_cloud.domain.members import service
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.refusals import idempotent, refusals
from casare_cloud.faces.orchestrator.roles.shapes import (
    PermissionAnswer,
    PermissionList,
    RoleAnswer,
    RoleBody,
    RoleChange,
    RoleDeleted,
    RoleList,
)

router = APIRouter(prefix="/roles", tags=["members"], route_class=Route)

RoleId = Annotated[UUID, Path(description="The id of the role.")]


@router.get("", responses=refusals())
async def list_roles(tx: Tx) -> RoleList:
    """List the roles that members may have, with what each allows. Needs members.read."""
    return RoleList(roles=[RoleAnswer.of(role) for role in await service.list_roles(tx)])


@router.get("/permissions", responses=refusals())
async def list_permissions(tx: Tx) -> PermissionList:
    """List every permission that a role may allow. Needs members.read."""
    found = await service.list_permissions(tx)
    return PermissionList(permissions=[PermissionAnswer.model_validate(permission) for permission in found])


@router.post("", status_code=201, **idempotent())
async def create_role(body: RoleBody, tx: Tx) -> RoleAnswer:
    """Make a role of permissions that you have; 403 for one that you have not.

    409 ROLE_EXISTS for a slug that is taken, 409 TOO_MANY_ROLES. Needs members.write and members.read.
    """
    role_id = await service.create_role(tx, body.name, body.slug, body.description, body.permissions)
    return RoleAnswer.of(await service.get_role(tx, role_id))


@router.patch("/{role_id}", responses=refusals(404, 409))
async def update_role(role_id: RoleId, body: RoleChange, tx: Tx) -> RoleAnswer:
    """Change a role of the tenant, which counts for its members from the next request on.

    403 for a role, or permissions, that allow more than you may; 409 ROLE_BUILT_IN.
    Needs members.write and members.read.
    """
    await service.change_role(tx, role_id, body.name, body.description, body.permissions)
    return RoleAnswer.of(await service.get_role(tx, role_id))


@router.delete("/{role_id}", responses=refusals(404, 409))
async def delete_role(role_id: RoleId, tx: Tx) -> RoleDeleted:
    """Delete a role of the tenant and take it from its members; 409 ROLE_BUILT_IN. Needs members.write."""
    await service.delete_role(tx, role_id)
    return RoleDeleted(role_id=role_id)
