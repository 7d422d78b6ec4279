"""Shapes of roles."""

from uuid import UUID

from casare_cloud.domain.members.model import Role
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer, Time
from casare_cloud.faces.orchestrator.roles import examples


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
