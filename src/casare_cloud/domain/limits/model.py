"""Values of the limits domain."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Scope = Literal["tenant", "workflow", "key"]
OnCollision = Literal["queue", "cancel_newest", "cancel_running"]


@dataclass(frozen=True, slots=True)
class Limit:
    """How many jobs of something robots may hold at once, and how many they hold now."""

    scope: Scope
    workflow_id: UUID | None
    concurrency_key: str | None
    max_running: int
    on_collision: OnCollision
    running: int
    updated_at: datetime
