"""Values of the API keys domain."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

Kind = Literal["robot", "service"]
KeyStatus = Literal["active", "expired", "revoked"]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as people see it: everything but the key.

    A robot's key has `robot`, its external id; a program's has `scopes`, what it may do.
    """

    api_key_id: UUID
    kind: Kind
    name: str
    prefix: str
    robot_id: UUID | None
    robot: str | None
    scopes: list[str]
    created_by: UUID | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def status(self) -> KeyStatus:
        """Whether the key works, and why not."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= datetime.now(UTC):
            return "expired"
        return "active"
