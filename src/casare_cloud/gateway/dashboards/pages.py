"""The sockets of CasareRPA's monitoring dashboard: `{type, ts, tenant_id, workspace_id, data}`.

There are no workspaces here, so `workspace_id` is null.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from casare_cloud.database import Transaction
from casare_cloud.domain.jobs.model import Job, JobStatus
from casare_cloud.domain.metrics import service as metrics
from casare_cloud.domain.metrics.model import QueueDepth
from casare_cloud.faces.kit.state_words import job_word
from casare_cloud.gateway.news import RobotNews, all_robots, news_of
from casare_cloud.gateway.streams import Message, Stream, Told, now


@dataclass(frozen=True)
class _Page(Stream):
    def _of(self, kind: str, at: Any, **data: Any) -> Iterable[Message]:
        return [{"type": kind, "ts": at, "tenant_id": self.tenant_id, "workspace_id": None, "data": data}]


@dataclass(frozen=True)
class Jobs(_Page):
    """/ws/jobs: a job whenever its state or, every five seconds at most, its progress changed."""

    permissions = ("jobs.read",)
    sources = frozenset({"jobs", "progress"})

    def of_event(self, told: Told) -> Iterable[Message]:
        """The job as its row is now, in the state that the event names."""
        if told.job is None or "status" not in told.event.data:
            return ()
        return self._of_job(told.job, told.event.data["status"], told.event.occurred_at)

    def of_progress(self, job: Job) -> Iterable[Message]:
        """The job as its row is now."""
        return self._of_job(job, job.status, now())

    def _of_job(self, job: Job, status: JobStatus, at: Any) -> Iterable[Message]:
        return self._of(
            "job_status",
            at,
            job_id=job.job_id,
            status=job_word(status),
            progress=job.progress,
            current_node=job.current_node,
            robot_id=job.robot,
            workflow_id=job.workflow_id,
            created_at=job.created_at,
        )


@dataclass(frozen=True)
class Robots(_Page):
    """/ws/robots: every robot at once, then each that was heard of, or that came or went."""

    permissions = ("robots.read",)
    sources = frozenset({"robots", "robot_rows"})

    async def first(self, tx: Transaction) -> tuple[list[Message], int]:
        """The robots of the tenant."""
        return [m for robot in await all_robots(tx) for m in self._of_news("robot_status", news_of(robot))], 0

    def of_event(self, told: Told) -> Iterable[Message]:
        """A robot that came, went or changed."""
        return () if told.news is None else self._of_news("robot_status", told.news)

    def of_robot(self, news: RobotNews) -> Iterable[Message]:
        """A robot that was heard of."""
        return self._of_news("robot_heartbeat", news)

    def _of_news(self, kind: str, news: RobotNews) -> Iterable[Message]:
        return self._of(kind, now(), robot_id=news.external_id, status=news.word, metrics=news.metrics)


@dataclass(frozen=True)
class QueuePage(Stream):
    """/ws/queue-depth: how many jobs wait and run, at once and every five seconds."""

    permissions = ("analytics.read",)
    sources = frozenset({"queue"})

    async def first(self, tx: Transaction) -> tuple[list[Message], int]:
        """The depth now."""
        return list(self.of_queue(await metrics.get_queue_depth(tx))), 0

    def of_queue(self, depth: QueueDepth) -> Iterable[Message]:
        """`by_environment` are those that wait; `*` wants no environment of its robot."""
        data = {"pending": depth.waiting, "running": depth.running, "by_environment": depth.by_environment}
        return [{"type": "queue_depth", "ts": now(), "data": data}]
