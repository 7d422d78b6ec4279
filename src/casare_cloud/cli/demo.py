"""The main job, once: a real workflow from submit to a stored result, run by a robot in a process of its own."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console

from casare_cloud.cli.watching import follow_job, timeline
from casare_cloud.client import Client
from casare_cloud.client.jobs import FINISHED
from casare_cloud.errors import ApiError
from casare_cloud.local.errors import LocalStackError
from casare_cloud.local.orders import ORDERS_PATH
from casare_cloud.local.schema import project_root
from casare_cloud.local.supervisor import die_with_parent

WORKFLOW_NAME = "Order totals"
JOB_SECONDS = 60
GIVE_UP_SECONDS = 5


async def run_demo(env: Mapping[str, str], folder: Path, console: Console) -> dict[str, Any]:
    """Submit `examples/orders.json`, start a robot, follow the job live; return the finished job.

    `env` is the stack's environment, `folder` where the robot works. Only that robot may run the job, and one that is
    not finished at the end is cancelled: the robot ends with this call. Raises `LocalStackError` when the job does not
    complete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    definition = json.loads((project_root() / "examples" / "orders.json").read_text())
    async with Client(env["ORCHESTRATOR_URL"]) as client:
        await client.login(env["DEMO_USERNAME"], env["DEMO_PASSWORD"])
        given_up = await _cancel_jobs_of(client, env["ROBOT_ID"])  # of a demo that was killed
        await _refuse_without_its_robot(client, env["ROBOT_ID"], given_up)
        definition["variables"]["orders_url"] = env["ORCHESTRATOR_URL"] + ORDERS_PATH
        finished = await _run_job_with_robot(client, env, folder, definition, console)
    if finished["status"] != "completed":
        raise LocalStackError(f"The demo job ended {finished['status']}: {finished.get('error_message')}")
    return finished


async def _run_job_with_robot(
    client: Client, env: Mapping[str, str], folder: Path, definition: dict[str, Any], console: Console
) -> dict[str, Any]:
    robot = await _start_robot(env, folder)
    job = asyncio.ensure_future(_run_job(client, env, definition, console))
    ended = asyncio.ensure_future(robot.wait())
    try:
        async with asyncio.timeout(JOB_SECONDS):
            await asyncio.wait({job, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not job.done():
                raise LocalStackError(f"The demo's robot has ended. Its log is {folder / 'robot.log'}.")
            return job.result()
    except TimeoutError:
        raise LocalStackError(
            f"The demo job did not finish within {JOB_SECONDS} s. The robot's log is {folder / 'robot.log'}."
        ) from None
    finally:
        is_finished = job.done() and not job.cancelled() and job.exception() is None
        job.cancel()
        await asyncio.wait({job})
        if not is_finished:
            await _give_up(client, env["ROBOT_ID"])
        await _stop_robot(robot)
        await asyncio.wait({ended})


async def _run_job(
    client: Client, env: Mapping[str, str], definition: dict[str, Any], console: Console
) -> dict[str, Any]:
    await _until_registered(client, env["ROBOT_ID"])
    submitting = asyncio.ensure_future(client.submit_workflow(WORKFLOW_NAME, definition, robot_id=env["ROBOT_ID"]))
    try:
        submitted = await asyncio.shield(submitting)
    except asyncio.CancelledError:
        await asyncio.wait({submitting}, timeout=GIVE_UP_SECONDS)  # a job that came later would be left behind
        raise
    return await follow_job(client, submitted["job_id"], env, console)


async def _until_registered(client: Client, robot_id: str) -> None:
    """Wait until the robot is registered: a job cannot be for a robot that the service does not know."""
    while True:
        try:
            await client.get_robot(robot_id)
        except ApiError as problem:
            if problem.code != "ROBOT_NOT_FOUND":
                raise
        else:
            return
        await asyncio.sleep(0.05)


async def _cancel_jobs_of(client: Client, robot_id: str) -> list[str]:
    """Cancel the demo's unfinished jobs, which only this robot may run; their ids."""
    jobs = (await client.list_jobs(limit=100))["jobs"]
    ours = [
        job["job_id"]
        for job in jobs
        if job["target_robot_id"] == robot_id
        and job["workflow_name"] == WORKFLOW_NAME
        and job["status"] not in FINISHED
    ]
    if ours:
        await client.cancel_jobs(ours, "the demo was given up")
    return ours


async def _refuse_without_its_robot(client: Client, robot_id: str, given_up: Sequence[str]) -> None:
    """Refuse to begin while the robot may claim nothing, or another process of it runs a job.

    The demo's process has the same key, and when it registers the queue takes back the leases that it does not know.
    """
    try:
        robot = await client.get_robot(robot_id)
    except ApiError as problem:
        if problem.code != "ROBOT_NOT_FOUND":
            raise
        return
    if robot["mode"] != "active" or robot["quarantined_at"]:
        state, word = ("in quarantine", "release") if robot["mode"] == "active" else (robot["mode"], "resume")
        raise LocalStackError(
            f"{robot_id} is {state} and gets no jobs. Let it work again: casare-cloud robot tell {robot_id} {word}"
        )
    held = [job_id for job_id in robot["current_job_ids"] if job_id not in given_up]
    if held and robot["status"] != "offline":
        raise LocalStackError(
            f"{robot_id} runs job {held[0]}, which the demo would take away from it. Wait until the job has ended."
        )


async def _give_up(client: Client, robot_id: str) -> None:
    with suppress(ApiError, TimeoutError):  # where the service is gone, the next demo does it
        async with asyncio.timeout(GIVE_UP_SECONDS):
            await _cancel_jobs_of(client, robot_id)


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
            start_new_session=True, preexec_fn=die_with_parent,
        )  # fmt: skip


async def _stop_robot(robot: asyncio.subprocess.Process) -> None:
    """End the robot and all processes that it started."""
    with suppress(ProcessLookupError):
        robot.send_signal(signal.SIGTERM)
    with suppress(TimeoutError):
        await asyncio.wait_for(robot.wait(), 5)
    with suppress(ProcessLookupError):
        os.killpg(robot.pid, signal.SIGKILL)
    await robot.wait()
