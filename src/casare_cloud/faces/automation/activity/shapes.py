"""Shapes of the timeline, with an example of each."""

from typing import Any
from uuid import UUID

from casare_cloud.domain.metrics.model import Act
from casare_cloud.faces.automation.activity.words import WORDS, Color
from casare_cloud.faces.automation.examples import EXECUTION_ID, NOW
from casare_cloud.faces.kit.examples import Example, showing
from casare_cloud.faces.kit.shapes import Answer, Time

_ITEM: Example = {
    "id": "01a22b36-e830-7b12-a681-85f67ceebbb8",
    "action": "execution.completed",
    "resource_type": "execution",
    "resource_id": EXECUTION_ID,
    "actor_id": None,
    "actor_name": "System",
    "description": "Execution completed: Invoices",
    "icon": "CheckCircle2",
    "color": "emerald",
    "timestamp": NOW,
    "metadata": {"workflow_name": "Invoices"},
}
_COUNT: Example = {"action": "execution.completed", "count": 12}


class Item(Answer):
    """Something that was done."""

    model_config = showing(_ITEM)

    id: str
    action: str
    resource_type: str
    resource_id: str | None
    actor_id: UUID | None
    actor_name: str
    description: str
    icon: str
    color: Color
    timestamp: Time
    metadata: dict[str, Any]

    @classmethod
    def of(cls, act: Act) -> "Item":
        """Something as the service gives it."""
        word = WORDS[act.kind]
        name = act.data.get("workflow_name") or act.data.get("name") or act.data.get("external_id")
        return cls(
            id=act.act_id,
            action=word.action,
            resource_type=word.resource_type,
            resource_id=act.resource_id,
            actor_id=act.actor_id,
            actor_name=act.actor_name or "System",
            description=f"{word.sentence}: {name}" if name else word.sentence,
            icon=word.icon,
            color=word.color,
            timestamp=act.happened_at,
            metadata=act.data,
        )


class ActivityTimeline(Answer):
    """What was done, the newest first; `grouped` by the day (UTC), `total` as many as are shown."""

    model_config = showing({"activities": [_ITEM], "grouped": {"2025-12-01": [_ITEM]}, "total": 1, "period_days": 7})

    activities: list[Item]
    grouped: dict[str, list[Item]]
    total: int
    period_days: int


class ActionCount(Answer):
    """How often something was done."""

    model_config = showing(_COUNT)

    action: str
    count: int


class ActivitySummary(Answer):
    """How often what was done, of the newest 10,000."""

    model_config = showing({"summary": [_COUNT], "period_days": 7, "total": 12})

    summary: list[ActionCount]
    period_days: int
    total: int
