"""/ws/jobs/{job_id} of document 003: all that happens to one job, from its beginning."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from casare_cloud.database import Transaction
from casare_cloud.domain.events import service as events
from casare_cloud.domain.events.model import Event
from casare_cloud.domain.metrics import service as metrics
from casare_cloud.gateway.streams import ENDS, ZERO, Message, Stream, Told

_MOST_EVENTS = 1000  # of one job; a new socket is told the first of them, and then what comes


@dataclass(frozen=True)
class OneJob(Stream):
    """`{type, job_id, timestamp, …}`: the job's events, its progress, its nodes and its log."""

    permissions = ("jobs.read",)

    async def first(self, tx: Transaction) -> tuple[list[Message], int]:
        """What has happened to it so far."""
        job_id = self.job_id or ZERO
        found = await events.list_of_job(tx, job_id, 0, _MOST_EVENTS)
        told = [Told(event) for event in found]
        if found and found[-1].event_type in ENDS:
            told[-1] = Told(found[-1], nodes=(await metrics.get_job(tx, job_id)).node_executions)
        return [message for each in told for message in self.of_event(each)], found[-1].seq if found else 0

    def of_event(self, told: Told) -> Iterable[Message]:
        """job.queued, job.claimed, job.started, job.completed, job.failed and so on."""
        event = told.event
        if event.job_id != self.job_id:
            return ()
        return [
            *(message for node in told.nodes for message in _of_node(event, node)),
            {"type": event.event_type, "timestamp": event.occurred_at, **event.data, "job_id": event.job_id},
        ]

    def of_push(self, event: str, payload: Mapping[str, Any]) -> Iterable[Message]:
        """job.progress, job.log, node.started, node.completed: as they are pushed, without what Realtime adds."""
        said = {name: value for name, value in payload.items() if name not in ("after", "id")}
        return [{**said, "type": event, "job_id": self.job_id}]


def _of_node(event: Event, node: Mapping[str, Any]) -> Iterable[Message]:
    """A node of the job that ended with this event, as its robot reported it; begun when that is known, and ended."""
    common = {"job_id": event.job_id, "node_id": node["node_id"], "node_type": node.get("node_type")}
    if "started_at" in node:
        yield {"type": "node.started", **common, "timestamp": node["started_at"]}
    end = {"node_status": node.get("status"), "execution_time_ms": node.get("duration_ms")}
    yield {"type": "node.completed", **common, **end, "timestamp": node.get("completed_at") or event.occurred_at}
