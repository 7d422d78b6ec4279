"""Values of the users domain."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

LOGIN_ATTEMPTS = 5  # in five minutes, by one login from one address: private.check_login()


@dataclass(frozen=True, slots=True)
class Tokens:
    """A session of a user: the access token lives `expires_in` seconds, the refresh token is good for one use."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "bearer"


@dataclass(frozen=True, slots=True)
class Registration:
    """A person who joins with an organization of their own, or, with the token of an invitation, somebody else's."""

    email: str
    password: str
    org_name: str = ""
    username: str | None = None
    first_name: str = ""
    last_name: str = ""
    invitation_token: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """The verified caller. `user_id` is the robot's or the key's id when no person asks."""

    user_id: UUID
    principal: str
    tenant_id: UUID
    tenant_name: str
    roles: list[str]
    permissions: list[str]
    username: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    created_at: datetime | None  # of a user
    tenants: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class OwnTenant:
    """A tenant that the caller can act in; `is_current`: the one that the token is for."""

    tenant_id: UUID
    slug: str
    name: str
    is_current: bool
