"""What members are told of (document 004): which events, and in which words, in the list and over the socket."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

NoticeKind = Literal["success", "error", "warning", "info"]

_TITLES: dict[str, tuple[NoticeKind, str]] = {
    "job.completed": ("success", "Execution completed"),
    "job.failed": ("error", "Execution failed"),
    "job.timeout": ("error", "Execution timed out"),
    "job.cancelled": ("warning", "Execution cancelled"),
    "robot.offline": ("warning", "Agent disconnected"),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """The words for an event, and what it is about."""

    kind: NoticeKind
    title: str
    message: str
    resource_type: Literal["execution", "agent"]
    resource_id: str | None


def notice_of(event_type: str, data: Mapping[str, Any], job_id: UUID | None, robot_id: UUID | None) -> Notice | None:
    """The words for an event; None for one that nobody is told of."""
    if event_type not in _TITLES:
        return None
    kind, title = _TITLES[event_type]
    name = data.get("workflow_name") or data.get("external_id")
    reason = data.get("error_message") or data.get("message")
    resource = job_id or robot_id
    return Notice(
        kind=kind,
        title=title,
        message=": ".join(str(part) for part in (name, reason) if part)[:500] or title,
        resource_type="agent" if event_type == "robot.offline" else "execution",
        resource_id=None if resource is None else str(resource),
    )
