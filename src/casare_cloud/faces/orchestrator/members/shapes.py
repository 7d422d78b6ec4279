"""Shapes of members."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from casare_cloud.faces.kit.accounts import OptionalName
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Flag
from casare_cloud.faces.kit.shapes import Answer, Body, Time
from casare_cloud.faces.orchestrator.members import examples

RoleWord = Annotated[str, Field(min_length=1, max_length=64, description="A role's slug, such as viewer, or its id.")]


class RoleOfMember(Answer):
    """A role that a member has."""

    model_config = showing(examples.ROLE)

    role_id: UUID
    name: str
    slug: str


class MemberAnswer(Answer):
    """A member; one who is not active has no access, and keeps name and roles."""

    model_config = showing(examples.MEMBER)

    user_id: UUID
    username: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    is_active: bool
    roles: list[RoleOfMember]
    created_at: Time


class MemberList(Answer):
    """A page of members, the oldest first."""

    model_config = showing(examples.MEMBERS)

    members: list[MemberAnswer]
    total: int
    limit: int
    offset: int


class MemberChange(Body):
    """Fields to change; those that are left out stay as they are. Closed."""

    model_config = showing(examples.CHANGE, extra="forbid")

    roles: Annotated[
        list[RoleWord] | None,
        Field(min_length=1, max_length=50, description="What the member is from now on, instead of before."),
    ] = None
    is_active: Annotated[Flag | None, Field(description="false takes the access away, and keeps the member.")] = None
    first_name: OptionalName | None = None
    last_name: OptionalName | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "MemberChange":
        if not self.model_dump(exclude_none=True):
            raise ValueError("roles, is_active, first_name or last_name must be given")
        return self


class MemberRemoved(Answer):
    """Who has no access any more. The keys that they made go on working until they are revoked."""

    model_config = showing(examples.REMOVED)

    user_id: UUID
    live_api_keys: list[UUID]
