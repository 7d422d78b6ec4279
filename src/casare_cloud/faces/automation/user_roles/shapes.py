"""Shapes of the roles of users."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.members.model import Member, Role
from casare_cloud.faces.automation.user_roles import examples
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer, Body


class RoleOfUser(Answer):
    """A role that a user has."""

    model_config = showing(examples.ROLE)

    id: Annotated[UUID, Field(validation_alias="role_id")]
    name: str
    slug: str
    description: str


class UserRoles(Answer):
    """A user and their roles."""

    model_config = showing(examples.ROLES)

    user_id: UUID
    email: str | None
    roles: list[RoleOfUser]


class AssignBody(Body):
    """The role to give."""

    model_config = showing(examples.ASSIGN)

    role_id: UUID


class Assigned(Answer):
    """The user has the role."""

    model_config = showing(examples.ASSIGNED)

    message: str
    role_id: UUID


class BulkAssignBody(Body):
    """A role, and up to 50 users to give it to."""

    model_config = showing(examples.BULK)

    user_ids: Annotated[list[UUID], Field(min_length=1, max_length=50)]
    role_id: UUID


class AssignError(Answer):
    """Why a user did not get the role."""

    model_config = showing(examples.ERROR)

    user_id: UUID
    error: str


class RoleName(Answer):
    """The role that was given."""

    model_config = showing(examples.BULK_ROLE)

    id: UUID
    name: str


class BulkAssigned(Answer):
    """How many got the role, how many had it already, and who could not get it."""

    model_config = showing(examples.BULK_ASSIGNED)

    success: int
    skipped: int
    errors: list[AssignError]
    role: RoleName


class ShortRole(RoleName):
    """A role."""

    model_config = showing(examples.SHORT_ROLE)

    slug: str


class Person(Answer):
    """A user that has a role."""

    model_config = showing(examples.PERSON)

    id: Annotated[UUID, Field(validation_alias="user_id")]
    email: str | None
    first_name: str | None
    last_name: str | None
    is_active: bool


class UsersOfRole(Answer):
    """A role and who has it."""

    model_config = showing(examples.BY_ROLE)

    role: ShortRole
    users: list[Person]

    @classmethod
    def of(cls, role: Role, members: list[Member]) -> "UsersOfRole":
        """Values as the service gives them."""
        people = [Person.model_validate(member) for member in members]
        return cls(role=ShortRole(id=role.role_id, name=role.name, slug=role.slug), users=people)
