"""A warm list of 20 workflows: the automation face, which sends whole definitions, beside the orchestrator's."""

import asyncio
import time

import httpx2

from bench.http_rates import log_in
from bench.report import median, percentile, table
from bench.stack import BenchStack

WORKFLOWS = 20
REQUESTS = 100
# Of ten steps, as people write them.
DEFINITION = {
    "variables": [{"name": "city", "type": "string", "default_value": "Izmir"}],
    "steps": [
        {
            "id": f"step-{number}",
            "name": f"Step {number}",
            "type": "http_request",
            "config": {
                "url": "https://example.test/orders",
                "method": "GET",
                "headers": {"Accept": "application/json"},
            },
            "depends_on": [f"step-{number - 1}"] if number else [],
        }
        for number in range(10)
    ],
}


def run(stack: BenchStack, *, rounds: int) -> None:
    """Both lists in turn, one request at a time, warm."""
    asyncio.run(_run(stack, rounds))


async def _run(stack: BenchStack, rounds: int) -> None:
    automation, orchestrator = (stack.env[name] + "/api/v1" for name in ("AUTOMATION_URL", "ORCHESTRATOR_URL"))
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        client.headers["Authorization"] = "Bearer " + await log_in(client, stack)
        for number in range(WORKFLOWS):
            body = {"name": f"bench list {number}", "definition": DEFINITION}
            (await client.post(f"{automation}/workflows", json=body)).raise_for_status()
        lists = {
            "orchestrator, GET /workflows?limit=20": f"{orchestrator}/workflows?limit={WORKFLOWS}",
            "automation, GET /workflows?per_page=20": f"{automation}/workflows?per_page={WORKFLOWS}",
        }
        times: dict[str, list[float]] = {name: [] for name in lists}
        for round_ in range(rounds + 1):
            for name, url in lists.items():
                for _ in range(REQUESTS):
                    began = time.perf_counter()
                    answer = await client.get(url)
                    taken = time.perf_counter() - began
                    answer.raise_for_status()
                    if round_ > 0:  # the first round warms both up
                        times[name].append(taken)
    base = median(next(iter(times.values())))
    rows = [
        (name, median(values) * 1000, percentile(values, 99) * 1000, median(values) / base)
        for name, values in times.items()
    ]
    table(f"A warm list of {WORKFLOWS} workflows, one at a time", ("list", "p50 ms", "p99 ms", "ratio"), rows)
