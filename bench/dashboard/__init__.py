"""From a job's change to the screen: a real browser, viewers beside it, and Realtime that is killed meanwhile."""

import asyncio
import os
import time

import httpx2

from bench.dashboard.page import Tab, chromium, open_tab
from bench.dashboard.processors import Processors
from bench.dashboard.report import Figures, tell_drills, tell_figures
from bench.dashboard.truth import Truth
from bench.dashboard.viewers import Viewers, watching
from bench.dashboard.work import Work
from bench.http_rates import log_in
from bench.report import progress
from bench.stack import BenchStack

WARM_UP_SECONDS = 5.0
AWAY_SECONDS = 10.0
SETTLE_SECONDS = 3.0  # until what was changed last has been painted


def run(stack: BenchStack, *, scale: float, rounds: int) -> None:
    """At scale 1: 100 changes a second for a minute beside 50 viewers; then Realtime is away for 10 s, once a round."""
    changes, viewers, seconds = max(20.0, 100 * scale), max(5, round(50 * scale)), max(15.0, 60 * scale)
    asyncio.run(_run(stack, changes, viewers, seconds, rounds))


async def _run(stack: BenchStack, rate: float, count: int, seconds: float, rounds: int) -> None:
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        token = await log_in(client, stack)
    progress(f"dashboard: {count} viewers and a browser")
    truth = Truth(stack)
    async with watching(stack, token, count) as viewers, chromium() as browser:
        jobs, overview = [await open_tab(browser, address, stack.env) for address in ("#/jobs", "")]
        work = Work(stack, token, rate)
        working = asyncio.create_task(work.run())
        try:
            await asyncio.sleep(WARM_UP_SECONDS)
            progress(f"dashboard: {rate:.0f} changes a second for {seconds:.0f} s")
            tell_figures(await _measure(truth, viewers, jobs, overview, seconds), count)
            drills = []
            for number in range(rounds):
                progress(f"dashboard: Realtime away for {AWAY_SECONDS:.0f} s, {number + 1} of {rounds}")
                drills.append(await truth.drill(jobs, AWAY_SECONDS))
            work.is_over = True
            await working
        finally:
            working.cancel()
        tell_drills(drills, AWAY_SECONDS, await truth.missed_rows(jobs))
    for error in sorted(set(work.errors)):
        progress(f"dashboard: {work.errors.count(error)} times {error}")


async def _measure(truth: Truth, viewers: Viewers, jobs: Tab, overview: Tab, seconds: float) -> Figures:
    before, messages = truth.cursor(), truth.messages()
    for tab in (jobs, overview):
        await tab.take()
        tab.requests = 0
    viewers.mine.heard.clear()
    viewers.official.heard.clear()
    processors, began = Processors(truth.stack), time.time()
    await asyncio.sleep(seconds)
    ended, cores = time.time(), processors.used()
    requests = {"list of jobs": jobs.requests / seconds, "overview": overview.requests / seconds}
    messages = truth.messages() - messages
    mine, official = list(viewers.mine.heard), list(viewers.official.heard)
    await asyncio.sleep(SETTLE_SECONDS)
    seen, beside = await jobs.take(), await overview.take()
    events = [event for event in truth.events(before) if began <= event.at < ended]
    frames = {"list of jobs": seen.frames, "overview": beside.frames}
    return Figures(
        events, seen, mine, official, frames, requests, messages / seconds, cores, seconds, os.getloadavg()[0]
    )
