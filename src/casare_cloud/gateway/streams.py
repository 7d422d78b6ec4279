"""What a socket tells of a tenant: a stream turns what happens into the messages of one published spelling.

Streams that are equal share their messages: each is made and encoded once, however many sockets hear it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, Self
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.events.model import Event
from casare_cloud.domain.jobs.model import Job
from casare_cloud.domain.metrics.model import QueueDepth
from casare_cloud.domain.robots.model import Robot
from casare_cloud.gateway.news import RobotNews, news_in, news_of

Source = Literal["jobs", "robots", "robot_rows", "queue", "progress", "logs", "robot_logs"]
"""What a stream needs besides events: rows of the jobs that events name, robots as they are heard of, rows of the
robots that events name, the depth of the queue every five seconds, the progress of jobs in hand, lines of the logs of
jobs, and of robots."""

Message = Mapping[str, Any]

ZERO = UUID(int=0)
ENDS = ("job.completed", "job.failed", "job.timeout", "job.cancelled")


@dataclass(frozen=True, slots=True)
class Told:
    """Something that happened, with the job and the robot as they are now, where a stream needs them.

    Of the end of a job that a stream is about, with what its robot reported of the nodes and nobody has heard.
    """

    event: Event
    job: Job | None = None
    robot: Robot | None = None
    nodes: Sequence[Mapping[str, Any]] = ()

    @property
    def news(self) -> RobotNews | None:
        """The robot of an event of a robot."""
        return news_of(self.robot) if self.robot is not None else news_in(self.event.data)


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a robot logged, of a job or of itself; its source is a node of the job, or a part of the robot."""

    job_id: UUID | None
    robot: str | None
    level: str
    message: str
    source: str | None
    logged_at: datetime


@dataclass(frozen=True)
class Stream:
    """A spelling derives from it and says what it needs and what it makes of what."""

    permissions: ClassVar[tuple[str, ...]] = ()  # besides events.read
    sources: ClassVar[frozenset[Source]] = frozenset()

    tenant_id: UUID = ZERO  # known once the caller is
    job_id: UUID | None = None  # the one job that it is about

    async def named(self, tx: Transaction) -> Self:
        """The stream with ids for the names in it; `ApiError` if the caller may not hear of what they name."""
        return self

    async def first(self, tx: Transaction) -> tuple[list[Message], int]:
        """(what a new socket is told at once; the number of the last event that is in it)."""
        return [], 0

    def of_event(self, told: Told) -> Iterable[Message]:
        """Messages of something that happened."""
        return ()

    def of_robot(self, news: RobotNews) -> Iterable[Message]:
        """Messages of a robot that was heard of."""
        return ()

    def of_queue(self, depth: QueueDepth) -> Iterable[Message]:
        """Messages of how many jobs wait."""
        return ()

    def of_progress(self, job: Job) -> Iterable[Message]:
        """Messages of a job in hand that got on."""
        return ()

    def of_log(self, line: LogLine) -> Iterable[Message]:
        """Messages of a line."""
        return ()

    def of_push(self, event: str, payload: Mapping[str, Any]) -> Iterable[Message]:
        """Messages of what is pushed of the one job."""
        return ()


def encode(message: Message) -> str:
    """The message as JSON; ids as texts, times in UTC."""
    return json.dumps(message, ensure_ascii=False, default=_plain)


def now() -> str:
    """The time of a message that no row has one for."""
    return iso(datetime.now(UTC))


def iso(at: datetime) -> str:
    """A time as the documents write it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Any) -> str:
    return iso(value) if isinstance(value, datetime) else str(value)
