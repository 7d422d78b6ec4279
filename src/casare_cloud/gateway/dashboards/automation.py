"""/ws?token= of document 004."""

from collections.abc import Iterable
from dataclasses import dataclass

from casare_cloud.domain.events.model import Event
from casare_cloud.faces.kit.notices import notice_of
from casare_cloud.faces.kit.state_words import EXECUTION_WORDS
from casare_cloud.gateway.streams import LogLine, Message, Stream, Told


@dataclass(frozen=True)
class AutomationEvents(Stream):
    """Messages `{type, …}` with the keys of each event beside the type."""

    permissions = ("jobs.read", "logs.read")
    sources = frozenset({"logs"})

    def of_event(self, told: Told) -> Iterable[Message]:
        """trigger.fired, execution.status_changed and notification."""
        event = told.event
        ids = {"execution_id": event.job_id, "workflow_id": event.workflow_id}
        if event.event_type == "trigger.fired":
            yield {"type": "trigger.fired", "trigger_id": event.data.get("trigger_id"), **ids}
        if event.event_type.startswith("job.") and "status" in event.data:
            status = event.data["status"]
            yield {"type": "execution.status_changed", **ids, "status": EXECUTION_WORDS.get(status, status)}
        yield from _notification_of(event)

    def of_log(self, line: LogLine) -> Iterable[Message]:
        """execution.log; the level in capitals, by which clients filter."""
        if line.job_id is None:
            return ()
        said = {"level": line.level.upper(), "message": line.message, "timestamp": line.logged_at}
        return [{"type": "execution.log", "execution_id": line.job_id, **said}]


def _notification_of(event: Event) -> Iterable[Message]:
    """notification, of what `GET /notifications/` lists as well; `id` is its number there."""
    notice = notice_of(event.event_type, event.data, event.job_id, event.robot_id)
    if notice is not None:
        yield {
            "type": "notification",
            "id": str(event.seq),
            "title": notice.title,
            "message": notice.message,
            "severity": notice.kind,
            "priority": "high" if notice.kind == "error" else "normal",
            "resource_type": notice.resource_type,
            "resource_id": notice.resource_id,
            "metadata": event.data,
            "timestamp": event.occurred_at,
        }
