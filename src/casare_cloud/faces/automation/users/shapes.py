"""Shapes of users and invitations."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from casare_cloud.domain.members.model import Invitation, Member
from casare_cloud.faces.automation.auth.shapes import UserAnswer
from casare_cloud.faces.automation.users import examples
from casare_cloud.faces.kit.accounts import Email, OptionalName
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Flag
from casare_cloud.faces.kit.shapes import Answer, Body, Time


def user_of(member: Member, org_id: UUID) -> UserAnswer:
    """A member as the service gives it."""
    return UserAnswer(
        id=member.user_id,
        email=member.email,
        first_name=member.first_name,
        last_name=member.last_name,
        org_id=org_id,
        is_active=member.is_active,
        roles=[role.slug for role in member.roles],
        created_at=member.created_at,
    )


class UserList(Answer):
    """Users of the organization, the oldest first; those who are not active as well."""

    model_config = showing(examples.USERS)

    users: list[UserAnswer]
    total: int
    page: int
    per_page: int


class UserChange(Body):
    """Fields to change; those that are left out stay as they are."""

    model_config = showing(examples.CHANGE)

    first_name: OptionalName | None = None
    last_name: OptionalName | None = None
    is_active: Annotated[Flag | None, Field(description="false takes the access away, and keeps the user listed.")] = (
        None
    )

    @model_validator(mode="after")
    def _changes_something(self) -> "UserChange":
        if self.first_name is None and self.last_name is None and self.is_active is None:
            raise ValueError("first_name, last_name or is_active must be given")
        return self


class InvitationBody(Body):
    """Whom to invite, and the role that they get."""

    model_config = showing(examples.INVITE)

    email: Email
    role_id: UUID


class InvitationAnswer(Answer):
    """An invitation; whoever registers with its token, and its address, joins the organization."""

    model_config = showing(examples.INVITED)

    id: UUID
    email: str
    role_id: UUID
    invitation_token: Annotated[str | None, Field(description="Shown once.")]
    expires_at: Time
    message: str

    @classmethod
    def of(cls, invitation: Invitation) -> "InvitationAnswer":
        """An invitation as the service gives it."""
        return cls(
            id=invitation.invitation_id,
            email=invitation.email,
            role_id=invitation.role_id,
            invitation_token=invitation.token,
            expires_at=invitation.expires_at,
            message="Send the token to the person: it is shown only now.",
        )
