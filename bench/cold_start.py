"""From process start to the first answer: the functions of the two faces beside a hello-world function."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx2

from bench.http_rates import log_in
from bench.report import median, table
from bench.stack import BenchStack, wait_for
from casare_cloud.local.schema import project_root


def run(stack: BenchStack, *, rounds: int) -> None:
    """The functions in turn, each a new process with compiled bytecode; and first answers that need the database.

    A first answer that needs the database waits for the first connection, which is measured by itself: what a fresh
    process takes to import the driver and to connect.
    """
    functions = {
        "hello world": ("hello", Path(__file__).parent / "bare_app.py", "/"),
        "orchestrator, GET /health/live": ("orchestrator", None, "/health/live"),
        "orchestrator, POST /jobs/claim (database)": ("orchestrator", None, "/api/v1/jobs/claim"),
        "automation, GET /api/health": ("automation", None, "/api/health"),
        _LIGHT: ("automation", None, "/api/v1/task-types/log"),
    }
    user = asyncio.run(_log_in(stack))
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    connecting: list[float] = []
    for round_ in range(rounds + 1):
        for name, (target, source, path) in functions.items():
            source = source or project_root() / "functions" / target / "main.py"
            headers = {"X-Api-Key": stack.env["ROBOT_API_KEY"]} if target == "orchestrator" else user
            taken = asyncio.run(_first_answer(stack, target, source, path, headers))
            if round_ > 0:  # the first round compiles
                seconds[name].append(taken)
        if round_ > 0:
            connecting.append(_first_connection(stack))
    base = median(seconds["hello world"])
    rows = [(name, median(values), median(values) / base) for name, values in seconds.items()]
    without = median(seconds[_LIGHT]) - median(connecting)
    rows.append((f"{_LIGHT}, without its first connection", without, without / base))
    table("Process start → first answer", ("function", "seconds", "ratio to hello world"), rows)


_LIGHT = "automation, GET /task-types/log (database)"
_CONNECT = """
import time; began = time.perf_counter()
import os, psycopg_pool, psycopg
psycopg.connect(os.environ["DATABASE_URL"]).close()
print(time.perf_counter() - began)
"""


def _first_connection(stack: BenchStack) -> float:
    """How long a fresh process takes to import the driver and to connect."""
    command = [sys.executable, "-c", _CONNECT]
    done = subprocess.run(command, env={**os.environ, **stack.env}, capture_output=True, text=True, check=True)
    return float(done.stdout)


async def _log_in(stack: BenchStack) -> dict[str, str]:
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        return {"Authorization": "Bearer " + await log_in(client, stack)}


async def _first_answer(stack: BenchStack, target: str, source: Path, path: str, headers: dict[str, str]) -> float:
    port = 8095 + stack.port_offset
    command = [
        sys.executable, "-m", "functions_framework", f"--target={target}", f"--source={source}",
        "--signature-type=http", "--host=127.0.0.1", f"--port={port}",
    ]  # fmt: skip
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **stack.env}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await wait_for(
            f"http://127.0.0.1:{port}{path}",
            process,
            method="POST" if path.endswith("claim") else "GET",
            headers=headers,
        )
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()
