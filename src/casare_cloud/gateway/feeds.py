"""What happens in one tenant, fetched once for all its sockets of this process.

A bell of Realtime says that something happened; the events after the last one that was told are fetched then, and once
more after the window in which no bell rings. A bell may be lost: they are also fetched every 30 seconds, and every two
while Realtime cannot be had. So sockets miss nothing and hear nothing twice, whatever is lost.
"""

import asyncio
import json
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from operator import methodcaller
from typing import Any
from uuid import UUID

from casare_cloud.domain.events import service as events
from casare_cloud.domain.events.model import Event
from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.jobs.model import Filter, Job
from casare_cloud.domain.metrics import service as metrics
from casare_cloud.domain.robots.model import Robot
from casare_cloud.errors import ApiError
from casare_cloud.gateway.audience import Audience, May, attempt
from casare_cloud.gateway.calls import Services
from casare_cloud.gateway.log_following import LogFollowing
from casare_cloud.gateway.members import Member, is_final
from casare_cloud.gateway.news import all_robots, news_in, news_of
from casare_cloud.gateway.streams import ENDS, ZERO, Told
from casare_cloud.realtime_lines import Channel, Lines
from casare_cloud.waiting import happens_within

logger = logging.getLogger("casare_cloud")

AFTER_BELL_SECONDS = 0.3  # what happened within 250 ms after a bell rang none
HEARD_SECONDS = 30.0  # a bell may be lost, or rung by a transaction that others overtook
POLL_SECONDS = 2.0
TICK_SECONDS = 5.0  # document 000: "every 5 seconds"
PAGE = 500
MOST_JOBS = 500  # in hand, whose progress is followed
MOST_PUSHES = 1000  # of single jobs, that wait for the events before them
MOST_BYTES = 2**18  # of one of them
_PUSHES = frozenset(("job.progress", "job.log", "node.started", "node.completed"))


class Feed:
    """The feed of one tenant. It runs while it has members; `watched` is what `public.watch` said to the first."""

    def __init__(self, services: Services, lines: Lines, watched: Mapping[str, Any]) -> None:
        self._settings = services.settings
        self._lines = lines
        self._topic = str(watched["topic"])
        self._is_pushed = watched["pushes"] != "off"
        self._after = int(watched["after"] or 0)
        self._audience = Audience(services)
        self._logs = LogFollowing(self._audience)
        self._bell = asyncio.Event()
        self._channel: Channel | None = None
        self._jobs: dict[UUID, Channel] = {}  # the topics of single jobs
        self._spoken_for: set[Member] = set()  # with whose tokens topics were joined
        self._progress: dict[UUID, tuple[int, str | None]] = {}
        self._node: dict[UUID, str] = {}  # where each single job was last heard to be
        self._pushes: deque[tuple[UUID, str, Mapping[str, Any]]] = deque(maxlen=MOST_PUSHES)
        self._noded: set[UUID] = set()  # single jobs whose robots tell of their nodes
        self._tasks = [asyncio.create_task(_go_on(work)) for work in (self._follow, self._tick, self._logs.run)]

    def add(self, member: Member) -> None:
        """Tell a socket what happens from now on; it is told how things are by whoever adds it."""
        self._audience.add(member)
        self._logs.joined.set()
        self._listen()

    async def remove(self, member: Member) -> bool:
        """Tell it no more; whether it was the last, and the feed has ended."""
        self._audience.remove(member)
        if not self._audience:
            await self.close()
            return True
        for job_id in set(self._jobs) - self._audience.job_ids:
            self._node.pop(job_id, None)
            self._noded.discard(job_id)
            await self._lines.leave(self._jobs.pop(job_id))
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
            self._channel = self._lines.join(self._topic, self._hear, self._bell.set, self._bell.set, token)
        for job_id in self._audience.job_ids - set(self._jobs):
            if (token := self._token_of(partial(_follows, job_id))) is not None:
                hear = partial(self._hear_job, job_id)
                self._jobs[job_id] = self._lines.join(f"job:{job_id}", hear, self._bell.set, self._bell.set, token)

    async def _leave_refused(self) -> None:
        """Give up topics that Realtime refused the member whose token it was; another's may do."""
        if self._channel is not None and self._channel.is_refused:
            channel, self._channel = self._channel, None
            await self._lines.leave(channel)
        for job_id in [job_id for job_id, channel in self._jobs.items() if channel.is_refused]:
            await self._lines.leave(self._jobs.pop(job_id))

    def _token_of(self, may: May) -> Callable[[], Awaitable[tuple[str, float]]] | None:
        """Tokens of a member who may; None if nobody has any that Realtime takes."""

        def current() -> tuple[str, float] | None:
            for member in self._audience.readers(may):
                if (token := member.realtime_token(self._settings)) is not None:
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
                    self._audience.tell(methodcaller("of_robot", news))

    def _hear_job(self, job_id: UUID, event: str, payload: Mapping[str, Any]) -> None:
        if event in _PUSHES and _can_be_told(payload):  # what else happens to a job is among the events
            self._pushes.append((job_id, event, payload))
        self._bell.set()  # it is told after the events that were before it

    def _tell_pushes(self, before: datetime | None = None) -> None:
        """Tell what was pushed of single jobs, all of it or what happened before an event that is told next."""
        while self._pushes and (before is None or _time_of(self._pushes[0][2]) <= before):
            self._tell_push(*self._pushes.popleft())

    def _tell_push(self, job_id: UUID, event: str, payload: Mapping[str, Any]) -> None:
        if event.startswith("node."):
            self._noded.add(job_id)
        node = payload.get("current_node")
        if event == "job.progress" and job_id not in self._noded and node and node != self._node.get(job_id):
            # Its robot tells of no nodes: that it is at another one is what is known of their beginnings.
            self._audience.tell(methodcaller("of_push", "node.started", {**payload, "node_id": node}), job_id=job_id)
        if node:
            self._node[job_id] = str(node)
        self._audience.tell(methodcaller("of_push", event, payload), job_id=job_id)

    # --- events ---

    async def _follow(self) -> None:
        """Fetch events when a bell rings, and now and then."""
        is_told = True
        while True:
            is_heard = self._channel is not None and self._channel.is_heard
            await happens_within(self._bell, HEARD_SECONDS if is_heard and is_told else POLL_SECONDS)
            is_rung = self._bell.is_set()
            self._bell.clear()
            is_told = await attempt(self._fetch())
            self._tell_pushes()
            if is_rung:
                await asyncio.sleep(AFTER_BELL_SECONDS)
                is_told = await attempt(self._fetch())
                self._tell_pushes()
            await self._leave_refused()
            self._listen()

    async def _fetch(self) -> None:
        """Tell the events after the last one, all of them."""
        while True:
            found = await self._audience.read(_anybody, lambda tx: events.list_after(tx, self._after, PAGE))
            for told in await self._with_rows(found):
                if told.event.job_id in self._jobs:
                    self._tell_pushes(told.event.occurred_at)
                self._after = told.event.seq
                self._logs.note(told.event)
                self._audience.tell(methodcaller("of_event", told), seq=told.event.seq)
            if len(found) < PAGE:
                return

    async def _with_rows(self, found: list[Event]) -> list[Told]:
        """The events with the jobs, robots and nodes that they are about, where a stream needs them."""
        named: dict[UUID, Job] = {}
        robots: dict[UUID, Robot] = {}
        job_ids = {event.job_id for event in found if event.job_id and event.event_type.startswith("job.")}
        if job_ids and self._audience.needs("jobs"):
            rows = await self._audience.read_for("jobs", lambda tx: jobs.list_by_ids(tx, list(job_ids)))
            named = {job.job_id: job for job in rows}
        if self._audience.needs("robot_rows") and any(event.event_type.startswith("robot.") for event in found):
            robots = {robot.robot_id: robot for robot in await self._audience.read_for("robot_rows", all_robots)}
        told = []
        for event in found:
            job, robot = named.get(event.job_id or ZERO), robots.get(event.robot_id or ZERO)
            told.append(Told(event, job, robot, await self._nodes_of(event)))
        return told

    async def _nodes_of(self, event: Event) -> list[dict[str, Any]]:
        """What was reported of the nodes of a job that somebody follows and that has ended, if nobody has heard it."""
        job_id = event.job_id
        if event.event_type not in ENDS or job_id not in self._audience.job_ids or job_id in self._noded:
            return []
        assert job_id is not None
        try:
            found = await self._audience.read(partial(_follows, job_id), lambda tx: metrics.get_job(tx, job_id))
        except ApiError as error:
            if is_final(error):
                return []
            raise
        return found.node_executions

    # --- what is looked at every five seconds ---

    async def _tick(self) -> None:
        """The queue, jobs that got on, and robots while Realtime does not tell of them."""
        await asyncio.sleep(random.uniform(0, TICK_SECONDS))  # noqa: S311 — tenants take turns
        while True:
            if self._audience.needs("queue"):
                await attempt(self._tell_queue())
            if self._audience.needs("progress"):
                await attempt(self._tell_progress())
            if self._audience.needs("robots") and not (self._channel is not None and self._channel.is_heard):
                await attempt(self._tell_robots())
            await asyncio.sleep(TICK_SECONDS)

    async def _tell_queue(self) -> None:
        depth = await self._audience.read_for("queue", metrics.get_queue_depth)
        self._audience.tell(methodcaller("of_queue", depth))

    async def _tell_robots(self) -> None:
        for robot in await self._audience.read_for("robots", all_robots):
            self._audience.tell(methodcaller("of_robot", news_of(robot)))

    async def _tell_progress(self) -> None:
        wanted = Filter(statuses=["claimed", "running"])
        found, _, _ = await self._audience.read_for("progress", lambda tx: jobs.list_page(tx, wanted, MOST_JOBS, 0))
        known, self._progress = self._progress, {}
        for job in found:
            self._progress[job.job_id] = job.progress, job.current_node
            if known.get(job.job_id, (0, None)) != (job.progress, job.current_node):
                self._audience.tell(methodcaller("of_progress", job))


async def _go_on(work: Callable[[], Awaitable[None]]) -> None:
    """Do it for ever, also after an error that nobody thought of: a feed that has ended would look like silence."""
    while True:
        try:
            await work()
        except Exception:
            logger.exception("the feed of a tenant failed, and goes on")
            await asyncio.sleep(POLL_SECONDS)


def _can_be_told(payload: Mapping[str, Any]) -> bool:
    """Whether clients can read it: the robot that holds a job may send anything on the topic of the job."""
    try:
        return len(json.dumps(payload, ensure_ascii=False, allow_nan=False).encode()) <= MOST_BYTES
    except (ValueError, RecursionError):
        return False


def _time_of(payload: Mapping[str, Any]) -> datetime:
    """When it happened; of what does not say so, at the end."""
    try:
        return datetime.fromisoformat(payload["timestamp"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return datetime.max.replace(tzinfo=UTC)


def _anybody(_: Member) -> bool:
    return True


def _follows(job_id: UUID, member: Member) -> bool:
    return member.stream.job_id == job_id
