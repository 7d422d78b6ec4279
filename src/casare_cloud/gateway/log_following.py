"""What robots log of the jobs of one tenant, and of themselves, read every second while somebody hears it.

Nothing rings for a line, so the logs of the jobs in hand and of the robots are looked at: by an index, from the last
line of each on.
"""

import asyncio
from operator import methodcaller
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.events.model import Event
from casare_cloud.domain.job_reports import service as job_reports
from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.jobs.model import Filter, Job
from casare_cloud.domain.robots import service as robots
from casare_cloud.gateway.audience import Audience, attempt
from casare_cloud.gateway.streams import ZERO, LogLine
from casare_cloud.waiting import happens_within

LOG_SECONDS = 1.0
LATE_SECONDS = 10.0  # that lines of a job may come after its end
MOST_JOBS = 500
PAGE = 200  # lines of a job in one look
_BEGINNINGS = ("job.claimed", "job.started")
_ENDS = ("job.completed", "job.failed", "job.timeout", "job.cancelled", "job.retrying", "job.queued")


class LogFollowing:
    """The logs of one feed. `joined` is set when there is another member."""

    def __init__(self, audience: Audience) -> None:
        self.joined = asyncio.Event()
        self._audience = audience
        self._is_begun = False
        self._last: dict[UUID, UUID] = {}  # the last line of each job that is followed
        self._robots: dict[UUID, str | None] = {}
        self._ended: dict[UUID, float] = {}
        self._first: UUID | None = None  # where robots' own logs were when somebody came to hear them
        self._last_of_robots: dict[UUID, UUID] = {}

    async def run(self) -> None:
        """Follow, for as long as somebody hears it."""
        while True:
            await happens_within(self.joined, LOG_SECONDS)
            self.joined.clear()
            if self._audience.needs("logs"):
                await attempt(self._tell() if self._is_begun else self._begin())
            else:
                self._is_begun = False
                for known in (self._last, self._robots, self._ended):
                    known.clear()
            if self._audience.needs("robot_logs"):
                await attempt(self._begin_robots() if self._first is None else self._tell_robots())
            else:
                self._first = None
                self._last_of_robots.clear()

    def note(self, event: Event) -> None:
        """Follow the log of a job from its claim until shortly after its end."""
        if event.job_id is None or not self._audience.needs("logs"):
            return
        if event.event_type in _BEGINNINGS and len(self._last) < MOST_JOBS:
            self._last.setdefault(event.job_id, ZERO)
            self._robots[event.job_id] = event.robot_external_id
            self._ended.pop(event.job_id, None)
        elif event.event_type in _ENDS and event.job_id in self._last:
            self._ended[event.job_id] = asyncio.get_running_loop().time()

    async def _begin(self) -> None:
        """Note how far the logs of the jobs in hand are."""

        async def look(tx: Transaction) -> tuple[list[Job], dict[UUID, UUID]]:
            found, _, _ = await jobs.list_page(tx, Filter(statuses=["claimed", "running"]), MOST_JOBS, 0)
            return found, await job_reports.list_last_logs(tx, [job.job_id for job in found])

        found, last = await self._audience.read_for("logs", look)
        for job in found:
            self._last.setdefault(job.job_id, last.get(job.job_id, ZERO))
            self._robots[job.job_id] = job.robot
        self._is_begun = True

    async def _tell(self) -> None:
        after = dict(self._last)
        if after:
            lines = await self._audience.read_for("logs", lambda tx: job_reports.list_new_logs(tx, after, PAGE))
            for job_id, entry in lines:
                self._last[job_id] = entry.job_log_id
                said = entry.level, entry.message, entry.node_id, entry.logged_at
                self._audience.tell(methodcaller("of_log", LogLine(job_id, self._robots.get(job_id), *said)))
        now = asyncio.get_running_loop().time()
        for job_id in [job_id for job_id, at in self._ended.items() if at < now - LATE_SECONDS]:
            for known in (self._last, self._robots, self._ended):
                known.pop(job_id, None)

    async def _begin_robots(self) -> None:
        self._first = await self._audience.read_for("robot_logs", robots.get_last_log) or ZERO

    async def _tell_robots(self) -> None:
        after, first = dict(self._last_of_robots), self._first or ZERO
        found = await self._audience.read_for("robot_logs", lambda tx: robots.list_new_logs(tx, after, first, PAGE))
        for robot_id, name, entry in found:
            self._last_of_robots[robot_id] = entry.robot_log_id
            line = LogLine(None, name, entry.level, entry.message, entry.source, entry.logged_at)
            self._audience.tell(methodcaller("of_log", line))
