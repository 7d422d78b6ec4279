"""What the database says, beside which the page is held, and the drill in which Realtime is away."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass
from typing import Any

import httpx2
import psycopg

from bench.dashboard.page import STATES, Tab
from bench.stack import BenchStack
from casare_cloud.local.state import StateFolder

ROWS = 50  # of the page
AFTERWARDS_SECONDS = 5.0  # for which the drill goes on when the page is live again
TOLD_SECONDS = 10.0  # within which the page has to be told of the last event
_EVENTS = """
select seq, event_type, job_id::text, extract(epoch from occurred_at)::float
from public.events
where tenant_id = %s and seq > %s
order by seq
"""
_CURSOR = "select last_seq from private.event_counters where tenant_id = %s"
_JOBS = "select job_id::text, status::text from public.jobs where tenant_id = %s order by job_id desc limit %s"
_MESSAGES = "select sum(n_tup_ins) from pg_stat_all_tables where schemaname = 'realtime' and relname like 'messages%%'"


@dataclass(frozen=True)
class Event:
    """Something that happened; `at` is the start of the transaction that did it, in seconds of this machine's clock."""

    seq: int
    kind: str
    job_id: str
    at: float


@dataclass(frozen=True)
class Drill:
    """What an absence of Realtime did: seconds, and events of that time."""

    noticed: float  # from the end of Realtime until the page said that it is not live
    back: float  # from its return until the page said that it is
    events: int
    untold: int  # of which the page's script was not told


@dataclass(frozen=True)
class Truth:
    """The demo tenant's rows."""

    stack: BenchStack

    def cursor(self) -> int:
        """The number of the newest event."""
        return self._one(_CURSOR, self.stack.env["DEMO_TENANT_ID"])

    def messages(self) -> int:
        """How many messages Realtime was given."""
        return self._one(_MESSAGES)

    def events(self, after: int) -> list[Event]:
        """The events after a number."""
        with self._connect() as connection:
            rows = connection.execute(_EVENTS, [self.stack.env["DEMO_TENANT_ID"], after]).fetchall()
        return [Event(*row) for row in rows]

    async def missed_rows(self, jobs: Tab) -> int:
        """How many of the newest jobs' rows the page has not as the database has them, once it was told of all events.

        Nothing may happen any more. Rows that are right but in another order count as one.
        """
        words = dict(zip(("pending", "claimed", "running", "completed"), STATES, strict=True))
        await self._until_told(jobs, self.cursor())
        await asyncio.sleep(0.25)  # a few frames
        with self._connect() as connection:
            kept = connection.execute(_JOBS, [self.stack.env["DEMO_TENANT_ID"], ROWS]).fetchall()
        expected = [(job_id, words.get(status, status)) for job_id, status in kept]
        shown = await jobs.rows()
        return sum(row not in shown for row in expected) or int(expected != shown)

    async def drill(self, jobs: Tab, seconds: float) -> Drill:
        """Kill the platform, and hold the supervisor of the stack, so that it is not started again before its time."""
        info = StateFolder(self.stack.home).read_info()
        [platform] = [part["pid"] for part in info["parts"] if part["name"] == "platform"]
        before = self.cursor()
        await jobs.take()
        os.kill(info["pid"], signal.SIGSTOP)
        try:
            os.kill(platform, signal.SIGKILL)
            killed = time.time()
            await asyncio.sleep(seconds)
        finally:
            os.kill(info["pid"], signal.SIGCONT)
        await self._until_healthy()
        returned = time.time()
        await jobs.until_live(30)
        await asyncio.sleep(AFTERWARDS_SECONDS)
        last = self.cursor()
        await self._until_told(jobs, last)
        seen = await jobs.take()
        never = float("inf")
        noticed = next((at for word, at in seen.lives if word != "Live" and at >= killed), never)
        live = next((at for word, at in seen.lives if word == "Live" and at >= noticed), never)
        happened = {event.seq for event in self.events(before) if event.seq <= last}
        back = max(live - returned, 0.0)  # the page may have found it before we did
        return Drill(noticed - killed, back, len(happened), len(happened - seen.events.keys()))

    async def _until_told(self, jobs: Tab, event: int) -> None:
        deadline = time.monotonic() + TOLD_SECONDS
        while await jobs.newest_event() < event and time.monotonic() < deadline:
            await asyncio.sleep(0.05)

    async def _until_healthy(self) -> None:
        headers = {"apikey": self.stack.env["SUPABASE_PUBLISHABLE_KEY"]}
        async with httpx2.AsyncClient(trust_env=False, timeout=2, headers=headers) as client:
            while True:
                try:
                    if (await client.get(self.stack.env["SUPABASE_URL"] + "/auth/v1/health")).is_success:
                        return
                except httpx2.TransportError:
                    pass
                await asyncio.sleep(0.02)

    def _one(self, query: str, *values: object) -> int:
        with self._connect() as connection:
            row = connection.execute(query, values).fetchone()
        return int(row[0] or 0) if row else 0

    def _connect(self) -> "psycopg.Connection[Any]":
        return psycopg.connect(self.stack.superuser_dsn, autocommit=True)
