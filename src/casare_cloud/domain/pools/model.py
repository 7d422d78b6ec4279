"""Values of the pools domain."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Standing = Literal["owner", "member", "invited"]
SharesBy = Literal["jobs", "robot_seconds"]


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool as one tenant sees it: what the tenant is to it, and on what terms."""

    pool_id: UUID
    name: str
    standing: Standing
    shares_by: SharesBy
    weight: int
    max_running: int | None
    invited_at: datetime
    accepted_at: datetime | None


@dataclass(frozen=True, slots=True)
class LeftPool:
    """A pool that the tenant has left, or whose invitation it has declined."""

    pool_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class PoolMember:
    """A member of a pool, or an invitation, as the owner sees it; `tenant` is the slug or id that it was invited by.

    `load` is the robot-seconds that a member has had lately, over its weight.
    """

    tenant: str
    weight: int
    max_running: int | None
    load: float | None
    invited_at: datetime
    accepted_at: datetime | None
