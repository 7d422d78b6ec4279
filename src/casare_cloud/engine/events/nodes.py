"""Events of nodes: pushed while a job runs, where that is possible, and else read from the report of its attempt."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from casare_cloud.client import Client
from casare_cloud.engine.events.bus import EventBus
from casare_cloud.engine.events.types import (
    JobCancelled,
    JobClaimed,
    JobCompleted,
    JobEvent,
    JobFailed,
    JobRequeued,
    JobRetrying,
    JobStarted,
    NodeCompleted,
    NodeEvent,
    NodeFailed,
    NodeStarted,
)
from casare_cloud.errors import ApiError
from casare_cloud.realtime import RealtimeClient

if TYPE_CHECKING:
    from casare_cloud.engine.events.feed import Realtime

logger = logging.getLogger("casare_cloud")

MOST_WATCHED = 50  # a hundred jobs of a tenant can be watched at once, by all of its watchers
MOST_REPORTS = 100  # that are read in a minute: the orchestrator allows 200, and others read, too
_ENDS = (JobCompleted, JobFailed, JobCancelled, JobRetrying)


@dataclass
class _Watched:
    """A job whose nodes are followed."""

    workflow_id: str
    topic: str | None = None
    renewing: "asyncio.Task[None] | None" = None
    pushed: set[str] = field(default_factory=set)  # nodes that were told to have ended


class NodeWatch:
    """Follows the nodes of the jobs that it hears of. Used as a context manager, so that it leaves no topic behind."""

    def __init__(self, client: Client, bus: EventBus, realtime: "Realtime | None") -> None:
        self._client = client
        self._bus = bus
        self._jobs: dict[str, _Watched] = {}
        self._line = (
            RealtimeClient(realtime.supabase_url, realtime.publishable_key, client.realtime_token) if realtime else None
        )
        self._listening: asyncio.Task[None] | None = None
        self._read_at: deque[float] = deque(maxlen=MOST_REPORTS)

    async def __aenter__(self) -> Self:
        if self._line is not None:
            self._listening = asyncio.create_task(self._line.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [self._listening, *(job.renewing for job in self._jobs.values())]
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def follow(self, event: JobEvent) -> None:
        """Begin with a job that a robot took; at the end of its attempt, tell of the nodes that nobody pushed."""
        if isinstance(event, JobClaimed | JobStarted):
            if event.job_id not in self._jobs:
                self._jobs[event.job_id] = job = _Watched(event.workflow_id)
                with suppress(ApiError):  # its nodes are told at its end
                    await self._listen(event.job_id, job)
        elif isinstance(event, _ENDS):
            job = self._jobs.pop(event.job_id, _Watched(event.workflow_id))
            await self._leave(job)
            with suppress(ApiError):  # it may be gone by now
                await self._tell_the_rest(event, job)
        elif isinstance(event, JobRequeued) and event.job_id in self._jobs:
            await self._leave(self._jobs.pop(event.job_id))

    async def _listen(self, job_id: str, job: _Watched) -> None:
        if self._line is None or sum(each.topic is not None for each in self._jobs.values()) >= MOST_WATCHED:
            return
        said = await self._client.watch(job_id)
        if said["pushes"] == "off":
            return
        job.topic = str(said["topic"])
        self._line.subscribe(job.topic, lambda word, payload: self._on_push(job_id, job, word, payload), is_extra=True)
        job.renewing = asyncio.create_task(self._renew(job_id, float(said["renew_after_seconds"])))

    async def _renew(self, job_id: str, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            with suppress(ApiError):
                await self._client.watch(job_id)

    async def _leave(self, job: _Watched) -> None:
        if job.renewing is not None:
            job.renewing.cancel()
        if job.topic is not None and self._line is not None:
            await self._line.unsubscribe(job.topic)

    def _on_push(self, job_id: str, job: _Watched, word: str, payload: Mapping[str, Any]) -> None:
        if word == "node.started":
            self._publish(NodeStarted, job_id, job, payload)
        elif word == "node.completed":
            job.pushed.add(str(payload.get("node_id")))
            self._publish_end(job_id, job, payload)

    async def _tell_the_rest(self, event: JobEvent, job: _Watched) -> None:
        """The nodes in the attempt's report of which nothing was pushed: once each, with the time of all their runs."""
        now = time.monotonic()
        if len(self._read_at) == MOST_REPORTS and now < self._read_at[0] + 60:
            logger.warning("nodes of job %s are not told: more than %s jobs a minute end", event.job_id, MOST_REPORTS)
            return
        self._read_at.append(now)
        report = await self._client.get_job_metrics(event.job_id)
        for node in report["node_executions"]:
            if node.get("node_id") not in job.pushed and node.get("status") != "skipped":
                self._publish(NodeStarted, event.job_id, job, node)
                self._publish_end(event.job_id, job, node)

    def _publish_end(self, job_id: str, job: _Watched, says: Mapping[str, Any]) -> None:
        took = float(says.get("duration_ms") or 0)
        kind = NodeFailed if says.get("status") in ("failed", "error") else NodeCompleted
        self._publish(kind, job_id, job, says, execution_time_ms=took)

    def _publish(self, kind: type[NodeEvent], job_id: str, job: _Watched, says: Mapping[str, Any], **more: Any) -> None:
        self._bus.publish(
            kind(
                node_id=str(says.get("node_id") or ""),
                node_type=str(says.get("node_type") or ""),
                workflow_id=job.workflow_id,
                job_id=job_id,
                occurred_on=_time(says.get("timestamp")),
                **more,
            )
        )


def _time(text: Any) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return datetime.now(UTC)
