"""Shapes of invitations."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.members.model import Invitation, InvitationStatus
from casare_cloud.faces.kit.accounts import Email, InvitationToken
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Moment
from casare_cloud.faces.kit.shapes import Answer, Body, Time
from casare_cloud.faces.orchestrator.invitations import examples
from casare_cloud.faces.orchestrator.members.shapes import RoleWord


class InvitationBody(Body):
    """Whom to invite, and what they will be. Closed."""

    model_config = showing(examples.INVITE, extra="forbid")

    email: Email
    role: RoleWord
    expires_at: Annotated[Moment | None, Field(description="In the next 90 days; default: in seven.")] = None


class InvitationAnswer(Answer):
    """An invitation. `status` is void when who sent it may not invite any more."""

    model_config = showing(examples.INVITATION)

    invitation_id: UUID
    email: str
    role_id: UUID
    role: str
    status: InvitationStatus
    invited_by: UUID | None
    inviter: Annotated[str | None, Field(description="The address of who sent it, or the name of the key.")]
    created_at: Time
    expires_at: Time
    accepted_at: Time | None
    revoked_at: Time | None

    @classmethod
    def of(cls, invitation: Invitation) -> Self:
        """An invitation as the service gives it."""
        facts: dict[str, Any] = {name: getattr(invitation, name, None) for name in cls.model_fields}
        return cls(**{**facts, "role": invitation.role_slug})


class InvitedAnswer(InvitationAnswer):
    """An invitation that was just made. `token` is shown now and never again: a repeated request gets null."""

    model_config = showing(examples.INVITED)

    token: str | None


class InvitationList(Answer):
    """A page of invitations, the newest first."""

    model_config = showing(examples.INVITATIONS)

    invitations: list[InvitationAnswer]
    total: int
    limit: int
    offset: int


class AcceptBody(Body):
    """The token that who was invited got. Closed."""

    model_config = showing(examples.ACCEPT, extra="forbid")

    token: InvitationToken


class AcceptedAnswer(Answer):
    """The tenant that the caller is a member of now; the next token of the session is for it."""

    model_config = showing(examples.ACCEPTED)

    tenant_id: UUID
    tenant_slug: str
    tenant_name: str
