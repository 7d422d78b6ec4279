"""The people of the organization: list, invite, change, deactivate."""

from typing import Annotated

from fastapi import APIRouter

from casare_cloud.domain.members import service
from casare_cloud.domain.users.service import whoami
from casare_cloud.faces.automation.auth.shapes import UserAnswer
from casare_cloud.faces.automation.fields import UserId
from casare_cloud.faces.automation.refusals import idempotent, refusals
from casare_cloud.faces.automation.users.shapes import (
    InvitationAnswer,
    InvitationBody,
    UserChange,
    UserList,
    user_of,
)
from casare_cloud.faces.kit.idempotency import shown_once
from casare_cloud.faces.kit.paging import NumberedPage, numbered_page
from casare_cloud.faces.kit.routing import Route, Tx

router = APIRouter(prefix="/users", tags=["users"], route_class=Route)


@router.get("", responses=refusals())
async def list_users(tx: Tx, page: Annotated[NumberedPage, numbered_page()]) -> UserList:
    """List the users of the organization, also those who are not active. Needs users.read."""
    members, total = await service.list_page(tx, page.limit, page.offset)
    org_id = (await whoami(tx)).tenant_id
    return UserList(users=[user_of(member, org_id) for member in members], **page.facts(total))


@router.post("/invite", status_code=201, **idempotent(404))
@shown_once("invitation_token")
async def invite_user(body: InvitationBody, tx: Tx) -> InvitationAnswer:
    """Invite somebody with a role; they register with the token within seven days. Needs users.write and
    users.read."""
    return InvitationAnswer.of(await service.invite(tx, body.email, body.role_id))


@router.get("/{user_id}", responses=refusals(404))
async def get_user(user_id: UserId, tx: Tx) -> UserAnswer:
    """A user of the organization. Needs users.read."""
    return user_of(await service.get(tx, user_id), (await whoami(tx)).tenant_id)


@router.put("/{user_id}", responses=refusals(400, 404, 409))
async def update_user(user_id: UserId, body: UserChange, tx: Tx) -> UserAnswer:
    """Change a name, or take the access away and give it back (`is_active`). Needs users.write, but for your own name.

    400 OWN_MEMBERSHIP, 409 LAST_ADMIN.
    """
    await service.change(tx, user_id, body.first_name, body.last_name, body.is_active)
    return user_of(await service.get(tx, user_id), (await whoami(tx)).tenant_id)


@router.delete("/{user_id}", status_code=204, responses=refusals(400, 404, 409))
async def deactivate_user(user_id: UserId, tx: Tx) -> None:
    """Take a user's access away; they stay listed, and `is_active` gives it back.

    400 OWN_MEMBERSHIP for yourself, 409 LAST_ADMIN. Needs users.write.
    """
    await service.change(tx, user_id, None, None, is_active=False)
