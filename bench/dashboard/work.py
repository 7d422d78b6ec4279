"""The work that people watch: jobs that are submitted, claimed, started, reported on and completed, steadily."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import httpx2

from bench.gateway import make_robots
from bench.http_rates import submit_workflow
from bench.stack import BenchStack

CHANGES = ("job.queued", "job.claimed", "job.started", "job.completed")  # of one job, in this order
ROBOTS, SLOTS = 5, 20
STEPS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POST", "start", {}), ("PUT", "progress", {"progress": 50}), ("POST", "complete", {"result": {}}),
)  # fmt: skip
PAUSE = 0.1  # seconds between what a robot does to a job
REQUESTS = 200  # at the same time


@dataclass
class Work:
    """Jobs for robots over HTTP; `stop` says that no more are to be submitted."""

    stack: BenchStack
    token: str
    changes_a_second: float
    submitted: set[str] = field(default_factory=set)
    completed: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    is_over: bool = False

    async def run(self) -> None:
        """Submit until it is over, and return when all that was submitted is completed."""
        keys = make_robots(self.stack, [f"watched-{number}" for number in range(ROBOTS)], slots=SLOTS)
        limits = httpx2.Limits(max_connections=REQUESTS, max_keepalive_connections=REQUESTS)
        url = self.stack.env["ORCHESTRATOR_URL"] + "/api/v1"
        async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30, limits=limits) as client:
            robots = [asyncio.create_task(self._robot(client, {"X-Api-Key": key})) for _, key in keys]
            try:
                await self._submit(client, url)
                deadline = time.monotonic() + 60
                while self.submitted - self.completed and time.monotonic() < deadline:
                    await asyncio.sleep(0.05)
            finally:
                for robot in robots:
                    robot.cancel()
                await asyncio.gather(*robots, return_exceptions=True)

    async def _submit(self, client: httpx2.AsyncClient, url: str) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        workflow_id = await submit_workflow(client, url, headers)
        waiting: set[asyncio.Task[None]] = set()

        async def submit() -> None:
            made = await self._ask(client, "POST", "/jobs", headers, workflow_id=workflow_id)
            self.submitted.update({made["job_id"]} if made else ())

        began, number = time.perf_counter(), 0
        while not self.is_over:
            task = asyncio.create_task(submit())
            waiting.add(task)
            task.add_done_callback(waiting.discard)
            number += 1
            await asyncio.sleep(max(began + number * len(CHANGES) / self.changes_a_second - time.perf_counter(), 0))
        await asyncio.gather(*waiting)

    async def _robot(self, client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
        jobs: set[asyncio.Task[None]] = set()
        try:
            while True:
                claim = {"limit": max(1, SLOTS - len(jobs)), "lease_seconds": 60, "wait_seconds": 5}
                claimed = await self._ask(client, "POST", "/jobs/claim", headers, **claim)
                for job in claimed["jobs"] if claimed else ():
                    task = asyncio.create_task(self._do(client, headers, job["job_id"], job["lease_token"]))
                    jobs.add(task)
                    task.add_done_callback(jobs.discard)
                if len(jobs) == SLOTS:
                    await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await asyncio.gather(*jobs, return_exceptions=True)

    async def _do(self, client: httpx2.AsyncClient, headers: dict[str, str], job_id: str, lease_token: str) -> None:
        for method, verb, more in STEPS:
            await asyncio.sleep(PAUSE)
            await self._ask(client, method, f"/jobs/{job_id}/{verb}", headers, lease_token=lease_token, **more)
        self.completed.add(job_id)

    async def _ask(
        self, client: httpx2.AsyncClient, method: str, path: str, headers: dict[str, str], **body: object
    ) -> dict[str, Any] | None:
        try:
            answer = await client.request(method, path, headers=headers, json=body)
        except httpx2.TransportError as problem:
            self.errors.append(f"{method} {path.rsplit('/', 1)[1]}: {type(problem).__name__}")
            return None
        if not answer.is_success:
            self.errors.append(f"{method} {path.rsplit('/', 1)[1]}: {answer.status_code} {answer.json()['error_code']}")
            return None
        return dict(answer.json())
