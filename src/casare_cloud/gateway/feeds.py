"""What happens in one tenant, fetched once for all its sockets of this process.

A bell of Realtime says that something happened; the events after the last one that was told are fetched then, and once
more after the window in which no bell rings. A bell may be lost: they are also fetched every 30 seconds, and every two
while Realtime cannot be had. So sockets miss nothing and hear nothing twice, whatever is lost.

Everything is read as one of the members, with the rights that the database gives them. One whom it refuses something is
looked at again, and another one reads.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from operator import methodcaller
from typing import Any, TypeVar
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.events import service as events
from casare_cloud.domain.events.model import Event
from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.jobs.model import Filter as JobFilter
from casare_cloud.domain.jobs.model import Job
from casare_cloud.domain.metrics import service as metrics
from casare_cloud.domain.robots.model import Robot
from casare_cloud.errors import ApiError
from casare_cloud.gateway.calls import Services
from casare_cloud.gateway.lines import Channel, Lines
from casare_cloud.gateway.members import Member, is_final
from casare_cloud.gateway.news import all_robots, news_in, news_of
from casare_cloud.gateway.streams import ZERO, LogLine, Message, Source, Stream, Told, encode
from casare_cloud.waiting import happens_within

logger = logging.getLogger("casare_cloud")
T = TypeVar("T")

AFTER_BELL_SECONDS = 0.3  # what happened within 250 ms after a bell rang none
HEARD_SECONDS = 30.0  # a bell may be lost, or rung by a transaction that others overtook
POLL_SECONDS = 2.0
TICK_SECONDS = 5.0  # document 000: "every 5 seconds"
LOG_SECONDS = 1.0
LATE_LOG_SECONDS = 10.0  # that lines of a job may come after its end
PAGE = 500
MOST_JOBS = 500  # in hand, whose progress and logs are followed
_ENDED = ("job.completed", "job.failed", "job.timeout", "job.cancelled", "job.retrying", "job.queued")


class Feed:
    """The feed of one tenant; it runs while it has members."""

    def __init__(self, services: Services, lines: Lines, watched: Mapping[str, Any]) -> None:
        self._services = services
        self._lines = lines
        self._topic = str(watched["topic"])
        self._is_pushed = watched["pushes"] != "off"
        self._after = int(watched["after"] or 0)
        self._members: list[Member] = []  # who reads for all is the first that may
        self._groups: dict[Stream, list[Member]] = {}
        self._spoken_for: set[Member] = set()  # with whose tokens topics were joined
        self._channel: Channel | None = None
        self._jobs: dict[UUID, Channel] = {}  # the topics of single jobs
        self._bell = asyncio.Event()
        self._joined = asyncio.Event()  # by another member
        self._progress: dict[UUID, tuple[int, str | None]] = {}
        self._logged: dict[UUID, UUID] = {}  # the last line of each job whose log is followed
        self._names: dict[UUID, str | None] = {}  # of their robots
        self._ended: dict[UUID, float] = {}
        self._tasks = [asyncio.create_task(work()) for work in (self._follow, self._tick, self._follow_logs)]

    async def add(self, member: Member) -> None:
        """Tell a socket what happens from now on; it is told how things are by whoever adds it."""
        self._members.append(member)
        self._groups.setdefault(member.stream, []).append(member)
        self._joined.set()
        self._listen()

    async def remove(self, member: Member) -> bool:
        """Tell it no more; whether it was the last, and the feed has ended."""
        self._members.remove(member)
        group = self._groups[member.stream]
        group.remove(member)
        if not group:
            del self._groups[member.stream]
        job_id = member.stream.job_id
        if job_id in self._jobs and not any(stream.job_id == job_id for stream in self._groups):
            await self._lines.leave(self._jobs.pop(job_id))
        if not self._members:
            await self.close()
            return True
        if member in self._spoken_for:
            self._spoken_for.remove(member)
            for channel in [*self._jobs.values(), *filter(None, [self._channel])]:
                channel.renew_token()
        return False

    async def close(self) -> None:
        """End it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for channel in [*self._jobs.values(), *filter(None, [self._channel])]:
            await self._lines.leave(channel)
        self._jobs, self._channel = {}, None

    # --- Realtime ---

    def _listen(self) -> None:
        """Join the topics that members need and that are not joined, as far as they have tokens for that."""
        if not self._is_pushed:
            return
        if self._channel is None and (token := self._token_of(lambda _: True)) is not None:
            self._channel = self._lines.join(self._topic, self._hear, self._bell.set, token)
        for job_id in {stream.job_id for stream in self._groups} - {None, *self._jobs}:
            assert job_id is not None
            token = self._token_of(partial(_follows, job_id))
            if token is not None:
                hear = partial(self._hear_job, job_id)
                self._jobs[job_id] = self._lines.join(f"job:{job_id}", hear, self._bell.set, token)

    async def _leave_refused(self) -> None:
        """Give up topics that Realtime refused the member whose token it was; another's may do."""
        if self._channel is not None and self._channel.is_refused:
            channel, self._channel = self._channel, None
            await self._lines.leave(channel)
        for job_id in [job_id for job_id, channel in self._jobs.items() if channel.is_refused]:
            await self._lines.leave(self._jobs.pop(job_id))

    def _token_of(self, may: Callable[[Member], bool]) -> Callable[[], Awaitable[tuple[str, float]]] | None:
        """Tokens of a member who may; None if nobody has any that Realtime takes."""

        def current() -> tuple[str, float] | None:
            for member in self._readers(may):
                if (token := member.realtime_token(self._services.settings)) is not None:
                    self._spoken_for.add(member)
                    return token
            return None

        async def token() -> tuple[str, float]:
            return current() or ("", 60.0)  # which Realtime refuses

        return token if current() is not None else None

    def _hear(self, event: str, payload: Mapping[str, Any]) -> None:
        if event == "changed":
            self._bell.set()
        elif event == "overview":
            for robot in payload.get("robots") or ():
                if (news := news_in(robot)) is not None:
                    self._tell_all(methodcaller("of_robot", news))

    def _hear_job(self, job_id: UUID, event: str, payload: Mapping[str, Any]) -> None:
        if event.startswith("job.") and event not in ("job.progress", "job.log"):
            self._bell.set()  # it is among the events, which have no gaps
            return
        for stream in [stream for stream in self._groups if stream.job_id == job_id]:
            self._tell(stream, None, stream.of_push(event, payload))

    # --- reading as one of the members ---

    def _readers(self, may: Callable[[Member], bool]) -> list[Member]:
        """Who may read, those first whom the database has not just refused something."""
        found = [member for member in self._members if may(member)]
        return sorted(found, key=lambda member: member.doubted.is_set())

    async def _read(self, source: Source | None, work: Callable[[Transaction], Awaitable[T]]) -> T | None:
        """What a member reads whose stream needs that source; None when it cannot be read now."""
        readers = self._readers(lambda member: source is None or source in member.stream.sources)
        if not readers:
            return None
        member = readers[0]
        try:
            async with self._services.database.transaction(member.actor) as tx:
                return await work(tx)
        except ApiError as error:
            if is_final(error):
                member.doubted.set()
            return None

    def _needs(self, source: Source) -> bool:
        return any(source in stream.sources for stream in self._groups)

    async def _follow(self) -> None:
        """Fetch events when a bell rings, and now and then."""
        while True:
            is_heard = self._channel is not None and self._channel.is_heard
            await happens_within(self._bell, HEARD_SECONDS if is_heard else POLL_SECONDS)
            is_rung = self._bell.is_set()
            self._bell.clear()
            try:
                await self._fetch()
                if is_rung:
                    await asyncio.sleep(AFTER_BELL_SECONDS)
                    await self._fetch()
                await self._leave_refused()
                self._listen()
            except Exception:
                logger.exception("events of a tenant could not be told")
                await asyncio.sleep(POLL_SECONDS)

    async def _fetch(self) -> None:
        """Tell the events after the last one, all of them."""

        async def page(tx: Transaction) -> list[Told]:
            found = await events.list_after(tx, self._after, PAGE)
            return [Told(event) for event in found]

        while (told := await self._read(None, page)) is not None:
            told = await self._with_rows(told)
            for each in told:
                self._after = each.event.seq
                self._note(each.event)
                for stream in list(self._groups):
                    self._tell(stream, each.event.seq, stream.of_event(each))
            if len(told) < PAGE:
                return

    async def _with_rows(self, told: list[Told]) -> list[Told]:
        """The events with the jobs and robots that they name, where a stream needs them."""
        job_ids = {t.event.job_id for t in told if t.event.job_id and t.event.event_type.startswith("job.")}
        names = {str(t.event.robot_id) for t in told if t.event.robot_id and t.event.event_type.startswith("robot.")}
        found_jobs: dict[UUID, Job] = {}
        found_robots: dict[UUID, Robot] = {}
        if job_ids and self._needs("jobs"):
            rows = await self._read("jobs", lambda tx: jobs.list_by_ids(tx, list(job_ids)))
            found_jobs = {job.job_id: job for job in rows or ()}
        if names and self._needs("robot_rows"):

            async def look_up(tx: Transaction) -> list[Robot]:
                return [robot for robot in await all_robots(tx) if str(robot.robot_id) in names]

            found_robots = {robot.robot_id: robot for robot in await self._read("robot_rows", look_up) or ()}
        if not found_jobs and not found_robots:
            return told
        return [
            Told(t.event, found_jobs.get(t.event.job_id or ZERO), found_robots.get(t.event.robot_id or ZERO))
            for t in told
        ]

    async def _tick(self) -> None:
        """Every five seconds: the queue, jobs that got on, and robots while Realtime does not tell of them."""
        await asyncio.sleep(random.uniform(0, TICK_SECONDS))  # noqa: S311 — tenants take turns
        while True:
            try:
                if self._needs("queue") and (depth := await self._read("queue", metrics.get_queue_depth)) is not None:
                    self._tell_all(methodcaller("of_queue", depth))
                if self._needs("progress"):
                    await self._tell_progress()
                if self._needs("robots") and not (self._channel is not None and self._channel.is_heard):
                    for robot in await self._read("robots", all_robots) or ():
                        self._tell_all(methodcaller("of_robot", news_of(robot)))
            except Exception:
                logger.exception("a tenant's overview could not be told")
            await asyncio.sleep(TICK_SECONDS)

    async def _tell_progress(self) -> None:
        wanted = JobFilter(statuses=["claimed", "running"])
        found = await self._read("progress", lambda tx: jobs.list_page(tx, wanted, MOST_JOBS, 0))
        if found is None:
            return
        known, self._progress = self._progress, {}
        for job in found[0]:
            self._progress[job.job_id] = job.progress, job.current_node
            if known.get(job.job_id, (0, None)) != (job.progress, job.current_node):
                self._tell_all(methodcaller("of_progress", job))

    async def _follow_logs(self) -> None:
        """Every second: what robots logged of the jobs that they hold, and shortly after their end."""
        is_followed = False
        while True:
            await happens_within(self._joined, LOG_SECONDS)
            self._joined.clear()
            try:
                if not self._needs("logs"):
                    is_followed = False
                    continue
                if not is_followed:
                    is_followed = await self._begin_logs()
                    continue
                await self._tell_logs()
            except Exception:
                logger.exception("lines of a tenant's logs could not be told")

    async def _begin_logs(self) -> bool:
        """Note how far the logs of the jobs in hand are."""

        async def look(tx: Transaction) -> tuple[list[Job], dict[UUID, UUID]]:
            found, _, _ = await jobs.list_page(tx, JobFilter(statuses=["claimed", "running"]), MOST_JOBS, 0)
            return found, await jobs.list_last_logs(tx, [job.job_id for job in found])

        found = await self._read("logs", look)
        if found is None:
            return False
        for job in found[0]:
            self._logged.setdefault(job.job_id, found[1].get(job.job_id, ZERO))
            self._names[job.job_id] = job.robot
        return True

    async def _tell_logs(self) -> None:
        after = dict(self._logged)
        lines = await self._read("logs", lambda tx: jobs.list_new_logs(tx, after, PAGE)) if after else []
        for job_id, entry in lines or ():
            self._logged[job_id] = entry.job_log_id
            line = LogLine(job_id, self._names.get(job_id), entry)
            self._tell_all(methodcaller("of_log", line))
        now = asyncio.get_running_loop().time()
        for job_id in [job_id for job_id, at in self._ended.items() if at < now - LATE_LOG_SECONDS]:
            for known in (self._ended, self._logged, self._names):
                known.pop(job_id, None)

    def _note(self, event: Event) -> None:
        """Follow the log of a job that a robot has, until shortly after its end."""
        if event.job_id is None or not self._needs("logs"):
            return
        if event.event_type in ("job.claimed", "job.started"):
            if len(self._logged) < MOST_JOBS:
                self._logged.setdefault(event.job_id, ZERO)
                self._names[event.job_id] = event.robot_external_id
                self._ended.pop(event.job_id, None)
        elif event.event_type in _ENDED and event.job_id in self._logged:
            self._ended[event.job_id] = asyncio.get_running_loop().time()

    # --- telling ---

    def _tell_all(self, messages: Callable[[Stream], Iterable[Message]]) -> None:
        for stream in list(self._groups):
            self._tell(stream, None, messages(stream))

    def _tell(self, stream: Stream, seq: int | None, messages: Iterable[Message]) -> None:
        for message in messages:
            text = encode(message)
            for member in self._groups.get(stream, ()):
                member.offer(seq, text)


def _follows(job_id: UUID, member: Member) -> bool:
    return member.stream.job_id == job_id
