"""Values of the audit domain."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Entry:
    """A change: `resource_type` is the table, `principal` user, robot, service or system."""

    audit_id: UUID
    actor_id: UUID | None
    actor_email: str | None
    principal: str
    action: str
    resource_type: str
    resource_id: str
    old_values: dict[str, Any] | None
    new_values: dict[str, Any] | None
    ip_address: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Which changes are wanted. `actor` is an id, or the address or user name of somebody; `search` is a part of an id
    or of an action; `search_types` are wanted with it."""

    resource_types: list[str] | None = None
    action: str | None = None
    actor_id: UUID | None = None
    actor: str | None = None
    resource_id: str | None = None
    search: str | None = None
    search_types: list[str] = field(default_factory=list)
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Changes that match, the newest first, among as many as one answer looks through.

    `total` of those; None where nothing is counted. `next` is the change to go on behind, None when there is no older
    one. `looked_back_to` is when the oldest change that was looked at was made, None when all were.
    """

    entries: list[Entry]
    total: int | None
    next: UUID | None
    looked_back_to: datetime | None
