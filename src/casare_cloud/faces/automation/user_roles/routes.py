"""Give users roles, and take them."""

from fastapi import APIRouter

from casare_cloud.domain.members import service
from casare_cloud.errors import NotFound
from casare_cloud.faces.automation.fields import RoleId, UserId
from casare_cloud.faces.automation.refusals import refusals
from casare_cloud.faces.automation.user_roles.shapes import (
    AssignBody,
    Assigned,
    AssignError,
    BulkAssignBody,
    BulkAssigned,
    RoleName,
    RoleOfUser,
    UserRoles,
    UsersOfRole,
)
from casare_cloud.faces.kit.routing import Route, Tx

router = APIRouter(prefix="/user-roles", tags=["user-roles"], route_class=Route)


@router.get("/by-role/{role_id}", responses=refusals(404))
async def list_users_of_role(role_id: RoleId, tx: Tx) -> UsersOfRole:
    """Who has a role. Needs users.read."""
    role = await service.get_role(tx, role_id)
    return UsersOfRole.of(role, await service.list_of_role(tx, role_id))


@router.post("/bulk-assign", responses=refusals(404))
async def assign_role_to_many(body: BulkAssignBody, tx: Tx) -> BulkAssigned:
    """Give up to 50 users a role; who has it already is skipped. Needs users.write."""
    role = await service.get_role(tx, body.role_id)
    given, skipped, errors = 0, 0, []
    for user_id in dict.fromkeys(body.user_ids):
        try:
            member = await service.get(tx, user_id)
        except NotFound as error:
            errors.append(AssignError(user_id=user_id, error=error.message))
            continue
        if any(had.role_id == role.role_id for had in member.roles):
            skipped += 1
            continue
        await service.assign_role(tx, user_id, body.role_id)
        given += 1
    name = RoleName(id=role.role_id, name=role.name)
    return BulkAssigned(success=given, skipped=skipped, errors=errors, role=name)


@router.get("/{user_id}/roles", responses=refusals(404))
async def list_roles_of_user(user_id: UserId, tx: Tx) -> UserRoles:
    """The roles of a user. Needs users.read."""
    member = await service.get(tx, user_id)
    roles = [RoleOfUser.model_validate(role) for role in member.roles]
    return UserRoles(user_id=member.user_id, email=member.email, roles=roles)


@router.post("/{user_id}/roles", status_code=201, responses=refusals(404, 409))
async def assign_role(user_id: UserId, body: AssignBody, tx: Tx) -> Assigned:
    """Give a user a role that allows no more than you may; 409 ROLE_ASSIGNED. Needs users.write."""
    await service.assign_role(tx, user_id, body.role_id)
    return Assigned(message="The role was given.", role_id=body.role_id)


@router.delete("/{user_id}/roles/{role_id}", status_code=204, responses=refusals(404, 409))
async def unassign_role(user_id: UserId, role_id: RoleId, tx: Tx) -> None:
    """Take a role from a user; 409 LAST_ADMIN. Needs users.write."""
    await service.unassign_role(tx, user_id, role_id)
