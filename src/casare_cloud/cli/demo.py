"""The main job, once: a real workflow from submit to a stored result, run by a robot in a process of its own."""

import asyncio
import http.server
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console

from casare_cloud.cli.watching import follow_job, timeline
from casare_cloud.client import Client
from casare_cloud.local.errors import LocalStackError
from casare_cloud.local.schema import project_root

ORDERS = [
    {"id": "A-1001", "customer": "Lindqvist AB", "quantity": 12, "unit_price": 8.5},
    {"id": "A-1002", "customer": "Moreau et Fils", "quantity": 3, "unit_price": 129.0},
    {"id": "A-1003", "customer": "Tanaka Trading", "quantity": 40, "unit_price": 2.25},
    {"id": "A-1004", "customer": "Okafor Ltd", "quantity": 7, "unit_price": 64.4},
    {"id": "A-1005", "customer": "Silva & Rocha", "quantity": 25, "unit_price": 19.99},
]
JOB_SECONDS = 60


async def run_demo(env: Mapping[str, str], folder: Path, console: Console) -> dict[str, Any]:
    """Submit `examples/orders.json`, start a robot, follow the job live; return the finished job.

    `env` is the stack's environment, `folder` where the robot works. Raises `LocalStackError` when the job does not
    complete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    definition = json.loads((project_root() / "examples" / "orders.json").read_text())
    with order_page() as url:
        definition["variables"] = {**definition.get("variables", {}), "orders_url": url}
        robot = await _start_robot(env, folder)
        job = asyncio.ensure_future(_run_job(env, definition, console))
        ended = asyncio.ensure_future(robot.wait())
        try:
            async with asyncio.timeout(JOB_SECONDS):
                await asyncio.wait({job, ended}, return_when=asyncio.FIRST_COMPLETED)
                if not job.done():
                    raise LocalStackError(f"The demo's robot has ended. Its log is {folder / 'robot.log'}.")
        except TimeoutError:
            raise LocalStackError(
                f"The demo job did not finish within {JOB_SECONDS} s. The robot's log is {folder / 'robot.log'}."
            ) from None
        finally:
            job.cancel()
            await _stop_robot(robot)
            await asyncio.wait({job, ended})
    finished = job.result()
    if finished["status"] != "completed":
        raise LocalStackError(f"The demo job ended {finished['status']}: {finished.get('error_message')}")
    return finished


async def _run_job(env: Mapping[str, str], definition: dict[str, Any], console: Console) -> dict[str, Any]:
    async with Client(env["ORCHESTRATOR_URL"]) as client:
        await client.login(env["DEMO_USERNAME"], env["DEMO_PASSWORD"])
        submitted = await client.submit_workflow("Order totals", definition)
        return await follow_job(client, submitted["job_id"], env, console)


async def run_first_demo(env: Mapping[str, str], folder: Path) -> list[str]:
    """The demo job of a first start, without a picture of its progress; what the banner says of it."""
    job = await run_demo(env, folder, Console(quiet=True))
    return [f"Demo job       {job['job_id']}   {job['status']}", *(f"  {line}" for line in timeline(job))]


async def _start_robot(env: Mapping[str, str], folder: Path) -> asyncio.subprocess.Process:
    no_proxy = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    surroundings = {**os.environ, **env, "no_proxy": f"{no_proxy},127.0.0.1"}  # so that it reaches the orders' page
    with (folder / "robot.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "casare_cloud", "robot", "run", "--work-dir", str(folder / "robot"),
            env=surroundings, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip


async def _stop_robot(robot: asyncio.subprocess.Process) -> None:
    if robot.returncode is None:
        robot.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(robot.wait(), 5)
    except TimeoutError:
        robot.kill()
        await robot.wait()


class _OrderPage(http.server.BaseHTTPRequestHandler):
    """Serves the demo's orders as JSON, as a shop's own system would."""

    def do_GET(self) -> None:
        body = json.dumps({"orders": ORDERS}).encode()
        self.send_response(200 if self.path == "/orders.json" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def order_page() -> Iterator[str]:
    """A local page for the robot to fetch; gives its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _OrderPage) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/orders.json"
        finally:
            server.shutdown()
            thread.join()
