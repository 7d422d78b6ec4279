"""Requests per second over HTTP: a claim beside a bare FastAPI + psycopg claim, and the whole cycle of a job."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
import psycopg

from bench.report import median, percentile, table
from bench.stack import BenchStack, wait_for
from bench.workload import refill_bare


def run(stack: BenchStack, *, rounds: int, seconds: float) -> None:
    """The bare claim and the product's claim in turn, then the full cycle, with 8 connections."""
    with psycopg.connect(stack.superuser_dsn, autocommit=True) as connection:
        refill_bare(connection, int(3000 * seconds * rounds))
    asyncio.run(_run(stack, rounds, seconds))


async def _run(stack: BenchStack, rounds: int, seconds: float) -> None:
    url = stack.env["ORCHESTRATOR_URL"] + "/api/v1"
    robot = {"X-Api-Key": stack.env["ROBOT_API_KEY"]}
    bare_port = 8090 + stack.port_offset
    bare = await start_bare(stack.superuser_dsn, bare_port, "claim")
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
            user = {"Authorization": "Bearer " + await log_in(client, stack)}
            workflow_id = await submit_workflow(client, url, user)
            await client.post(
                f"{url}/robots/register",
                headers=robot,
                json={
                    "robot_id": stack.env["ROBOT_ID"], "name": "bench", "hostname": "bench", "max_concurrent_jobs": 100,
                },
            )  # fmt: skip

            async def bare_claim() -> None:
                (await client.post(f"http://127.0.0.1:{bare_port}/claim")).raise_for_status()

            async def empty_claim() -> None:
                (await client.post(f"{url}/jobs/claim", headers=robot, json={})).raise_for_status()

            async def cycle() -> None:
                job = await client.post(f"{url}/jobs", headers=user, json={"workflow_id": workflow_id})
                job.raise_for_status()
                claimed = (await client.post(f"{url}/jobs/claim", headers=robot, json={"lease_seconds": 600})).json()
                for each in claimed["jobs"]:
                    body = {"lease_token": each["lease_token"]}
                    path = f"{url}/jobs/{each['job_id']}"
                    (await client.post(f"{path}/start", headers=robot, json=body)).raise_for_status()
                    done = await client.post(f"{path}/complete", headers=robot, json={**body, "result": {"ok": True}})
                    done.raise_for_status()

            await cycle()
            figures: dict[str, list[float]] = {"bare": [], "empty": [], "cycle": []}
            latencies: dict[str, list[float]] = {"bare": [], "empty": [], "cycle": []}
            for _ in range(rounds):
                for name, call in (("bare", bare_claim), ("empty", empty_claim), ("cycle", cycle)):
                    found, times = await rate(call, seconds)
                    figures[name].append(found)
                    latencies[name] += times
    finally:
        bare.terminate()
        bare.wait()
    base = median(figures["bare"])
    titles = {
        "bare": "bare FastAPI + psycopg claim (of a job)",
        "empty": "POST /jobs/claim with a robot key (nothing waits)",
        "cycle": "submit → claim → start → complete (4 requests)",
    }
    rows = [
        (
            title,
            median(figures[name]),
            median(figures[name]) / base,
            percentile(latencies[name], 50) * 1000,
            percentile(latencies[name], 99) * 1000,
        )
        for name, title in titles.items()
    ]
    table("Over HTTP, 8 connections, one function instance", ("what", "per second", "ratio", "p50 ms", "p99 ms"), rows)


async def rate(call: Callable[[], Awaitable[None]], seconds: float, clients: int = 8) -> tuple[float, list[float]]:
    """Calls per second, and how long each took in seconds."""
    times: list[float] = []
    deadline = time.perf_counter() + seconds

    async def worker() -> None:
        while time.perf_counter() < deadline:
            began = time.perf_counter()
            await call()
            times.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(clients)))
    return len(times) / (time.perf_counter() - began), times


async def start_bare(dsn: str, port: int, target: str) -> "subprocess.Popen[bytes]":
    """A function of `bare_app`, when it answers under its own name."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "functions_framework", f"--target={target}", "--signature-type=http",
            f"--source={Path(__file__).parent / 'bare_app.py'}", "--host=127.0.0.1", f"--port={port}",
        ],
        env={**os.environ, "BENCH_DSN": dsn}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    await wait_for(f"http://127.0.0.1:{port}/{target}", process, method="POST")
    return process


async def log_in(client: httpx2.AsyncClient, stack: BenchStack) -> str:
    answer = await client.post(
        stack.env["ORCHESTRATOR_URL"] + "/api/v1/auth/login",
        json={"username": stack.env["DEMO_USERNAME"], "password": stack.env["DEMO_PASSWORD"]},
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


async def submit_workflow(client: httpx2.AsyncClient, url: str, user: dict[str, str]) -> str:
    answer = await client.post(
        f"{url}/workflows",
        headers=user,
        json={"workflow_name": "bench", "workflow_json": {"nodes": [{"id": "start", "type": "StartNode"}]}},
    )
    answer.raise_for_status()
    return str(answer.json()["workflow_id"])
