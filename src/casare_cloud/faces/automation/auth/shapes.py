"""Shapes of registrations, of passwords, and of who a caller is. Those of logins are in the kit."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from casare_cloud.domain.users.model import Identity
from casare_cloud.faces.automation import permission_words
from casare_cloud.faces.automation.auth import examples
from casare_cloud.faces.kit.accounts import Email, Name, OptionalName, Password, Username
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer, Body, Time


class RegistrationBody(Body):
    """A new user, with an organization to administer, or with the token of an invitation to somebody else's."""

    model_config = showing(examples.REGISTER)

    email: Email
    password: Password
    first_name: OptionalName = ""
    last_name: OptionalName = ""
    org_name: Name | None = None
    username: Username | None = None
    invitation_token: Annotated[str | None, StringConstraints(min_length=1, max_length=255)] = None

    @model_validator(mode="after")
    def _joins_one(self) -> "RegistrationBody":
        if (self.org_name is None) == (self.invitation_token is None):
            raise ValueError("org_name or invitation_token must be given, and not both")
        return self


class UserAnswer(Answer):
    """A person of the organization."""

    model_config = showing(examples.USER)

    id: UUID
    email: str | None
    first_name: str | None
    last_name: str | None
    org_id: UUID
    is_active: bool
    roles: list[str]
    created_at: Time | None


class CallerAnswer(UserAnswer):
    """Who makes this request; a key has no e-mail address."""

    model_config = showing(examples.ME)

    username: str | None
    org_name: str
    permissions: Annotated[list[str], Field(description="Codes and wildcards, such as executions.read or workflows.*.")]

    @classmethod
    def of(cls, caller: Identity) -> "CallerAnswer":
        """A caller as the service gives it."""
        return cls(
            id=caller.user_id,
            email=caller.email,
            first_name=caller.first_name,
            last_name=caller.last_name,
            org_id=caller.tenant_id,
            is_active=True,
            roles=caller.roles,
            created_at=caller.created_at,
            username=caller.username,
            org_name=caller.tenant_name,
            permissions=[permission_words.shown(code) for code in caller.permissions],
        )


class PasswordsBody(Body):
    """The password that is, and the one that shall be."""

    model_config = showing(examples.PASSWORDS)

    current_password: Password
    new_password: Password


class PasswordChanged(Answer):
    """The password was changed; other sessions of the user have ended."""

    model_config = showing(examples.CHANGED)

    success: bool
    message: str
