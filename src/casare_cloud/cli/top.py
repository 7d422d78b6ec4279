"""`casare-cloud top`: a tenant's queue, robots and newest jobs on one screen, live."""

import asyncio
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli.calls import AsJson, run
from casare_cloud.cli.output import make_console, print_json, say, write_out

if TYPE_CHECKING:
    from casare_cloud.cli.top_view import Sight
    from casare_cloud.client import Client
    from casare_cloud.client.watching import News

JOBS = 50  # as many as a high terminal shows
ROBOTS = 500
JOBS_SECONDS = 2.0
ALL_SECONDS = 10.0  # without pushes
ALL_LIVE_SECONDS = 60.0
LINE_SECONDS = 2.0


def top(
    once: Annotated[bool, typer.Option("--once", help="Print it once and end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show queue, robots and newest jobs, live, until Ctrl-C.

    It fills a terminal of 80 columns and 24 lines or more. Without a terminal it prints a line whenever a figure
    changed; with --json an object a line. jobs/min counts the ends of jobs since it was started, so --once has none.

    When the service does not answer, it shows since when, with what was last heard, and goes on trying.

    Examples: casare-cloud top · casare-cloud top --once --json
    """
    from casare_cloud.cli.top_view import Sight

    sight = Sight(is_followed=not once)

    async def work(client: "Client") -> None:
        if once:
            await _read_all(client, sight)
            sight.connection = "read once"
            now = datetime.now(UTC)
            if as_json:
                print_json(sight.as_json(now))
            else:
                console = make_console()
                width, height = (console.width, console.height) if console.is_terminal else (80, 24)
                say("\n".join(sight.as_lines(width, height - 1, now)))
            return
        changed = asyncio.Event()
        watch = asyncio.create_task(_watch(client, sight, changed))
        try:
            if as_json or not make_console().is_terminal:
                await _print(sight, changed, watch, as_json)
            else:
                await _show(sight, changed, watch)
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    with suppress(KeyboardInterrupt):
        run(work)


async def _read_all(client: "Client", sight: "Sight") -> None:
    sight.take_fleet(await client.get_fleet_metrics())
    await _read_robots(client, sight)
    await _read_jobs(client, sight)


async def _read_robots(client: "Client", sight: "Sight") -> None:
    sight.take_robots((await client.list_robots(limit=ROBOTS))["robots"])


async def _read_jobs(client: "Client", sight: "Sight") -> None:
    sight.jobs = (await client.list_jobs(limit=JOBS))["jobs"]


async def _watch(client: "Client", sight: "Sight", changed: asyncio.Event) -> None:
    """Keep the sight as it is now, until cancelled."""
    from casare_cloud.cli.session import environment
    from casare_cloud.errors import ApiError
    from casare_cloud.http import may_pass

    env = environment()
    reader = _Reader(client, sight)
    news_of_tenant = client.watch_tenant(
        supabase_url=env.get("SUPABASE_URL"), publishable_key=env.get("SUPABASE_PUBLISHABLE_KEY")
    )
    async for news in news_of_tenant:
        error = news.error
        if error is None:
            try:
                await reader.take(news)
            except ApiError as problem:
                if not may_pass(problem):
                    raise
                error = problem
        if error is None:
            sight.problem, sight.connection = None, "live" if news.is_live else "polling: no pushes"
        elif sight.problem is None:
            sight.problem = f"connection lost at {datetime.now():%H:%M:%S}, trying again: {error.message}"
            reader.is_all_old = True
        changed.set()


class _Reader:
    """Reads what the news say has changed: jobs every two seconds at most, all of it from time to time."""

    def __init__(self, client: "Client", sight: "Sight") -> None:
        self.is_all_old = True
        self._client, self._sight = client, sight
        self._jobs_at = self._all_at = 0.0
        self._are_jobs_old = self._are_robots_old = False

    async def take(self, news: "News") -> None:
        self._sight.take_events(news.events)
        self._are_jobs_old |= any(event["event_type"].startswith("job.") for event in news.events)
        self._are_robots_old |= any(event["event_type"].startswith("robot.") for event in news.events)
        if news.overview is not None:
            self._are_robots_old |= self._sight.take_overview(news.overview)
        now = time.monotonic()
        most = ALL_LIVE_SECONDS if news.is_live else JOBS_SECONDS if news.events else ALL_SECONDS
        if self.is_all_old or now - self._all_at >= most:
            await _read_all(self._client, self._sight)
            self.is_all_old = self._are_jobs_old = self._are_robots_old = False
            self._all_at = self._jobs_at = now
        if self._are_robots_old:
            await _read_robots(self._client, self._sight)
            self._are_robots_old = False
        is_at_work = any(job["status"] in ("claimed", "running") for job in self._sight.jobs)
        if (self._are_jobs_old or is_at_work) and now - self._jobs_at >= JOBS_SECONDS:
            await _read_jobs(self._client, self._sight)
            self._jobs_at, self._are_jobs_old = now, False


async def _show(sight: "Sight", changed: asyncio.Event, watch: "asyncio.Task[None]") -> None:
    """Fill the terminal; what was there before is back when it ends, however it ends."""
    from rich.live import Live
    from rich.text import Text

    console = make_console()
    console.soft_wrap = False

    def picture() -> Text:
        return Text("\n".join(sight.as_lines(console.width, console.height, datetime.now(UTC))), no_wrap=True)

    with Live(picture(), console=console, screen=True, auto_refresh=False) as live:
        while not watch.done():
            live.update(picture(), refresh=True)
            await _news_within(changed, watch, 1.0)
    watch.result()


async def _print(sight: "Sight", changed: asyncio.Event, watch: "asyncio.Task[None]", as_json: bool) -> None:
    """Print a line whenever something changed, every two seconds at most."""
    printed: Any = None
    while not watch.done():
        await _news_within(changed, watch, 60.0)
        now = datetime.now(UTC)
        figures = sight.as_json(now) | {"timestamp": None} if as_json else sight.as_line(now)[8:]
        if figures != printed and not watch.done():
            printed = figures
            write_out(json.dumps(sight.as_json(now)) + "\n") if as_json else say(sight.as_line(now))
            await asyncio.sleep(LINE_SECONDS)
    watch.result()


async def _news_within(changed: asyncio.Event, watch: "asyncio.Task[None]", seconds: float) -> None:
    waiter = asyncio.create_task(changed.wait())
    await asyncio.wait({waiter, watch}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    changed.clear()
