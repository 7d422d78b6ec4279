"""/ws/jobs/{job_id} of document 003: all that happens to one job, from its beginning."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from casare_cloud.database import Transaction
from casare_cloud.domain.events import service as events
from casare_cloud.domain.events.model import Event
from casare_cloud.gateway.streams import ZERO, Message, Stream, Told

_MOST_EVENTS = 1000  # of one job; a new socket is told the first of them, and then what comes


@dataclass(frozen=True)
class OneJob(Stream):
    """`{type, job_id, timestamp, …}`: the job's events, its progress, its nodes and its log."""

    permissions = ("jobs.read",)

    async def first(self, tx: Transaction) -> tuple[list[Message], int]:
        """What has happened to it so far."""
        found = await events.list_of_job(tx, self.job_id or ZERO, 0, _MOST_EVENTS)
        return [_of(event) for event in found], found[-1].seq if found else 0

    def of_event(self, told: Told) -> Iterable[Message]:
        """job.queued, job.claimed, job.started, job.completed, job.failed and so on."""
        return [_of(told.event)] if told.event.job_id == self.job_id else ()

    def of_push(self, event: str, payload: Mapping[str, Any]) -> Iterable[Message]:
        """job.progress, job.log, node.started, node.completed: as they are pushed, without what Realtime adds."""
        said = {name: value for name, value in payload.items() if name not in ("after", "id")}
        return [{"type": event, "job_id": self.job_id, **said}]


def _of(event: Event) -> Message:
    return {"type": event.event_type, "timestamp": event.occurred_at, **event.data, "job_id": event.job_id}
