"""A plain client of casare_cloud's functions: eight robots in one process, each on a connection of its own."""

import asyncio
import json
import sys
import time
from typing import Any

import psycopg


async def main(order: dict[str, Any]) -> None:
    """Puts the jobs in, works until a robot finds none, prints the seconds that each took."""
    began = time.perf_counter()
    async with await connect(order, order["admin"]) as admin:
        for start in range(0, order["jobs"], 1000):
            count = min(1000, order["jobs"] - start)
            jobs = json.dumps([{"workflow_id": order["workflow_id"], "input": {"n": 1}}] * count)
            await admin.execute("select count(*) from public.enqueue_jobs(%s::jsonb)", [jobs])
    inserting = time.perf_counter() - began
    robots = [await connect(order, claims) for claims in order["robots"][: order["concurrency"]]]
    began = time.perf_counter()
    await asyncio.gather(*(work(robot) for robot in robots))
    print(json.dumps({"inserting": inserting, "working": time.perf_counter() - began}))
    for robot in robots:
        await robot.close()


async def connect(order: dict[str, Any], claims: dict[str, Any]) -> psycopg.AsyncConnection[Any]:
    """A session as the API has it: under the caller's role and claims."""
    connection = await psycopg.AsyncConnection.connect(order["dsn"], autocommit=True)
    await connection.execute("select set_config('request.jwt.claims', %s, false)", [json.dumps(claims)])
    await connection.execute("set role authenticated")
    return connection


async def work(robot: psycopg.AsyncConnection[Any]) -> None:
    """Claims one job, completes it, and so on."""
    while row := await (await robot.execute("select job_id, lease_token from public.claim_jobs(1)")).fetchone():
        await robot.execute("select public.complete_job(%s, %s, '{\"ok\": true}')", row)


asyncio.run(main(json.load(sys.stdin)))
