"""Values of the triggers domain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

Outcome = Literal["accepted", "duplicate", "filtered", "rejected", "limited"]

# Words of other documents and of older clients → the stored ones.
_TYPES = {
    "scheduled": "schedule",
    "cron": "schedule",
    "file_watcher": "file_watch",
    "database": "db_change",
    "event": "event_bus",
}
_CONFIG = {"cron_expression": "cron", "rate_limit": "rate_limit_per_minute", "ip_allowlist": "allowed_ips"}


@dataclass(frozen=True, slots=True)
class NewTrigger:
    """A trigger to make. `config` may hold a sender's own `secret`; none: one is made where one is needed."""

    workflow_id: UUID
    name: str
    trigger_type: str
    config: Mapping[str, Any] = field(default_factory=dict)
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger as it is now, and what has come of it. Of a schedule, the counts are those of the schedule."""

    trigger_id: UUID
    tenant_id: UUID
    workflow_id: UUID
    workflow_name: str
    name: str
    trigger_type: str
    config: dict[str, Any]
    path: str | None
    schedule_id: UUID | None
    is_enabled: bool
    disabled_reason: str | None
    trigger_count: int
    duplicate_count: int
    filtered_count: int
    rejected_count: int
    limited_count: int
    last_triggered_at: datetime | None
    error_message: str | None
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TriggerType:
    """A kind of trigger; `unavailable` says why none of it can be made yet."""

    trigger_type: str
    title: str
    description: str
    fired_by: Literal["sender", "schedule", "event", "database", "robot", "person"]
    unavailable: str | None
    config_schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RobotTrigger:
    """A trigger that a robot is to watch."""

    trigger_id: UUID
    name: str
    trigger_type: str
    config: dict[str, Any]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Which triggers are wanted."""

    workflow_id: UUID | None = None
    trigger_type: str | None = None
    is_enabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came to a trigger, and what became of it."""

    delivery_id: UUID
    source: str
    outcome: Outcome
    status_code: int
    reason: str | None
    message_id: str | None
    job_id: UUID | None
    first_id: UUID | None
    replay_of: UUID | None
    request: dict[str, Any]
    received_at: datetime
    payload: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Fired:
    """What a trigger answered: to a sender, or to whoever fired it."""

    trigger_id: UUID
    delivery_id: UUID | None
    outcome: Outcome
    status_code: int
    error_code: str | None
    reason: str | None
    job_id: UUID | None
    cooldown_remaining: int | None
    rate_limit: int | None
    remaining: int | None
    reset_at: datetime | None


def stored_type(word: str) -> str:
    """The stored word for a type of trigger, by whatever name."""
    return _TYPES.get(word, word)


def stored_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration in the stored words."""
    renamed = {_CONFIG.get(name, name): value for name, value in config.items()}
    if "method" in renamed:  # one word where several may be given
        method = renamed.pop("method")
        renamed.setdefault("methods", [method.upper()] if isinstance(method, str) else method)
    return renamed
