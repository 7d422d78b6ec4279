"""Following a job, or all that happens in a tenant, live where Realtime can be reached."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from casare_cloud.client.connection import REFRESH_BEFORE_SECONDS
from casare_cloud.client.jobs import FINISHED, JobCalls
from casare_cloud.client.session import Answer
from casare_cloud.errors import ApiError
from casare_cloud.http import Unreachable, may_pass
from casare_cloud.printing import printable
from casare_cloud.realtime import RealtimeClient

_POLL_SECONDS = 2.0
_AFTER_BELL_SECONDS = 0.3  # what happened within 250 ms after a bell rang none
_LOOK_SECONDS = 10.0  # for a look, with its tries


@dataclass(frozen=True, slots=True)
class News:
    """What a look at a tenant brought: events, and what was pushed of its queue and robots (`overview`).

    `is_live`: pushes arrive. `error`: why nothing could be read; the next look is made all the same.
    """

    events: list[Answer] = field(default_factory=list)
    overview: Mapping[str, Any] | None = None
    is_live: bool = False
    error: ApiError | None = None


@dataclass
class _Line:
    """What a watch hears: pushes, and whether they can be relied on now."""

    pushes: "asyncio.Queue[tuple[str, Mapping[str, Any]]]" = field(default_factory=asyncio.Queue)
    realtime: RealtimeClient | None = None
    renew_after: float = 30.0

    @property
    def is_live(self) -> bool:
        return self.realtime is not None and self.realtime.is_joined

    async def next(self, seconds: float) -> tuple[str, Mapping[str, Any]] | None:
        """The next push within so many seconds."""
        # Not `wait_for`: before Python 3.12 it loses a cancellation that comes in the moment in which it is done.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self.pushes.get()
        return None


class WatchCalls(JobCalls):
    """Jobs and events as they change."""

    async def watch(self, job_id: str | None = None) -> Answer:
        """Say that somebody watches a job, or the tenant, for 60 seconds; without that nothing is pushed.

        `{topic, pushes, renew_after_seconds, after}`; whoever joins topics in another way says it every 30 seconds.
        """
        return await self._call("POST", "/watches", json={} if job_id is None else {"job_id": job_id})

    async def wait_for_job(self, job_id: str, timeout: float | None = None) -> Answer:
        """The job, once it is finished. Raises `TimeoutError` after `timeout` seconds."""
        async with asyncio.timeout(timeout):
            async for job in self.watch_job(job_id):
                if job["status"] in FINISHED:
                    return job
        raise AssertionError("unreachable: watching ends with a finished job")

    async def wait(
        self, job_id: str, timeout: float | None = None, *, stream_logs: bool | Callable[[Answer], object] = False
    ) -> Answer:
        """The job, once it is finished. Raises `TimeoutError` after `timeout` seconds.

        With `stream_logs` each line of its log is printed, or given to the function that it is, within two seconds. A
        robot may send its last lines after the end: those that come within two seconds are told as well.
        """
        tell = _print_line if stream_logs is True else stream_logs or None
        after: str | None = None
        is_finished = False
        async with asyncio.timeout(timeout):
            while True:
                job = await self.get_job(job_id)
                if tell is not None:
                    after = await self._tell_log(job_id, after, tell)
                if job["status"] in FINISHED and (is_finished or tell is None):
                    return job
                is_finished = job["status"] in FINISHED
                await asyncio.sleep(_POLL_SECONDS)

    async def _tell_log(self, job_id: str, after: str | None, tell: Callable[[Answer], object]) -> str | None:
        """Tell the lines after that one; the id of the last."""
        while lines := (await self.get_job_logs(job_id, after=after, limit=1000))["logs"]:
            for line in lines:
                tell(line)
            after = str(lines[-1]["id"])
        return after

    async def watch_job(
        self, job_id: str, *, supabase_url: str | None = None, publishable_key: str | None = None
    ) -> AsyncIterator[Answer]:
        """The job whenever it changed, until it is finished.

        With `supabase_url` and `publishable_key`, and as a user, pushes on `job:<id>` arrive in between (only the
        keys of the push are new then); without, or while Realtime is away, the job is read every two seconds.
        """
        job = await self.get_job(job_id)
        yield job
        async with self._line(job_id, supabase_url, publishable_key) as line:
            while job["status"] not in FINISHED:
                push = await line.next(_POLL_SECONDS)
                news = {} if push is None else _news_of(*push)
                if news and news.get("status") not in FINISHED:
                    job = {**job, **news}
                    yield job
                elif push is None or push[0] == "changed" or news:
                    fresh = await self.get_job(job_id)
                    if fresh != job:
                        yield fresh
                    job = fresh

    async def watch_events(
        self,
        after: int | None = None,
        *,
        supabase_url: str | None = None,
        publishable_key: str | None = None,
        poll_seconds: float = _POLL_SECONDS,
    ) -> AsyncIterator[Answer]:
        """Every event of the tenant after that number, or from now on, as it happens: misses and repeats nothing.

        With `supabase_url` and `publishable_key`, and as a user, a bell says when there are some; without, or while
        Realtime is away, events are read every `poll_seconds`.
        """
        if after is None:
            after = int((await self.watch())["after"])
        async with self._line(None, supabase_url, publishable_key) as line:
            while True:
                async for event in self.iterate_events(after):
                    after = event["seq"]
                    yield event
                # Once in a while even if no bell rings: it may be lost, or rung by a transaction that others overtook.
                push = await line.next(line.renew_after if line.is_live else poll_seconds)
                if push is not None and push[0] == "changed":
                    async for event in self.iterate_events(after):
                        after = event["seq"]
                        yield event
                    await asyncio.sleep(_AFTER_BELL_SECONDS)

    async def watch_tenant(
        self, *, supabase_url: str | None = None, publishable_key: str | None = None
    ) -> AsyncIterator[News]:
        """What happens to the tenant from now on, at least every two seconds (then without events): misses nothing.

        It goes on while the service is away, and says so. With `supabase_url` and `publishable_key`, and as a user,
        a bell says when there are events, and overviews arrive.
        """
        after = int((await self.watch())["after"])
        async with self._line(None, supabase_url, publishable_key) as line:
            look_at = looked_at = time.monotonic()
            push: tuple[str, Mapping[str, Any]] | None = None
            while True:
                overview = push[1] if push is not None and push[0] == "overview" else None
                is_bell = push is not None and push[0] == "changed"
                events: list[Answer] = []
                if not line.is_live:
                    look_at = min(look_at, looked_at + _POLL_SECONDS)
                if is_bell or time.monotonic() >= look_at:
                    try:
                        events = await self._events_after(after)
                    except ApiError as error:
                        if not may_pass(error):
                            raise
                        yield News(error=error)
                        await asyncio.sleep(_POLL_SECONDS)
                        continue
                    after = events[-1]["seq"] if events else after
                    looked_at = time.monotonic()
                    look_at = looked_at + (_AFTER_BELL_SECONDS if is_bell else line.renew_after)
                yield News(events, overview, line.is_live)
                push = await line.next(min(max(look_at - time.monotonic(), 0.0), _POLL_SECONDS))

    async def _events_after(self, after: int) -> list[Answer]:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                return [event async for event in self.iterate_events(after)]
        except TimeoutError as error:
            raise Unreachable("the service does not answer in time") from error

    @asynccontextmanager
    async def _line(
        self, job_id: str | None, supabase_url: str | None, publishable_key: str | None
    ) -> AsyncIterator[_Line]:
        """Watches, says so again in time, and listens where that is possible."""
        line = _Line()
        tasks: list[asyncio.Task[None]] = []
        if not (supabase_url and publishable_key and self.is_user):
            yield line
            return
        said = await self.watch(job_id)
        line.renew_after = float(said["renew_after_seconds"])
        if said["pushes"] != "off":
            realtime = line.realtime = RealtimeClient(supabase_url, publishable_key, self.realtime_token)
            realtime.subscribe(
                said["topic"],
                lambda event, payload: line.pushes.put_nowait((event, payload)),
                on_join=lambda: line.pushes.put_nowait(("changed", {})),  # a fresh look
            )
            tasks = [asyncio.create_task(realtime.run()), asyncio.create_task(self._keep_watching(job_id, line))]
        try:
            yield line
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_watching(self, job_id: str | None, line: _Line) -> None:
        while True:
            await asyncio.sleep(line.renew_after)
            with suppress(ApiError):  # what is polled for says what is wrong
                await self.watch(job_id)

    async def realtime_token(self) -> tuple[str, float]:
        """A user's token for Realtime, and for how many seconds it may be used before a newer one is to be sent."""
        token = await self.access_token()
        return token, max(self._token_ends_at - time.time() - REFRESH_BEFORE_SECONDS, 1.0)


def _news_of(event: str, payload: Mapping[str, Any]) -> Answer:
    """What a push on `job:<id>` says of the job: a node's beginning is where the job is, its end is no news."""
    if event == "node.started":
        return {"current_node": payload.get("node_id")}
    if event == "job.log" or not event.startswith("job."):
        return {}
    return {name: value for name, value in payload.items() if name not in ("after", "id")}


def _print_line(line: Answer) -> None:
    print(printable(f"{line['timestamp']} {line['level']:<8} {line['message']}"), flush=True)
