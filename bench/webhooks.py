"""Deliveries per second: accepted, beside a bare FastAPI endpoint with one insert, and until a robot has the job."""

import asyncio
import hashlib
import hmac
import itertools
import json
import time

import httpx2
import psycopg

from bench.http_rates import log_in, rate, start_bare, submit_workflow
from bench.report import median, percentile, table
from bench.stack import BenchStack

TRIGGERS = 50
BODY = json.dumps({"event_type": "bench", "data": {"order_id": "ORD-12345", "amount": 1500.0}}).encode()
_BARE = """
drop table if exists public.bare_events;
create table public.bare_events (event_id uuid primary key default gen_random_uuid(), payload jsonb not null)
"""


def run(stack: BenchStack, *, rounds: int, seconds: float, deliveries: int) -> None:
    """The bare insert and the product's accept in turn, with 8 connections; then accept until a robot has the job."""
    with psycopg.connect(stack.superuser_dsn, autocommit=True) as connection:
        connection.execute(_BARE)
    asyncio.run(_run(stack, rounds, seconds, deliveries))


async def _run(stack: BenchStack, rounds: int, seconds: float, deliveries: int) -> None:
    api = stack.env["ORCHESTRATOR_URL"] + "/api/v1"
    port = 8090 + stack.port_offset
    bare = await start_bare(stack.superuser_dsn, port, "insert")
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
            user = {"Authorization": "Bearer " + await log_in(client, stack)}
            workflow_id = await submit_workflow(client, api, user)
            triggers = [await _trigger(client, api, user, workflow_id) for _ in range(TRIGGERS)]
            number = itertools.count()

            async def bare_insert() -> None:
                answer = await client.post(f"http://127.0.0.1:{port}/insert", content=BODY)
                answer.raise_for_status()

            async def accept() -> None:
                (await _deliver(client, triggers, next(number))).raise_for_status()

            await accept()
            figures: dict[str, list[float]] = {"bare": [], "accept": []}
            times: dict[str, list[float]] = {"bare": [], "accept": []}
            for _ in range(rounds):
                for name, call in (("bare", bare_insert), ("accept", accept)):
                    found, took = await rate(call, seconds)
                    figures[name].append(found)
                    times[name] += took
            waits = await _until_a_robot_has_it(client, stack, api, user, workflow_id, deliveries)
    finally:
        bare.terminate()
        bare.wait()
    base = median(figures["bare"])
    titles = {
        "bare": "bare FastAPI + psycopg, one insert",
        "accept": f"POST /webhooks/{{path}}, HMAC, {TRIGGERS} triggers: a job each",
    }
    rows = [
        (
            title,
            median(figures[name]),
            median(figures[name]) / base,
            percentile(times[name], 50) * 1000,
            percentile(times[name], 99) * 1000,
        )
        for name, title in titles.items()
    ]
    head = ("what", "per second", "ratio", "p50 ms", "p99 ms")
    table("Deliveries accepted, 8 connections, one function instance", head, rows)
    waited = [
        ("from the delivery until a robot has the job", percentile(waits, 50) * 1000, percentile(waits, 99) * 1000)
    ]
    table(f"Delivery to robot, {deliveries} deliveries, one after another", ("what", "p50 ms", "p99 ms"), waited)


async def _trigger(client: httpx2.AsyncClient, api: str, user: dict[str, str], workflow_id: str) -> tuple[str, bytes]:
    config = {"auth": "github", "rate_limit_per_minute": 0}
    body = {"workflow_id": workflow_id, "name": "bench", "trigger_type": "webhook", "config": config}
    answer = await client.post(f"{api}/triggers", headers=user, json=body)
    answer.raise_for_status()
    return answer.json()["path_url"], answer.json()["secret"].encode()


async def _deliver(client: httpx2.AsyncClient, triggers: list[tuple[str, bytes]], number: int) -> httpx2.Response:
    url, secret = triggers[number % len(triggers)]
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Delivery": f"bench-{number}",
        "X-Hub-Signature-256": "sha256=" + hmac.new(secret, BODY, hashlib.sha256).hexdigest(),
    }
    return await client.post(url, content=BODY, headers=headers)


async def _until_a_robot_has_it(
    client: httpx2.AsyncClient, stack: BenchStack, api: str, user: dict[str, str], workflow_id: str, deliveries: int
) -> list[float]:
    """A robot that waits in a long poll; what waited before is cancelled with its workflow."""
    (await client.delete(f"{api}/workflows/{workflow_id}", headers=user)).raise_for_status()
    trigger = await _trigger(client, api, user, await submit_workflow(client, api, user))
    robot = {"X-Api-Key": stack.env["ROBOT_API_KEY"]}
    details = {"robot_id": stack.env["ROBOT_ID"], "name": "bench", "hostname": "bench", "max_concurrent_jobs": 100}
    (await client.post(f"{api}/robots/register", headers=robot, json=details)).raise_for_status()
    waits = []
    for number in range(-1, deliveries):
        body = {"wait_seconds": 25, "lease_seconds": 600}
        claim = asyncio.create_task(client.post(f"{api}/jobs/claim", headers=robot, json=body))
        await asyncio.sleep(0.2)
        began = time.perf_counter()
        (await _deliver(client, [trigger], 10**9 + number)).raise_for_status()
        jobs = (await claim).json()["jobs"]
        if number >= 0:
            waits.append(time.perf_counter() - began)
        for job in jobs:
            report = {"lease_token": job["lease_token"], "result": {}}
            (await client.post(f"{api}/jobs/{job['job_id']}/complete", headers=robot, json=report)).raise_for_status()
    return waits
