"""Sockets of one gateway process: robots by the protocol of document 001, dashboards, and jobs for them.

Then two processes, of which one is killed in the middle: its robots go to the other one, and no job is lost.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psycopg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from bench.http_rates import log_in, submit_workflow
from bench.report import percentile, progress, table
from bench.stack import BenchStack, wait_for
from casare_cloud.identity import new_api_key

MAIN = Path(__file__).parents[1] / "functions" / "gateway" / "main.py"
WORK_SECONDS = 0.5  # that a robot works at a job
CONNECTING = 50  # at the same time
TICKS = os.sysconf("SC_CLK_TCK")
_ROBOT = """
with made as (
    insert into public.robots (tenant_id, external_id, name, max_concurrent_jobs)
    values (%(tenant)s, %(name)s, %(name)s, %(slots)s) returning robot_id, tenant_id
)
insert into public.api_keys (tenant_id, kind, name, prefix, key_hash, robot_id)
select m.tenant_id, 'robot', %(name)s, %(prefix)s, %(key_hash)s, m.robot_id from made as m
"""
_MESSAGES = "select sum(n_tup_ins) from pg_stat_all_tables where schemaname = 'realtime' and relname like 'messages%'"
_TWICE = (
    "select count(*) from (select from public.events where event_type in ('job.completed', 'job.failed') "
    "group by job_id having count(*) > 1) as e"
)


@dataclass
class Fleet:
    """What the robots and dashboards of a run have seen."""

    urls: list[str]
    is_over: bool = False
    submitted: dict[str, float] = field(default_factory=dict)  # job → when
    assigned: list[tuple[str, float]] = field(default_factory=list)
    completed: Counter[str] = field(default_factory=Counter)
    robots: set[str] = field(default_factory=set)  # that have registered
    returns: int = 0
    told: int = 0  # messages to dashboards
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def waits(self) -> list[float]:
        """Seconds from the answer to a submit until a robot has the job; a submit's answer may be overtaken."""
        return [max(at - self.submitted[job], 0.0) for job, at in self.assigned if job in self.submitted]


def run(stack: BenchStack, *, scale: float) -> None:
    """At scale 1: 1,000 robots and 200 dashboards, 50 jobs a second, two minutes."""
    robots, dashboards = max(20, round(1000 * scale)), max(4, round(200 * scale))
    rate, seconds = max(5.0, 50 * scale), max(10.0, 120 * scale)
    named = make_robots(stack, [f"socket-{number}" for number in range(robots)], slots=2)
    asyncio.run(_run(stack, named, dashboards, rate, seconds, processes=1))
    asyncio.run(_run(stack, named, dashboards, rate, seconds, processes=2))


def make_robots(stack: BenchStack, names: Sequence[str], *, slots: int) -> list[tuple[str, str]]:
    """Robots of the demo tenant; each with its key."""
    keys = [(name, new_api_key("robot")) for name in names]
    with psycopg.connect(stack.superuser_dsn, autocommit=True) as connection, connection.cursor() as cursor:
        shared = {"tenant": stack.env["DEMO_TENANT_ID"], "slots": slots}
        cursor.executemany(
            _ROBOT,
            [{**shared, "name": name, "prefix": key.prefix, "key_hash": key.key_hash} for name, key in keys],
        )
    return [(name, key.key) for name, key in keys]


async def _run(
    stack: BenchStack, keys: Sequence[tuple[str, str]], dashboards: int, rate: float, seconds: float, *, processes: int
) -> None:
    ports = [8095 + stack.port_offset + number for number in range(processes)]
    gateways = [_start(stack, port) for port in ports]
    fleet = Fleet([f"ws://127.0.0.1:{port}" for port in ports])
    progress(f"gateway: {len(keys)} robots, {dashboards} dashboards, {processes} process(es)")
    try:
        for port, gateway in zip(ports, gateways, strict=True):
            await wait_for(f"http://127.0.0.1:{port}/health/ready", gateway)
        async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
            token = await log_in(client, stack)
            gate = asyncio.Semaphore(CONNECTING)
            tasks = [asyncio.create_task(_robot(fleet, name, key, gate, n)) for n, (name, key) in enumerate(keys)]
            tasks += [asyncio.create_task(_dashboard(fleet, token, gate, n)) for n in range(dashboards)]
            began = time.perf_counter()
            while len(fleet.robots) < len(keys):
                await asyncio.sleep(0.1)
                if time.perf_counter() - began > 120:
                    raise RuntimeError(f"only {len(fleet.robots)} robots registered: {dict(fleet.errors)}")
            connected_in = time.perf_counter() - began
            before = _count(stack, _MESSAGES), [_cpu(gateway) for gateway in gateways]
            began = time.perf_counter()
            await _submit(stack, client, token, fleet, rate, seconds, gateways)
            while fleet.submitted.keys() - fleet.completed.keys() and time.perf_counter() - began < seconds + 120:
                await asyncio.sleep(0.2)
            took = time.perf_counter() - began
            survivor = gateways[-1]
            cpu, memory = (_cpu(survivor) - before[1][-1]) / took, _memory(survivor)
            messages = _count(stack, _MESSAGES) - before[0]
            twice = _count(stack, _TWICE)
            fleet.is_over = True
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        for gateway in gateways:
            gateway.kill()
            gateway.wait()
    _report(fleet, len(keys), dashboards, processes, connected_in, cpu, memory, messages, twice)


def _report(
    fleet: Fleet,
    robots: int,
    dashboards: int,
    processes: int,
    connected_in: float,
    cpu: float,
    memory: int,
    sent: int,
    twice: int,
) -> None:
    jobs = len(fleet.submitted)
    lost = fleet.submitted.keys() - fleet.completed.keys()
    table(
        f"{robots:,} robot sockets and {dashboards} dashboards, {processes} gateway process(es)"
        + (", one killed in the middle" if processes > 1 else ""),
        ("what", "figure"),
        [
            ("seconds until all had registered", connected_in),
            ("jobs, lost, ended more than once", f"{jobs:,}, {len(lost)}, {twice}"),
            ("from submit to job_assign, p50 ms", percentile(fleet.waits, 50) * 1000),
            ("from submit to job_assign, p99 ms", percentile(fleet.waits, 99) * 1000),
            ("assigned more often than once", len(fleet.assigned) - len({job for job, _ in fleet.assigned})),
            ("robots that came again", fleet.returns),
            ("CPU of a process, of one core", cpu),
            ("memory of a process, MB", memory / 2**20),
            ("rows of realtime.messages for a job", sent / max(jobs, 1)),
            ("messages to dashboards for a job", fleet.told / max(jobs, 1)),
            ("errors told", ", ".join(f"{code} {count}" for code, count in fleet.errors.items()) or "none"),
        ],
    )


async def _submit(
    stack: BenchStack,
    client: httpx2.AsyncClient,
    token: str,
    fleet: Fleet,
    rate: float,
    seconds: float,
    gateways: "Sequence[subprocess.Popen[bytes]]",
) -> None:
    url = stack.env["ORCHESTRATOR_URL"] + "/api/v1"
    user = {"Authorization": f"Bearer {token}"}
    workflow_id = await submit_workflow(client, url, user)

    async def submit() -> None:
        answer = await client.post(f"{url}/jobs", headers=user, json={"workflow_id": workflow_id})
        answer.raise_for_status()
        fleet.submitted[answer.json()["job_id"]] = time.perf_counter()

    began, waiting = time.perf_counter(), set()
    count = round(rate * seconds)
    for number in range(count):
        await asyncio.sleep(max(began + number / rate - time.perf_counter(), 0))
        if len(gateways) > 1 and number == count // 2:
            gateways[0].kill()
        task = asyncio.create_task(submit())
        waiting.add(task)
        task.add_done_callback(waiting.discard)
    await asyncio.gather(*waiting)


async def _robot(fleet: Fleet, name: str, key: str, gate: asyncio.Semaphore, number: int) -> None:
    """Registers, accepts and completes what it is given; comes again wherever somebody answers."""
    mine: set[str] = set()
    pause, has_registered = 0.0, False
    for attempt in range(10_000):
        url = fleet.urls[(number + attempt) % len(fleet.urls)]
        try:
            async with gate:
                socket = await connect(f"{url}/ws/robot/{name}?api_key={key}", proxy=None, compression=None)
                await _say(socket, "register", robot_id=name, robot_name=name, max_concurrent_jobs=2)
                while (message := json.loads(await socket.recv()))["type"] != "register_ack":
                    fleet.errors[str(message["payload"].get("error_code"))] += 1
            fleet.robots.add(name)
            fleet.returns += has_registered
            has_registered = True
            await _work(fleet, socket, name, mine)
        except (OSError, WebSocketException, TimeoutError):
            pass
        if fleet.is_over:
            return
        pause = min(pause + 0.5, 3.0)
        await asyncio.sleep(pause * random.random())  # noqa: S311 - spreading load


async def _work(fleet: Fleet, socket: ClientConnection, name: str, mine: set[str]) -> None:
    jobs: set[asyncio.Task[None]] = set()

    async def do(job_id: str) -> None:
        if job_id not in mine:
            mine.add(job_id)
            await asyncio.sleep(WORK_SECONDS)
        with suppress(WebSocketException):
            await _say(socket, "job_complete", job_id=job_id, robot_id=name, result={}, duration_ms=500)
            fleet.completed[job_id] += 1
            mine.discard(job_id)

    async def live() -> None:
        while True:
            await _say(socket, "heartbeat", robot_id=name, status="online", active_job_ids=sorted(mine))
            await asyncio.sleep(30)

    beats = asyncio.create_task(live())
    try:
        for job_id in sorted(mine):  # of a socket that was cut
            jobs.add(asyncio.create_task(do(job_id)))
        async for text in socket:
            message = json.loads(text)
            if message["type"] == "job_assign":
                job_id = message["payload"]["job_id"]
                fleet.assigned.append((job_id, time.perf_counter()))
                await _say(socket, "job_accept", message["id"], job_id=job_id, robot_id=name)
                jobs.add(asyncio.create_task(do(job_id)))
            elif message["type"] == "error":
                fleet.errors[str(message["payload"].get("error_code"))] += 1
    finally:
        beats.cancel()
        await asyncio.gather(beats, *jobs, return_exceptions=True)


async def _dashboard(fleet: Fleet, token: str, gate: asyncio.Semaphore, number: int) -> None:
    path = ("/ws/live-jobs", "/ws/robot-status", "/ws/queue-metrics", "/ws")[number % 4]
    while not fleet.is_over:
        url = fleet.urls[number % len(fleet.urls)]
        number += 1
        with suppress(OSError, WebSocketException, TimeoutError):
            async with gate:
                socket = await connect(f"{url}{path}?token={token}", proxy=None, compression=None)
            async for _ in socket:
                fleet.told += 1
        await asyncio.sleep(1)


async def _say(socket: ClientConnection, word: str, correlation_id: str | None = None, **payload: Any) -> None:
    await socket.send(json.dumps({"type": word, "payload": payload, "correlation_id": correlation_id}))


def _start(stack: BenchStack, port: int) -> "subprocess.Popen[bytes]":
    env = {**os.environ, **stack.env, "HOST": "127.0.0.1", "PORT": str(port), "CASARE_RATE_LIMITS": "off"}
    return subprocess.Popen([sys.executable, str(MAIN)], env=env)


def _count(stack: BenchStack, query: str) -> int:
    with psycopg.connect(stack.superuser_dsn, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    return int(row[0] or 0) if row else 0


def _cpu(process: "subprocess.Popen[bytes]") -> float:
    """Seconds that a process has had."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _memory(process: "subprocess.Popen[bytes]") -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) * 1024
