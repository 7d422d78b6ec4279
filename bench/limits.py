"""What a rate limit costs: the same request with limits and without, and the count alone, also by many at once."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence

import httpx2
import psycopg

from bench.report import median, percentile, table
from bench.stack import BenchStack
from casare_cloud.config import Settings
from casare_cloud.faces.orchestrator.app import create_app

ADDRESSES = 2000  # so that nobody reaches the limit: 200 a minute
CLIENTS = 8

Call = Callable[[], Awaitable[None]]


def run(stack: BenchStack, *, rounds: int, seconds: float) -> None:
    """GET /auth/me with a robot key in this process, 8 at a time; then private.count_request() alone."""
    asyncio.run(_requests(stack, rounds, seconds))
    asyncio.run(_counts(stack, seconds))


async def _requests(stack: BenchStack, rounds: int, seconds: float) -> None:
    names = {"off": "without limits", "on": "with limits"}
    rates: dict[str, list[float]] = {name: [] for name in names}
    times: dict[str, list[float]] = {name: [] for name in names}
    headers = {"X-Api-Key": stack.env["ROBOT_API_KEY"]}
    async with httpx2.AsyncClient(trust_env=False) as registrar:
        body = {"robot_id": stack.env["ROBOT_ID"], "name": "bench", "hostname": "bench"}
        url = stack.env["ORCHESTRATOR_URL"] + "/api/v1/robots/register"
        (await registrar.post(url, headers=headers, json=body)).raise_for_status()
    addresses = itertools.cycle(f"10.0.{number // 250}.{number % 250}" for number in range(ADDRESSES))
    apps = {
        name: create_app(
            Settings(database_url=stack.env["DATABASE_URL"], is_local=True, pool_size=CLIENTS, rate_limits=name == "on")
        )
        for name in names
    }

    def ask(name: str) -> Call:
        async def call() -> None:
            transport = httpx2.ASGITransport(apps[name], client=(next(addresses), 1))
            async with httpx2.AsyncClient(transport=transport, base_url="http://o") as client:
                (await client.get("/api/v1/auth/me", headers=headers)).raise_for_status()

        return call

    for name in names:
        await ask(name)()
    for _ in range(rounds):
        for name in names:
            rate, each = await _rate([ask(name)] * CLIENTS, seconds)
            rates[name].append(rate)
            times[name] += each
    for app in apps.values():
        await app.close()
    table(
        "Rate limits: GET /auth/me with a robot key, 8 at a time, in one process",
        ("what", "per second", "ratio", "p50 ms", "p99 ms"),
        [
            (
                title,
                median(rates[name]),
                median(rates[name]) / median(rates["off"]),
                percentile(times[name], 50) * 1000,
                percentile(times[name], 99) * 1000,
            )
            for name, title in names.items()
        ],
    )


async def _counts(stack: BenchStack, seconds: float) -> None:
    rows = []
    for title, clients, buckets in (("one", 1, 1), ("8, a count for each", 8, 8), ("8, one count for all", 8, 1)):
        connections = [
            await psycopg.AsyncConnection.connect(stack.env["DATABASE_URL"], autocommit=True) for _ in range(clients)
        ]
        rate, times = await _rate(
            [_counter(each, f"bench {number % buckets}") for number, each in enumerate(connections)], seconds
        )
        rows.append((title, rate, percentile(times, 50) * 1000))
        for connection in connections:
            await connection.close()
    table("Rate limits: private.count_request() alone, a round trip each", ("clients", "per second", "p50 ms"), rows)


def _counter(connection: "psycopg.AsyncConnection[tuple[object, ...]]", bucket: str) -> Call:
    async def call() -> None:
        await connection.execute("select * from private.count_request(%s, 2000000000, 60, '10.0.0.1')", [bucket])

    return call


async def _rate(calls: Sequence[Call], seconds: float) -> tuple[float, list[float]]:
    """Calls per second of clients that each repeat their call, and how long each took in seconds."""
    times: list[float] = []
    deadline = time.perf_counter() + seconds

    async def client(call: Call) -> None:
        while time.perf_counter() < deadline:
            began = time.perf_counter()
            await call()
            times.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(client(call) for call in calls))
    return len(times) / (time.perf_counter() - began), times
