"""Values of the members domain."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Plan = Literal["free", "pro", "enterprise"]
# void: who sent it may not invite any more.
InvitationStatus = Literal["open", "accepted", "revoked", "expired", "void"]


@dataclass(frozen=True, slots=True)
class RoleName:
    """A role that somebody has."""

    role_id: UUID
    name: str
    slug: str
    description: str


@dataclass(frozen=True, slots=True)
class Member:
    """A user of the tenant; one who is not active has no access, and keeps name and roles."""

    user_id: UUID
    username: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    is_active: bool
    created_at: datetime
    roles: list[RoleName]


@dataclass(frozen=True, slots=True)
class Removed:
    """A member whose access was taken; the keys that they made go on working until somebody revokes them."""

    user_id: UUID
    live_api_keys: list[UUID]


@dataclass(frozen=True, slots=True)
class Permission:
    """Something that a role may allow."""

    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Role:
    """A role with every permission that it allows; a built-in one is every tenant's and cannot be changed."""

    role_id: UUID
    name: str
    slug: str
    description: str
    is_built_in: bool
    created_at: datetime
    permissions: list[Permission]


@dataclass(frozen=True, slots=True)
class Invitation:
    """An offer of membership to an address, redeemed once. `token` is that of one that was just made."""

    invitation_id: UUID
    email: str
    role_id: UUID
    role_slug: str
    role_name: str
    invited_by: UUID | None
    inviter: str | None
    status: InvitationStatus
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Tenant:
    """The caller's tenant."""

    tenant_id: UUID
    name: str
    plan: Plan
    created_at: datetime
