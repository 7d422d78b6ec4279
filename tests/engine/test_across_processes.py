"""The examples of documents 001 and 003, with nothing changed but what they import, in processes of their own."""

import asyncio
import json
import re
import socket
import textwrap
import uuid
from pathlib import Path

import pytest
from tests import servers
from tests.engine.programs import HELLO, environment_of, running
from tests.factories import Robot, make_robot
from tests.robot.stack import Stack, make_worker
from websockets.asyncio.client import connect

from casare_cloud.client import Client
from casare_cloud.engine import OrchestratorEngine
from casare_cloud.engine.events import EventBus, JobSubmitted
from casare_cloud.engine.events.feed import Feed

PASSWORD = "Correct-horse-1"

# What a program does besides the example of document 003: it says when it listens, and what else it hears of.
LISTENER = """
import sys
from casare_cloud.engine.events import (
    JobCancelled, JobCompleted, JobStarted, JobSubmitted, NodeStarted, RobotConnected, wait_until_following,
)

@bus.subscribe(JobSubmitted)
def on_submitted(event):
    print(f"submitted {event.workflow_name} {event.job_id}")

bus.subscribe(JobCancelled, lambda event: print(f"cancelled {event.job_id} {event.reason}"))
bus.subscribe(JobStarted, lambda event: print(f"started {event.job_id} on {event.robot_id}"))
bus.subscribe(RobotConnected, lambda event: print(f"connected {event.robot_id}"))
bus.subscribe(NodeStarted, lambda event: print(f"node started {event.node_id} of {event.workflow_id}"))

@bus.subscribe(JobCompleted)
async def on_completed(event):
    print(f"completed {event.job_id}")

assert wait_until_following(60)
print("ready")
sys.stdin.readline()
"""
EXAMPLE_003 = """
from casare_cloud.engine.events import get_event_bus, NodeCompleted

bus = get_event_bus()

@bus.subscribe(NodeCompleted)
def on_node_completed(event: NodeCompleted):
    print(f"Node {event.node_id} completed in {event.execution_time_ms}ms")
"""


def python_of(number: str, beginning: str, end: str) -> str:
    """The Python examples of a part of a published document, one after the other, with our import paths."""
    folder = servers.documents()
    assert folder is not None
    [text] = [path.read_text() for path in folder.iterdir() if path.name.startswith(number)]
    part = text[text.index(f"\n{beginning}\n") :]
    blocks = re.findall(r"```python\n(.*?)```", part[: part.index(f"\n{end}\n")], re.DOTALL)
    source = "\n".join(blocks)
    for old, new in (
        ("casare_rpa.orchestrator.engine", "casare_cloud.engine"),
        ("casare_rpa.orchestrator.models", "casare_cloud.engine.models"),
        ("casare_rpa.domain.events", "casare_cloud.engine.events"),
    ):
        source = source.replace(old, new)
    return source


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def user_of(stack: Stack) -> tuple[dict[str, str], uuid.UUID]:
    """The environment of a program that signs in as a user, and the user's tenant."""
    name = f"user-{uuid.uuid4().hex[:8]}"
    async with Client(stack.orchestrator_url) as client:
        await client.register(email=f"{name}@example.test", password=PASSWORD, org_name=name, username=name)
        tenant_id = uuid.UUID((await client.me())["tenant_id"])
    env = {
        "ORCHESTRATOR_URL": stack.orchestrator_url,
        "DEMO_USERNAME": name,
        "DEMO_PASSWORD": PASSWORD,
        "SUPABASE_URL": stack.settings.supabase_url,
        "SUPABASE_PUBLISHABLE_KEY": stack.settings.supabase_publishable_key,
    }
    return env, tenant_id


@pytest.mark.needs_documents
async def test_the_examples_of_the_documents_run_in_two_processes(stack: Stack, tmp_path: Path) -> None:
    env, tenant_id = await user_of(stack)
    listener = python_of("003", "### Event Bus API", "## Authentication") + LISTENER
    example = python_of("001", "#### OrchestratorEngine", "## Trigger Webhook API")
    port = free_port()
    for placeholder, value in (  # what stands for something in the document
        ('\'{"nodes": [...], "connections": [...]}\'', repr(json.dumps(HELLO))),
        ('job_id="job-uuid"', "job_id=job.id"),
        ('job_id="failed-job-uuid"', "job_id=job.id"),
        ("port=8765", f"port={port}"),
    ):
        assert placeholder in example
        example = example.replace(placeholder, value)
    program = (
        f"import asyncio\nasync def main():\n{textwrap.indent(example, '    ')}\n"
        "    print('stats', sorted(queue_stats), queue_stats['by_priority'], success, new_job.id, robot.id)\n"
        "    await asyncio.to_thread(input)\n    await engine.stop()\nasyncio.run(main())\n"
    )
    settings = stack.settings
    serving = {**env, "DATABASE_URL": settings.database_url, "CASARE_SIGNING_KEY": settings.signing_key}
    with running(listener, env, tmp_path) as listening:
        await listening.hears("ready")
        with running(program, {**serving, "CASARE_LOCAL": "1"}, tmp_path) as submitting:
            job_id = (await submitting.hears("Job ID:")).removeprefix("Job ID: ")
            words = await submitting.hears("stats")
            assert "['as_of', 'by_priority', 'queued', 'running', 'scheduled']" in words
            assert " True " in words
            new_job_id = words.split()[-2]
            async with connect(f"ws://127.0.0.1:{port}/nowhere", proxy=None) as socket_:
                await socket_.wait_closed()
                assert socket_.close_code is not None
            submitting.goes_on()
            await submitting.end()
        assert (await listening.hears("submitted Data Extraction")).endswith(job_id)
        assert (await listening.hears("cancelled")).endswith(f"{job_id} Cancelled by administrator")
        robot = make_robot(stack.database, tenant_id)
        worker = make_worker(stack, robot, tmp_path / "work", "direct").start()
        await listening.hears(f"connected {robot.external_id}")
        await listening.hears(f"started {new_job_id} on {robot.external_id}")
        for node in ("first", "second"):
            await listening.hears(f"node started {node} of ")
            assert re.fullmatch(rf"Node {node} completed in [0-9.]+ms", await listening.hears(f"Node {node} completed"))
        await listening.hears(f"completed {new_job_id}")
        await worker.stop()


async def test_a_program_with_a_key_hears_of_nodes_that_a_robot_over_rest_ran(stack: Stack, tmp_path: Path) -> None:
    env = environment_of(stack)
    robot: Robot = make_robot(stack.database, stack.tenant)
    async with OrchestratorEngine(url=env["ORCHESTRATOR_URL"], api_key=env["CASARE_API_KEY"], bus=EventBus()) as engine:
        with running(EXAMPLE_003 + LISTENER, env, tmp_path) as listening:
            await listening.hears("ready")
            job = await engine.submit_job(uuid.uuid4().hex, "Over REST", HELLO, robot.external_id)
            worker = make_worker(stack, robot, tmp_path / "work", "rest").start()
            await listening.hears(f"started {job.id} on {robot.external_id}")
            await listening.hears(f"completed {job.id}")
            began = listening.lines.index(f"started {job.id} on {robot.external_id}")
            meanwhile = listening.lines[began : listening.lines.index(f"completed {job.id}")]
            assert [line.split()[1] for line in meanwhile if line.startswith("Node ")] == [
                "start",
                "first",
                "second",
                "end",
            ]
            await worker.stop()


async def test_a_feed_that_was_cut_off_misses_and_repeats_nothing(stack: Stack, tmp_path: Path) -> None:
    env = environment_of(stack)
    bus = EventBus()
    heard: list[str] = []
    bus.subscribe(JobSubmitted, lambda event: heard.append(event.job_id))
    async with Client(env["ORCHESTRATOR_URL"], api_key=env["CASARE_API_KEY"]) as client:
        await client.submit_workflow("Cut", HELLO, run=False)
        feed = Feed(client, bus)
        await feed.start()
        made = [(await client.create_job("Cut"))["job_id"]]
        for _ in range(2):
            running_feed = asyncio.create_task(feed.run())
            async with asyncio.timeout(60):
                while len(heard) < len(made):
                    await asyncio.sleep(0.02)
            running_feed.cancel()
            await asyncio.gather(running_feed, return_exceptions=True)
            made.append((await client.create_job("Cut"))["job_id"])
        assert heard == made[:2]


async def test_a_program_that_knows_no_orchestrator_hears_of_itself_and_says_so(tmp_path: Path) -> None:
    source = (
        f"import logging, sys\nlogging.basicConfig(format='%(message)s')\n{EXAMPLE_003}"
        "sys.stdin.readline()\nbus.publish(NodeCompleted(node_id='n', execution_time_ms=2.0))\n"
    )
    with running(source, {}, tmp_path) as program:
        await program.hears("the event bus hears of this process only. Set ORCHESTRATOR_URL")
        program.goes_on()
        assert "Node n completed in 2.0ms" in await program.end()
