"""Shapes of the organization, its roles and permissions."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from casare_cloud.domain.members.model import Permission, Plan, Role, Tenant
from casare_cloud.faces.automation import permission_words
from casare_cloud.faces.automation.admin import examples
from casare_cloud.faces.automation.fields import PermissionCode
from casare_cloud.faces.kit.accounts import Name
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer, Body, Time

RoleTitle = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Description = Annotated[str, Field(max_length=1000)]


class Organization(Answer):
    """The organization of the caller."""

    model_config = showing(examples.ORGANIZATION)

    id: UUID
    name: str
    plan: Plan

    @classmethod
    def of(cls, tenant: Tenant) -> "Organization":
        """A tenant as the service gives it."""
        return cls(id=tenant.tenant_id, name=tenant.name, plan=tenant.plan)


class DatedOrganization(Organization):
    """The organization, and since when there is one."""

    model_config = showing(examples.DATED_ORGANIZATION)

    created_at: Time

    @classmethod
    def of(cls, tenant: Tenant) -> "DatedOrganization":
        """A tenant as the service gives it."""
        return cls(id=tenant.tenant_id, name=tenant.name, plan=tenant.plan, created_at=tenant.created_at)


class Counts(Answer):
    """What the organization has. Executions of all its life, those whose rows were deleted since included."""

    model_config = showing(examples.COUNTS)

    users: int
    workflows: int
    agents: int
    credentials: int
    executions_total: int
    executions_running: int
    executions_failed: int


class AdminOverview(Answer):
    """The organization and what it has."""

    model_config = showing(examples.OVERVIEW)

    organization: DatedOrganization
    counts: Counts


class OrganizationChange(Body):
    """Fields to change; another plan than the one that is is refused (403)."""

    model_config = showing(examples.CHANGE)

    name: Name | None = None
    plan: Plan | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> "OrganizationChange":
        if self.name is None and self.plan is None:
            raise ValueError("name or plan must be given")
        return self


class RolePermission(Answer):
    """A permission of a role; its id is its code."""

    model_config = showing(examples.ROLE_PERMISSION)

    id: str
    code: str
    name: str


class PermissionAnswer(RolePermission):
    """A permission."""

    model_config = showing(examples.PERMISSION)

    description: str

    @classmethod
    def of(cls, permission: Permission) -> "PermissionAnswer":
        """A permission as the service gives it."""
        code = permission_words.shown(permission.code)
        return cls(id=code, code=code, name=code, description=permission.description)


class PermissionList(Answer):
    """Every permission there is."""

    model_config = showing(examples.PERMISSIONS)

    permissions: list[PermissionAnswer]


class RoleAnswer(Answer):
    """A role, with every permission that its wildcards stand for."""

    model_config = showing(examples.ROLE)

    id: UUID
    name: str
    slug: str
    description: str
    permissions: list[RolePermission]
    created_at: Time
    is_built_in: bool

    @classmethod
    def of(cls, role: Role) -> "RoleAnswer":
        """A role as the service gives it."""
        codes = [permission_words.shown(permission.code) for permission in role.permissions]
        return cls(
            id=role.role_id,
            name=role.name,
            slug=role.slug,
            description=role.description,
            permissions=[RolePermission(id=code, code=code, name=code) for code in codes],
            created_at=role.created_at,
            is_built_in=role.is_built_in,
        )


class RoleList(Answer):
    """The roles that users may have, the built-in ones first."""

    model_config = showing(examples.ROLES)

    roles: list[RoleAnswer]
    total: int


class RoleBody(Body):
    """A new role; without permissions it allows nothing."""

    model_config = showing(examples.ROLE_BODY)

    name: RoleTitle
    slug: Slug
    description: Description = ""
    permission_ids: Annotated[list[PermissionCode], Field(max_length=200)] = []  # noqa: RUF012


class RoleMade(Answer):
    """The role was made."""

    model_config = showing(examples.ROLE_MADE)

    id: UUID
    name: str
    slug: str
    message: str


class RoleChange(Body):
    """Fields to change; those that are left out stay as they are."""

    model_config = showing(examples.ROLE_CHANGE)

    name: RoleTitle | None = None
    description: Description | None = None
    permission_ids: Annotated[list[PermissionCode] | None, Field(max_length=200)] = None


class RoleChanged(Answer):
    """The role was changed."""

    model_config = showing(examples.ROLE_CHANGED)

    id: UUID
    name: str
    message: str


class ConfigAnswer(Answer):
    """Keys that are kept for the organization: none yet."""

    model_config = showing(examples.CONFIG)

    config: dict[str, str]
