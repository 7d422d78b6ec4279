"""Shapes of roles."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from casare_cloud.domain.members.model import Role
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer, Body, Time
from casare_cloud.faces.orchestrator.roles import examples

Name = Annotated[str, Field(min_length=1, max_length=128)]
Description = Annotated[str, Field(max_length=1000)]
Permissions = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=130)]],
    Field(max_length=200, description="Permissions or wildcards: jobs.read, jobs.*, *.read, *."),
]


class RoleAnswer(Answer):
    """A role, with every permission that its wildcards stand for."""

    model_config = showing(examples.ROLE)

    role_id: UUID
    name: str
    slug: str
    description: str
    is_built_in: bool
    permissions: list[str]
    created_at: Time

    @classmethod
    def of(cls, role: Role) -> "RoleAnswer":
        """A role as the service gives it."""
        return cls(
            role_id=role.role_id,
            name=role.name,
            slug=role.slug,
            description=role.description,
            is_built_in=role.is_built_in,
            permissions=[permission.code for permission in role.permissions],
            created_at=role.created_at,
        )


class RoleList(Answer):
    """The roles that members may have, the built-in ones first."""

    model_config = showing(examples.ROLES)

    roles: list[RoleAnswer]


class PermissionAnswer(Answer):
    """Something that a role may allow."""

    model_config = showing(examples.PERMISSION)

    code: str
    description: str


class PermissionList(Answer):
    """Every permission there is."""

    model_config = showing(examples.PERMISSIONS)

    permissions: list[PermissionAnswer]


class RoleBody(Body):
    """A new role; without permissions it allows nothing. Closed."""

    model_config = showing(examples.NEW_ROLE, extra="forbid")

    name: Name
    slug: Annotated[str, Field(min_length=1, max_length=64, description="Lower-case, and what requests call it.")]
    description: Description = ""
    permissions: Permissions = []  # noqa: RUF012


class RoleChange(Body):
    """Fields to change; those that are left out stay as they are. Closed."""

    model_config = showing(examples.ROLE_CHANGE, extra="forbid")

    name: Name | None = None
    description: Description | None = None
    permissions: Annotated[
        Permissions | None, Field(description="What the role allows from now on, instead of before.")
    ] = None

    @model_validator(mode="after")
    def _changes_something(self) -> "RoleChange":
        if not self.model_dump(exclude_none=True):
            raise ValueError("name, description or permissions must be given")
        return self


class RoleDeleted(Answer):
    """The role that no member has any more."""

    model_config = showing(examples.ROLE_DELETED)

    role_id: UUID
