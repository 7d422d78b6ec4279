"""Invitations to a tenant: make, look, revoke, accept. Not of the documents.

The token is in the answer that made the invitation, and nowhere else: whoever invites sends it to the person. Who has
no account yet sends it to `POST /auth/register`, in the place of `org_name`.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from casare_cloud.domain.members import service
from casare_cloud.domain.members.model import InvitationStatus
from casare_cloud.domain.users.service import list_tenants
from casare_cloud.faces.kit.idempotency import shown_once
from casare_cloud.faces.kit.paging import Page, page
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.invitations.shapes import (
    AcceptBody,
    AcceptedAnswer,
    InvitationAnswer,
    InvitationBody,
    InvitationList,
    InvitedAnswer,
)
from casare_cloud.faces.orchestrator.refusals import idempotent, refusals

router = APIRouter(prefix="/invitations", tags=["members"], route_class=Route)

InvitationId = Annotated[UUID, Path(description="The id of the invitation.")]


@router.get("", responses=refusals())
async def list_invitations(
    tx: Tx,
    page: Annotated[Page, page(100, 500)],
    status: Annotated[InvitationStatus | None, Query()] = None,
) -> InvitationList:
    """List the invitations, never their tokens. Needs members.read."""
    items, total = await service.list_invitations(tx, status, page.limit, page.offset)
    found = [InvitationAnswer.of(item) for item in items]
    return InvitationList(invitations=found, **page.facts(total))


@router.post("", status_code=201, **idempotent(404))
@shown_once("token")
async def create_invitation(body: InvitationBody, tx: Tx) -> InvitedAnswer:
    """Invite an address with a role that allows no more than you may; what is open for the address is revoked.

    409 TOO_MANY_INVITATIONS. Needs members.write and members.read.
    """
    [role_id] = await service.find_roles(tx, [body.role])
    return InvitedAnswer.of(await service.invite(tx, body.email, role_id, body.expires_at))


@router.post("/accept", responses=refusals(404))
async def accept_invitation(body: AcceptBody, tx: Tx) -> AcceptedAnswer:
    """Join the tenant that invited the caller's address, once. 404 INVITATION_NOT_FOUND. Needs a user's token.

    The next token of this session, from `POST /auth/refresh`, is for that tenant. Takes no `Idempotency-Key`.
    """
    tenant_id = await service.accept_invitation(tx, body.token)
    joined = next(own for own in await list_tenants(tx) if own.tenant_id == tenant_id)
    return AcceptedAnswer(tenant_id=tenant_id, tenant_slug=joined.slug, tenant_name=joined.name)


@router.post("/{invitation_id}/revoke", responses=refusals(404))
async def revoke_invitation(invitation_id: InvitationId, tx: Tx) -> InvitationAnswer:
    """End an invitation that nobody has accepted; idempotent. Needs members.write and members.read."""
    return InvitationAnswer.of(await service.revoke_invitation(tx, invitation_id))
