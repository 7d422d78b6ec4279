"""/ws?token= of document 004. Nobody is notified over it yet, so no `notification` comes."""

from collections.abc import Iterable
from dataclasses import dataclass

from casare_cloud.faces.kit.state_words import EXECUTION_WORDS
from casare_cloud.gateway.streams import LogLine, Message, Stream, Told


@dataclass(frozen=True)
class AutomationEvents(Stream):
    """Messages `{type, …}` with the keys of each event beside the type."""

    permissions = ("jobs.read", "logs.read")
    sources = frozenset({"logs"})

    def of_event(self, told: Told) -> Iterable[Message]:
        """execution.status_changed and trigger.fired."""
        event = told.event
        ids = {"execution_id": event.job_id, "workflow_id": event.workflow_id}
        if event.event_type == "trigger.fired":
            return [{"type": "trigger.fired", "trigger_id": event.data.get("trigger_id"), **ids}]
        if event.event_type.startswith("job.") and "status" in event.data:
            status = event.data["status"]
            return [{"type": "execution.status_changed", **ids, "status": EXECUTION_WORDS.get(status, status)}]
        return ()

    def of_log(self, line: LogLine) -> Iterable[Message]:
        """execution.log."""
        if line.job_id is None:
            return ()
        said = {"level": line.level, "message": line.message, "timestamp": line.logged_at}
        return [{"type": "execution.log", "execution_id": line.job_id, **said}]
