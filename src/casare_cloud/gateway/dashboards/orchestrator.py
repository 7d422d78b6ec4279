"""The dashboard sockets of document 000, and those under /ws/monitoring, whose messages have a `type` as well."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from casare_cloud.database import Transaction
from casare_cloud.domain.metrics import service as metrics
from casare_cloud.domain.metrics.model import QueueDepth
from casare_cloud.faces.kit.state_words import job_word
from casare_cloud.gateway.news import RobotNews, all_robots, news_of
from casare_cloud.gateway.streams import Message, Stream, Told, now


@dataclass(frozen=True)
class _Published(Stream):
    is_typed: bool = False

    def _of(self, kind: str, **message: Any) -> Iterable[Message]:
        return [{"type": kind, **message} if self.is_typed else message]


@dataclass(frozen=True)
class LiveJobs(_Published):
    """/ws/live-jobs: a job's state whenever it changed."""

    permissions = ("jobs.read",)

    def of_event(self, told: Told) -> Iterable[Message]:
        """{job_id, status, timestamp}."""
        event = told.event
        if not event.event_type.startswith("job.") or "status" not in event.data:
            return ()
        status = job_word(event.data["status"])
        return self._of("job_update", job_id=event.job_id, status=status, timestamp=event.occurred_at)


@dataclass(frozen=True)
class RobotStatus(_Published):
    """/ws/robot-status: every robot at once, then each that was heard of, every five seconds at most."""

    permissions = ("robots.read",)
    sources = frozenset({"robots"})

    async def first(self, tx: Transaction) -> tuple[list[Message], int]:
        """The robots of the tenant."""
        return [message for robot in await all_robots(tx) for message in self.of_robot(news_of(robot))], 0

    def of_robot(self, news: RobotNews) -> Iterable[Message]:
        """{robot_id, status, cpu_percent, memory_mb, timestamp}."""
        return self._of(
            "robot_heartbeat",
            robot_id=news.external_id,
            status=news.word,
            cpu_percent=news.metrics.get("cpu_percent"),
            memory_mb=news.metrics.get("memory_mb"),
            timestamp=news.heard_at,
        )


@dataclass(frozen=True)
class QueueMetrics(_Published):
    """/ws/queue-metrics: how many jobs wait, at once and every five seconds."""

    permissions = ("analytics.read",)
    sources = frozenset({"queue"})

    async def first(self, tx: Transaction) -> tuple[list[Message], int]:
        """The depth now."""
        return list(self.of_queue(await metrics.get_queue_depth(tx))), 0

    def of_queue(self, depth: QueueDepth) -> Iterable[Message]:
        """{depth, timestamp}."""
        return self._of("queue_metrics", depth=depth.waiting, timestamp=now())
