"""What can be done with members, roles and the tenant itself. The database decides who may do it to whom."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.members import queries
from casare_cloud.domain.members.model import (
    Invitation,
    InvitationStatus,
    Member,
    Permission,
    Plan,
    Removed,
    Role,
    RoleName,
    Tenant,
)
from casare_cloud.domain.permissions import require
from casare_cloud.errors import Conflict, Forbidden, InvalidArgument, NotFound


class MemberNotFound(NotFound):
    """There is no such member, or another tenant's."""

    def __init__(self) -> None:
        super().__init__("MEMBER_NOT_FOUND", "There is no such member.")


class RoleNotFound(NotFound):
    """There is no such role, or another tenant's."""

    def __init__(self) -> None:
        super().__init__("ROLE_NOT_FOUND", "There is no such role.")


class RoleAssigned(Conflict):
    """The member has the role already."""

    def __init__(self) -> None:
        super().__init__("ROLE_ASSIGNED", "The member has this role already.")


async def list_page(
    tx: Transaction, limit: int, offset: int, search: str | None = None, role_id: UUID | None = None
) -> tuple[list[Member], int]:
    """(members of the page, the oldest first; how many there are), of a role or with a part of a name or address.

    Needs members.read.
    """
    found, total = await _members(tx, limit=limit, offset=offset, search=search, role_id=role_id)
    if not found and offset:  # behind the end: the total is of the first row
        total = (await _members(tx, limit=1, search=search, role_id=role_id))[1]
    return found, total


async def list_of_role(tx: Transaction, role_id: UUID) -> list[Member]:
    """The members that have a role, at most 1,000. Needs members.read."""
    return (await _members(tx, role_id=role_id))[0]


async def get(tx: Transaction, user_id: UUID) -> Member:
    """A member; `MemberNotFound`. Needs members.read."""
    found, _ = await _members(tx, user_id=user_id)
    if not found:
        raise MemberNotFound()
    return found[0]


async def change(
    tx: Transaction, user_id: UUID, first_name: str | None, last_name: str | None, is_active: bool | None
) -> None:
    """Change what is not None; one who is not active has no access. Needs members.write, but for one's own name.

    Raises 404 MEMBER_NOT_FOUND, 409 LAST_ADMIN, 400 OWN_MEMBERSHIP for whoever would deactivate themselves.
    """
    await tx.call(
        "public.update_member", user_id=user_id, first_name=first_name, last_name=last_name, is_active=is_active
    )


async def set_roles(tx: Transaction, user_id: UUID, role_ids: Sequence[UUID]) -> None:
    """Give a member these roles and no others; 404 for either, 409 LAST_ADMIN. Needs members.write."""
    await tx.call("public.set_member_roles", user_id=user_id, role_ids=list(role_ids))


async def remove(tx: Transaction, user_id: UUID) -> Removed:
    """Take a member's access away for good; 409 LAST_ADMIN. Needs members.write; members may leave by themselves."""
    removed = await tx.call("public.remove_member", user_id=user_id)
    return Removed(UUID(removed["user_id"]), [UUID(key) for key in removed["live_api_keys"]])


async def invite(tx: Transaction, email: str, role_id: UUID, expires_at: datetime | None = None) -> Invitation:
    """Offer membership with a role, for seven days unless told otherwise; the token goes to the person who is invited.

    What is open for the address ends. Raises 409 TOO_MANY_INVITATIONS. Needs members.write and members.read.
    """
    token = "inv_" + secrets.token_urlsafe(32)  # a token that began with - would be an option of commands
    digest = hashlib.sha256(token.encode()).digest()
    made = await tx.call("public.invite_member", email=email, role_id=role_id, token_hash=digest, expires_at=expires_at)
    return replace(await get_invitation(tx, made), token=token)


async def list_invitations(
    tx: Transaction, status: InvitationStatus | None, limit: int, offset: int
) -> tuple[list[Invitation], int]:
    """(invitations of the page, the newest first; how many there are). Needs members.read."""
    asked = {"status": status, "invitation_id": None, "limit": limit, "offset": offset}
    rows = await tx.fetch_all(queries.LIST_INVITATIONS, asked)
    if not rows and offset:
        return [], (await list_invitations(tx, status, 1, 0))[1]
    return [_invitation_of(row) for row in rows], rows[0]["total"] if rows else 0


async def get_invitation(tx: Transaction, invitation_id: UUID) -> Invitation:
    """An invitation; 404 INVITATION_NOT_FOUND. Needs members.read."""
    asked = {"status": None, "invitation_id": invitation_id, "limit": 1, "offset": 0}
    row = await tx.fetch_one(queries.LIST_INVITATIONS, asked)
    if row is None:
        raise NotFound("INVITATION_NOT_FOUND", "There is no such invitation.")
    return _invitation_of(row)


async def revoke_invitation(tx: Transaction, invitation_id: UUID) -> Invitation:
    """End an invitation that nobody has accepted; 404 INVITATION_NOT_FOUND. Needs members.write and members.read."""
    await tx.call("public.revoke_invitation", invitation_id=invitation_id)
    return await get_invitation(tx, invitation_id)


async def accept_invitation(tx: Transaction, token: str) -> UUID:
    """The tenant that the caller, a user whose address was invited, is a member of now; 404 INVITATION_NOT_FOUND.

    The caller's session is in it from the next refresh on.
    """
    tenant_id: UUID = await tx.fetch_value(queries.ACCEPT_INVITATION, {"token": token})
    return tenant_id


async def list_roles(tx: Transaction) -> list[Role]:
    """The built-in roles for people, and the tenant's own. Needs members.read."""
    return [_role_of(row) for row in await tx.fetch_all(queries.LIST_ROLES, {"role_id": None})]


async def get_role(tx: Transaction, role_id: UUID) -> Role:
    """A role; `RoleNotFound`. Needs members.read."""
    row = await tx.fetch_one(queries.LIST_ROLES, {"role_id": role_id})
    if row is None:
        raise RoleNotFound()
    return _role_of(row)


async def find_roles(tx: Transaction, names: Sequence[str]) -> list[UUID]:
    """The id of each of these roles, which are named by slug or id; `RoleNotFound`. Needs members.read."""
    words = [name.lower() for name in names]
    rows = await tx.fetch_all(queries.FIND_ROLES, {"words": words})
    if not rows:
        await require(tx, "members.read")
    found: dict[str, UUID] = {}
    for row in rows:  # the built-in ones first, which keep their names
        found.setdefault(row["slug"], row["role_id"])
        found.setdefault(str(row["role_id"]), row["role_id"])
    if not found.keys() >= set(words):
        raise RoleNotFound()
    return [found[word] for word in words]


async def create_role(tx: Transaction, name: str, slug: str, description: str, permissions: Sequence[str]) -> UUID:
    """The id of a new role; permissions are codes or wildcards that the caller has. Needs members.write.

    Raises 409 ROLE_EXISTS or TOO_MANY_ROLES, 400 for an unknown permission, 403 for one that the caller has not got.
    """
    role_id: UUID = await tx.call(
        "public.create_role", name=name, slug=slug, permissions=list(permissions), description=description
    )
    return role_id


async def change_role(
    tx: Transaction, role_id: UUID, name: str | None, description: str | None, permissions: Sequence[str] | None
) -> None:
    """Change what is not None; 404 ROLE_NOT_FOUND, 409 ROLE_BUILT_IN. Needs members.write."""
    wanted = None if permissions is None else list(permissions)
    await tx.call("public.update_role", role_id=role_id, name=name, description=description, permissions=wanted)


async def delete_role(tx: Transaction, role_id: UUID) -> None:
    """Delete a role and take it from its members; 404 ROLE_NOT_FOUND, 409 ROLE_BUILT_IN. Needs members.write."""
    await tx.call("public.delete_role", role_id=role_id)


async def list_permissions(tx: Transaction) -> list[Permission]:
    """Every permission there is. Needs members.read."""
    rows = await tx.fetch_all(queries.LIST_PERMISSIONS)
    if not rows:
        await require(tx, "members.read")
    return [Permission(**row) for row in rows]


async def assign_role(tx: Transaction, user_id: UUID, role_id: UUID) -> None:
    """Give a member a role; 409 ROLE_ASSIGNED, 404 for either. Needs members.write."""
    if await tx.fetch_value(queries.HAS_ROLE, {"user_id": user_id, "role_id": role_id}):
        await require(tx, "members.write")
        raise RoleAssigned()
    await tx.call("public.assign_role", user_id=user_id, role_id=role_id)


async def unassign_role(tx: Transaction, user_id: UUID, role_id: UUID) -> None:
    """Take a role from a member; 404 for either, 409 LAST_ADMIN. Needs members.write."""
    await tx.call("public.unassign_role", user_id=user_id, role_id=role_id)


async def get_tenant(tx: Transaction) -> Tenant:
    """The caller's tenant. Needs settings.read."""
    row = await tx.fetch_one(queries.GET_TENANT)
    assert row is not None
    return Tenant(**row)


async def change_tenant(tx: Transaction, name: str | None, plan: Plan | None) -> Tenant:
    """Change the tenant's name. A plan allows more, so no tenant gives itself another. Needs settings.write.

    Raises 400 when there is nothing to change, 403 for another plan than the one that is.
    """
    if name is None and plan is None:
        raise InvalidArgument("name or plan must be given.")
    await tx.call("public.update_tenant", name=name)
    tenant = await get_tenant(tx)
    if plan is not None and plan != tenant.plan:
        raise Forbidden("The plan is changed by whoever runs the service.")
    return tenant


async def _members(tx: Transaction, **wanted: Any) -> tuple[list[Member], int]:
    asked = {"user_id": None, "role_id": None, "search": None, "limit": 1000, "offset": 0, **wanted}
    rows = await tx.fetch_all(queries.LIST_MEMBERS, asked)
    members = []
    for row in rows:
        roles = [RoleName(**{**role, "role_id": UUID(role["role_id"])}) for role in row["roles"]]
        members.append(Member(**{**{k: v for k, v in row.items() if k != "total"}, "roles": roles}))
    return members, rows[0]["total"] if rows else 0


def _invitation_of(row: Any) -> Invitation:
    return Invitation(**{name: value for name, value in row.items() if name != "total"})


def _role_of(row: Any) -> Role:
    return Role(**{**row, "permissions": [Permission(**permission) for permission in row["permissions"]]})
