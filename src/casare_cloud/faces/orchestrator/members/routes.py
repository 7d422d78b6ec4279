"""The people of a tenant: look, change roles, deactivate, remove. Not of the documents.

Who joins is invited at `/invitations`; what roles allow is at `/roles`.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from casare_cloud.domain.members import service
from casare_cloud.faces.kit.paging import Page, page
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.members.shapes import MemberAnswer, MemberChange, MemberList, MemberRemoved
from casare_cloud.faces.orchestrator.refusals import refusals

router = APIRouter(prefix="/members", tags=["members"], route_class=Route)

UserId = Annotated[UUID, Path(description="The id of the user.")]


@router.get("", responses=refusals(404))
async def list_members(
    tx: Tx,
    page: Annotated[Page, page(100, 500)],
    search: Annotated[str | None, Query(max_length=255, description="A part of a name or address.")] = None,
    role: Annotated[str | None, Query(max_length=64, description="Who has this role, by its slug or id.")] = None,
) -> MemberList:
    """List the members, also those who are not active; 404 ROLE_NOT_FOUND. Needs members.read."""
    role_id = (await service.find_roles(tx, [role]))[0] if role else None
    items, total = await service.list_page(tx, page.limit, page.offset, search or None, role_id)
    members = [MemberAnswer.model_validate(item) for item in items]
    return MemberList(members=members, **page.facts(total))


@router.get("/{user_id}", responses=refusals(404))
async def get_member(user_id: UserId, tx: Tx) -> MemberAnswer:
    """A member. Needs members.read."""
    return MemberAnswer.model_validate(await service.get(tx, user_id))


@router.patch("/{user_id}", responses=refusals(404, 409))
async def update_member(user_id: UserId, body: MemberChange, tx: Tx) -> MemberAnswer:
    """Change roles or name, or take the access away and give it back; all of it or nothing.

    403 for a role, or a member, that may do more than you; 409 LAST_ADMIN; 400 OWN_MEMBERSHIP for whoever would
    deactivate themselves. Needs members.write and members.read.
    """
    if body.roles is not None:
        await service.set_roles(tx, user_id, await service.find_roles(tx, body.roles))
    if body.is_active is not None or body.first_name is not None or body.last_name is not None:
        await service.change(tx, user_id, body.first_name, body.last_name, body.is_active)
    return MemberAnswer.model_validate(await service.get(tx, user_id))


@router.delete("/{user_id}", responses=refusals(404, 409))
async def remove_member(user_id: UserId, tx: Tx) -> MemberRemoved:
    """Take a member's access away at once; members may leave by themselves. 409 LAST_ADMIN. Needs members.write."""
    return MemberRemoved.model_validate(await service.remove(tx, user_id))
