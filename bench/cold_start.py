"""From process start to the first answer: the orchestrator function beside a hello-world function."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from bench.report import median, table
from bench.stack import BenchStack, wait_for
from casare_cloud.local.schema import project_root


def run(stack: BenchStack, *, rounds: int) -> None:
    """Both functions in turn, each a new process with compiled bytecode; and a first answer that needs the database."""
    functions = {
        "hello world": ("hello", Path(__file__).parent / "bare_app.py", "/"),
        "orchestrator, GET /health/live": ("orchestrator", None, "/health/live"),
        "orchestrator, POST /jobs/claim (database)": ("orchestrator", None, "/api/v1/jobs/claim"),
    }
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for round_ in range(rounds + 1):
        for name, (target, source, path) in functions.items():
            source = source or project_root() / "functions" / "orchestrator" / "main.py"
            taken = asyncio.run(_first_answer(stack, target, source, path))
            if round_ > 0:  # the first round compiles
                seconds[name].append(taken)
    base = median(seconds["hello world"])
    rows = [(name, median(values), median(values) / base) for name, values in seconds.items()]
    table("Process start → first answer", ("function", "seconds", "ratio to hello world"), rows)


async def _first_answer(stack: BenchStack, target: str, source: Path, path: str) -> float:
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
            headers={"X-Api-Key": stack.env["ROBOT_API_KEY"]},
        )
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()
