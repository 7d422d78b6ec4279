"""Shapes of notifications, with an example of each."""

from typing import Any, Literal

from casare_cloud.domain.events.model import Notification
from casare_cloud.faces.automation.examples import EXECUTION_ID, NOW
from casare_cloud.faces.kit.examples import Example, showing
from casare_cloud.faces.kit.notices import NoticeKind, notice_of
from casare_cloud.faces.kit.shapes import Answer, Time

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


class NotificationAnswer(Answer):
    """Something that happened; the id is the number of its event."""

    model_config = showing(_ITEM)

    id: str
    type: NoticeKind
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
        notice = notice_of(found.event_type, found.data, found.job_id, found.robot_id)
        assert notice is not None, "the database lists what members are told of, and nothing else"
        return cls(
            id=str(found.seq),
            type=notice.kind,
            title=notice.title,
            message=notice.message,
            resource_type=notice.resource_type,
            resource_id=notice.resource_id,
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
