"""Shapes of the audit log, with an example of each."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.audit.model import Entry
from casare_cloud.faces.automation import resource_words
from casare_cloud.faces.automation.examples import NOW, USER_ID, WORKFLOW_ID
from casare_cloud.faces.kit.examples import Example, showing
from casare_cloud.faces.kit.shapes import Answer, Time

_ENTRY: Example = {
    "id": "01a22b36-e830-7b12-a681-85f67ceebbb8",
    "user_id": USER_ID,
    "user_email": "ada@example.com",
    "resource_type": "workflow",
    "resource_id": WORKFLOW_ID,
    "action": "update",
    "old_values": {"name": "Invoices"},
    "new_values": {"name": "Invoices 2026"},
    "ip_address": "192.0.2.1",
    "created_at": NOW,
}
_STATS: Example = {"total": 3, "by_action": {"create": 2, "update": 1}, "by_resource_type": {"workflow": 3}}


class EntryAnswer(Answer):
    """A change; `user_id` is the user's, the agent's or the key's that made it."""

    model_config = showing(_ENTRY)

    id: UUID
    user_id: UUID | None
    user_email: str | None
    resource_type: str
    resource_id: str
    action: str
    old_values: dict[str, Any] | None
    new_values: dict[str, Any] | None
    ip_address: str | None
    created_at: Time

    @classmethod
    def of(cls, entry: Entry) -> "EntryAnswer":
        """A change as the service gives it."""
        return cls(
            id=entry.audit_id,
            user_id=entry.actor_id,
            user_email=entry.actor_email,
            resource_type=resource_words.shown(entry.resource_type),
            resource_id=entry.resource_id,
            action=entry.action,
            old_values=entry.old_values,
            new_values=entry.new_values,
            ip_address=entry.ip_address,
            created_at=entry.created_at,
        )


class EntryList(Answer):
    """Changes, the newest first, of the 10,000 that an answer looks through; `total` counts those that match."""

    model_config = showing({"audit_logs": [_ENTRY], "total": 1, "page": 1, "per_page": 50, "looked_back_to": None})

    audit_logs: list[EntryAnswer]
    total: int
    page: int
    per_page: int
    looked_back_to: Annotated[
        Time | None, Field(description="When the oldest change was made that was looked at; null: all were looked at.")
    ]


class AuditStats(Answer):
    """How often what was done to what, of the newest 100,000 changes."""

    model_config = showing(_STATS)

    total: int
    by_action: dict[str, int]
    by_resource_type: dict[str, int]


class ResourceTypes(Answer):
    """Which kinds of things the log tells of."""

    model_config = showing({"resource_types": ["role", "workflow"]})

    resource_types: list[str]


class Actions(Answer):
    """Which actions the log tells of."""

    model_config = showing({"actions": ["create", "update"]})

    actions: list[str]
