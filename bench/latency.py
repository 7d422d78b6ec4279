"""From submit to the robot having the job: woken by Realtime, by polling over REST, and pushed by the gateway."""

import asyncio
import time
from typing import Any

import httpx2

from bench.report import percentile, table
from bench.stack import BenchStack
from casare_cloud.robot.agent import make_transport
from casare_cloud.robot.transport import RobotProfile


def run(stack: BenchStack, *, jobs: int) -> None:
    """One idle robot, jobs one after the other."""
    rows = []
    ways = {"direct": "direct, Realtime doorbell", "rest": "REST, long poll", "websocket": "WebSocket, gateway"}
    for transport, title in ways.items():
        times = asyncio.run(_measure(stack, transport, jobs))
        figures = [percentile(part, percent) * 1000 for part in zip(*times, strict=True) for percent in (50, 99)]
        rows.append((title, len(times), *figures))
    names = ("transport", "jobs", "p50 ms", "p99 ms", "after the answer p50 ms", "p99 ms")
    table("Submit → the robot has the job", names, rows)


async def _measure(stack: BenchStack, name: Any, jobs: int) -> list[tuple[float, float]]:
    url = stack.env["ORCHESTRATOR_URL"]
    gateway = stack.env["GATEWAY_URL"]
    transport = make_transport(name, url, stack.env["ROBOT_API_KEY"], stack.env["ROBOT_ID"], gateway)
    await transport.register(RobotProfile(robot_id=stack.env["ROBOT_ID"], name="bench", hostname="bench"))
    arrived: asyncio.Queue[float] = asyncio.Queue()

    async def robot() -> None:
        while True:
            claimed = await transport.claim(1, 60)
            for job in claimed:
                arrival = time.perf_counter()
                await transport.start(job.lease)
                await transport.complete(job.lease, {})
                arrived.put_nowait(arrival)  # not before: who measures may stop this robot then
            if not claimed:
                await transport.wait_for_doorbell()

    times: list[tuple[float, float]] = []
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        login = await client.post(
            f"{url}/api/v1/auth/login",
            json={"username": stack.env["DEMO_USERNAME"], "password": stack.env["DEMO_PASSWORD"]},
        )
        headers = {"Authorization": "Bearer " + login.json()["access_token"]}
        workflow = {"workflow_name": "latency", "workflow_json": {"nodes": [{"id": "start", "type": "StartNode"}]}}
        submitted = await client.post(f"{url}/api/v1/workflows", headers=headers, json=workflow)
        body = {"workflow_id": submitted.json()["workflow_id"]}
        running = asyncio.create_task(robot())
        (await client.post(f"{url}/api/v1/jobs", headers=headers, json=body)).raise_for_status()
        await _next(arrived, running)
        await asyncio.sleep(1)
        while not arrived.empty():  # submitting the workflow may have made a job as well
            arrived.get_nowait()
        for _ in range(jobs):
            await asyncio.sleep(0.3)  # the robot is idle and listening again
            began = time.perf_counter()
            (await client.post(f"{url}/api/v1/jobs", headers=headers, json=body)).raise_for_status()
            answered = time.perf_counter()
            arrival = await _next(arrived, running)
            times.append((arrival - began, max(arrival - answered, 0.0)))
        running.cancel()
    await transport.close()
    return times


async def _next(arrived: "asyncio.Queue[float]", robot: "asyncio.Task[None]") -> float:
    """When the next job arrived; the robot's own error if it ended, rather than a wait for nothing."""
    arrival = asyncio.ensure_future(arrived.get())
    await asyncio.wait((arrival, robot), timeout=60, return_when=asyncio.FIRST_COMPLETED)
    if robot.done():
        await robot
    return await asyncio.wait_for(arrival, 1)
