"""Shapes of notifications, with an example of each."""

from typing import Any, Literal

from casare_cloud.domain.events.model import Notification
from casare_cloud.faces.automation.examples import EXECUTION_ID, NOW
from casare_cloud.faces.kit.examples import Example, showing
from casare_cloud.faces.kit.shapes import Answer, Time

Kind = Literal["success", "error", "warning", "info"]
_ITEM: Example = {
    "id": "812",
    "type": "error",
    "title": "Execution failed",
    "message": "Invoices: the page did not answer",
    "resource_type": "execution",
    "resource_id": EXECUTION_ID,
    "read": False,
    "created_at": NOW,
    "metadata": {"workflow_name": "Invoices"},
}
_TITLES: dict[str, tuple[Kind, str]] = {
    "job.completed": ("success", "Execution completed"),
    "job.failed": ("error", "Execution failed"),
    "job.timeout": ("error", "Execution timed out"),
    "job.cancelled": ("warning", "Execution cancelled"),
    "robot.offline": ("warning", "Agent disconnected"),
}


class NotificationAnswer(Answer):
    """Something that happened; the id is the number of its event."""

    model_config = showing(_ITEM)

    id: str
    type: Kind
    title: str
    message: str
    resource_type: Literal["execution", "agent"]
    resource_id: str | None
    read: bool
    created_at: Time
    metadata: dict[str, Any]

    @classmethod
    def of(cls, found: Notification) -> "NotificationAnswer":
        """A notification as the service gives it."""
        kind, title = _TITLES[found.event_type]
        name = found.data.get("workflow_name") or found.data.get("external_id")
        reason = found.data.get("error_message") or found.data.get("message")
        resource = found.job_id or found.robot_id
        return cls(
            id=str(found.seq),
            type=kind,
            title=title,
            message=": ".join(str(part) for part in (name, reason) if part)[:500] or title,
            resource_type="agent" if found.event_type == "robot.offline" else "execution",
            resource_id=None if resource is None else str(resource),
            read=found.is_read,
            created_at=found.happened_at,
            metadata=found.data,
        )


class NotificationList(Answer):
    """What happened in the last 30 days, the newest first."""

    model_config = showing({"notifications": [_ITEM], "total": 1})

    notifications: list[NotificationAnswer]
    total: int


class Read(Answer):
    """It was marked as read."""

    model_config = showing({"success": True})

    success: bool
