"""procrastinate's own worker with a task that does nothing; runs in the environment that bench.peers makes."""

import asyncio
import json
import logging
import sys
import time
from typing import Any

import procrastinate


async def main(order: dict[str, Any]) -> None:
    """Puts the jobs in, works until none is left, prints the seconds that each took."""
    logging.disable()
    pool_size = order["concurrency"] + 2  # the worker listens, and looks for jobs, on connections of its own
    connector = procrastinate.PsycopgConnector(conninfo=order["dsn"], min_size=pool_size, max_size=pool_size)
    app = procrastinate.App(connector=connector)

    @app.task(name="nothing")
    async def nothing(n: int) -> None:
        pass

    async with app.open_async():
        table = await connector.execute_query_one_async("select to_regclass('procrastinate_jobs')::text as name")
        if table["name"] is None:
            await app.schema_manager.apply_schema_async()
        began = time.perf_counter()
        for start in range(0, order["jobs"], 1000):
            await nothing.batch_defer_async(*[{"n": 1}] * min(1000, order["jobs"] - start))
        inserting = time.perf_counter() - began
        began = time.perf_counter()
        await app.run_worker_async(concurrency=order["concurrency"], wait=False, install_signal_handlers=False)
        print(json.dumps({"inserting": inserting, "working": time.perf_counter() - began}))


asyncio.run(main(json.load(sys.stdin)))
