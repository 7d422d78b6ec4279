"""Robots over the socket of document 001, through a gateway that is a process, and `auto`, which looks for a way."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.databases import Database
from tests.factories import Robot
from tests.gateway.robots.processes import Gateway, Proxy, running_gateway
from tests.robot.local_page import LocalPage
from tests.robot.stack import LEASE_SECONDS, PATIENCE_SECONDS, Stack, Worker, running_stack
from tests.robot.workflows import chain

from casare_cloud.client import Client
from casare_cloud.robot import auto, socket_link
from casare_cloud.robot.agent import TransportName, make_transport
from casare_cloud.robot.agent_core import Agent, KeyRefused
from casare_cloud.robot.console import AgentEvent
from casare_cloud.robot.transport import RobotProfile

NOWHERE = "http://127.0.0.1:9"
HELLO = chain(("l", "LogNode", {"message": "hello"}))


@pytest.fixture(scope="module")
def stack(shared_database: Database) -> Iterator[Stack]:
    with running_stack(shared_database) as running:
        often = "update public.tenants set robot_offline_after_seconds = 5 where tenant_id = %s returning 1"
        running.rows(often, running.tenant.tenant_id)  # a heartbeat each second
        yield running


@pytest.fixture(scope="module")
def gateway(stack: Stack) -> Iterator[Gateway]:
    with running_gateway(stack.settings) as running:
        yield running


@pytest.fixture
async def proxy(gateway: Gateway) -> AsyncIterator[Proxy]:
    async with Proxy(gateway.url) as running:
        yield running


def worker_of(
    stack: Stack, robot: Robot, folder: Path, gateway_url: str, name: TransportName = "websocket", **options: Any
) -> Worker:
    """An agent, not started."""
    events: list[AgentEvent] = []

    def say(text: str) -> None:
        events.append(AgentEvent("transport", text))

    made = make_transport(name, stack.orchestrator_url, robot.key.text, robot.external_id, gateway_url, say)
    profile = RobotProfile(robot.external_id, robot.external_id, "host", max_concurrent_jobs=options.pop("slots", 1))
    agent = Agent(made, profile, folder, lease_seconds=LEASE_SECONDS, on_event=events.append, **options)
    return Worker(agent, None, events)  # type: ignore[arg-type]


def texts(worker: Worker, kind: str) -> list[str]:
    return [event.message for event in worker.events if event.kind == kind]


async def test_jobs_travel_over_the_socket_to_their_results(stack: Stack, gateway: Gateway, tmp_path: Path) -> None:
    robot = stack.robot()
    worker = worker_of(stack, robot, tmp_path, gateway.url).start()
    throw = ("t", "ThrowErrorNode", {"message": "no stock", "error_type": "StockError"})
    done, failed = stack.submit(HELLO, robot), stack.submit(chain(throw), robot)
    job = await stack.until_status(done, "completed")
    assert job["robot_id"] == robot.robot_id
    assert job["started_at"] is not None
    wrong = await stack.until_status(failed, "failed")
    await worker.stop()
    assert (wrong["error_message"], wrong["error_type"], wrong["attempts"]) == ("no stock", "StockError", 1)
    lines = stack.rows("select message from public.job_logs where job_id = %s", done)
    assert {"message": "hello"} in lines
    row = "select is_online, metrics from public.live_robots where robot_id = %s"
    await stack.until(lambda: not stack.rows(row, robot.robot_id)[0]["is_online"], "its goodbye")
    assert "cpu_percent" in stack.rows(row, robot.robot_id)[0]["metrics"]


async def test_a_job_that_runs_is_cancelled(stack: Stack, gateway: Gateway, tmp_path: Path) -> None:
    robot = stack.robot()
    worker = worker_of(stack, robot, tmp_path, gateway.url).start()
    job_id = stack.submit(chain(("w", "WaitNode", {"duration": 60})), robot)
    await stack.until_status(job_id, "running")
    stack.cancel(job_id)
    await stack.until_status(job_id, "cancelled")
    await worker.stop()
    assert "cancelled" in worker.kinds


async def test_a_robot_that_leaves_gives_its_job_back(stack: Stack, gateway: Gateway, tmp_path: Path) -> None:
    robot = stack.robot()
    worker = worker_of(stack, robot, tmp_path, gateway.url, grace_seconds=0.05).start()
    job_id = stack.submit(chain(("w", "WaitNode", {"duration": 60})), robot)
    await stack.until_status(job_id, "running")
    await worker.stop()
    job = stack.job(job_id)
    assert (job["status"], job["attempts"]) == ("queued", 0)


async def test_a_robot_that_finishes_its_job_before_it_leaves_is_offline_also_after_the_connection_was_cut(
    stack: Stack, proxy: Proxy, page: LocalPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_link, "backoff_delays", lambda *_: iter(lambda: 0.05, None))
    robot, gate = stack.robot(), f"/gate/{tmp_path.name}"
    worker = worker_of(stack, robot, tmp_path, proxy.url, grace_seconds=120.0)
    worker.agent._lease_seconds = 3  # renewed each second
    worker.start()
    job_id = stack.submit(chain(("w", "HTTPRequestNode", {"url": page.url + gate, "timeout": 60})), robot)
    await stack.until(lambda: page.visitors(gate) == 1)
    query = "select is_online, online_since from public.robot_heartbeats where robot_id = %s"
    worker.agent.drain()
    [before] = await stack.until(lambda: [row for row in stack.rows(query, robot.robot_id) if not row["is_online"]])
    proxy.cut()
    await stack.until(lambda: stack.rows(query, robot.robot_id)[0]["online_since"] != before["online_since"], "again")
    await stack.until(lambda: not stack.rows(query, robot.robot_id)[0]["is_online"], "its goodbye")
    page.open(gate)
    await stack.until_status(job_id, "completed")
    await worker.stop()


async def test_a_failure_names_when_to_try_again(
    stack: Stack, gateway: Gateway, page: LocalPage, tmp_path: Path
) -> None:
    robot = stack.robot()
    worker = worker_of(stack, robot, tmp_path, gateway.url).start()
    job_id = stack.submit(chain(("a", "HTTPRequestNode", {"url": f"{page.url}/busy", "fail_on_error": True})), robot)
    waits = "select run_at - now() between '9 minutes' and '10 minutes' as ok from private.scheduled where job_id = %s"
    assert await stack.until(lambda: stack.rows(waits, job_id)) == [{"ok": True}]
    await worker.stop()


async def test_a_result_is_delivered_once_after_the_connection_was_cut(
    stack: Stack, proxy: Proxy, page: LocalPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_link, "backoff_delays", lambda *_: iter(lambda: 0.05, None))
    robot, gate = stack.robot(), f"/gate/{tmp_path.name}"
    worker = worker_of(stack, robot, tmp_path, proxy.url).start()
    job_id = stack.submit(chain(("w", "HTTPRequestNode", {"url": page.url + gate, "timeout": 60})), robot)
    await stack.until(lambda: page.visitors(gate) == 1)
    proxy.refuses = True
    proxy.cut()
    page.open(gate)
    await stack.until(lambda: "spooled" in worker.kinds)
    proxy.refuses = False
    await stack.until_status(job_id, "completed")
    await worker.stop()
    job = stack.job(job_id)
    assert (job["attempts"], page.visitors(gate)) == (1, 1)
    assert stack.rows("select 1 from public.late_results where job_id = %s", job_id) == []


async def test_a_result_that_no_message_takes_goes_to_the_orchestrator(
    stack: Stack, gateway: Gateway, tmp_path: Path
) -> None:
    robot = stack.robot()
    worker = worker_of(stack, robot, tmp_path, gateway.url).start()
    big = chain(("v", "SetVariableNode", {"variable_name": "big", "value": "{{text}}"}))
    job_id = stack.submit(big, robot, input={"text": "x" * (2**20 + 1)})
    job = await stack.until_status(job_id, "completed", "failed")
    await worker.stop()
    assert job["status"] == "completed", job["error_message"]
    assert len(job["result"]["variables"]["big"]) > 2**20


async def test_a_revoked_key_ends_the_robot(stack: Stack, gateway: Gateway, tmp_path: Path) -> None:
    robot = stack.robot()
    stack.revoke_key(robot)
    worker = worker_of(stack, robot, tmp_path, gateway.url)
    with pytest.raises(KeyRefused):
        await asyncio.wait_for(worker.agent.run(), PATIENCE_SECONDS)


@pytest.mark.parametrize("name", ["websocket", "direct", "rest"])
async def test_orders_given_over_rest_reach_a_robot_that_was_away_and_are_acknowledged(
    stack: Stack, gateway: Gateway, tmp_path: Path, name: TransportName
) -> None:
    robot = stack.robot()

    async def until_acknowledged(command_id: str) -> None:
        query = "select 1 from public.robot_commands where command_id = %s and acknowledged_at is not null"
        await stack.until(lambda: stack.rows(query, command_id), f"an answer to {command_id}")

    async with Client(stack.orchestrator_url) as admin:
        admin._http.headers["Authorization"] = f"Bearer {stack.admin_token()}"
        told = await admin.command_robot(robot.external_id, "pause", reason="spring cleaning")
        assert told["last_command"]["acknowledged_at"] is None
        worker = worker_of(stack, robot, tmp_path, gateway.url, name).start()
        await until_acknowledged(told["command_id"])
        job_id = stack.submit(HELLO, robot)
        assert stack.job(job_id)["status"] == "queued"
        for command in ("drain", "resume"):
            await until_acknowledged((await admin.command_robot(robot.external_id, command))["command_id"])
        await stack.until_status(job_id, "completed")
        for command in ("quarantine", "release", "status-request"):
            await until_acknowledged((await admin.command_robot(robot.external_id, command))["command_id"])
        told = await admin.command_robot(robot.external_id, "shutdown")
        assert worker.task is not None
        await asyncio.wait_for(worker.task, PATIENCE_SECONDS)
        await until_acknowledged(told["command_id"])


async def test_an_agent_that_starts_while_its_robot_is_paused_says_so(
    stack: Stack, gateway: Gateway, tmp_path: Path
) -> None:
    robot = stack.robot()
    async with Client(stack.orchestrator_url) as admin:
        admin._http.headers["Authorization"] = f"Bearer {stack.admin_token()}"
        await admin.command_robot(robot.external_id, "pause")
        worker = worker_of(stack, robot, tmp_path, gateway.url).start()
        await stack.until(lambda: "paused" in worker.kinds)
        [warning] = texts(worker, "warning")
        assert "is paused: it gets no jobs until somebody resumes it" in warning
        await admin.command_robot(robot.external_id, "resume")
        await stack.until(lambda: "resumed" in worker.kinds)
        await worker.stop()


# auto


async def test_auto_takes_the_socket_where_it_can(stack: Stack, gateway: Gateway, tmp_path: Path) -> None:
    robot = stack.robot()
    worker = worker_of(stack, robot, tmp_path, gateway.url, "auto").start()
    job_id = stack.submit(HELLO, robot)
    await stack.until_status(job_id, "completed")
    await worker.stop()
    assert texts(worker, "transport") == ["connected by websocket"]


@pytest.mark.parametrize("is_direct_blocked", [False, True])
async def test_auto_falls_to_the_next_way_and_says_so(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_direct_blocked: bool
) -> None:
    if is_direct_blocked:
        monkeypatch.setattr("casare_cloud.robot.data_api.DataApi.token", unreachable)
    robot = stack.robot()
    worker = worker_of(stack, robot, tmp_path, NOWHERE, "auto").start()
    job_id = stack.submit(HELLO, robot)
    await stack.until_status(job_id, "completed")
    await worker.stop()
    said = texts(worker, "transport")
    assert said[0].startswith("websocket is blocked (the gateway cannot be reached")
    assert said[-1] == ("connected by rest" if is_direct_blocked else "connected by direct")


async def unreachable(*_: Any, **__: Any) -> None:
    raise socket_link.Unreachable("blocked")


async def test_a_job_that_began_over_the_socket_ends_by_another_way(
    stack: Stack, proxy: Proxy, page: LocalPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auto, "BLOCKED_SECONDS", 0.0)
    robot, gate = stack.robot(), f"/gate/{tmp_path.name}"
    worker = worker_of(stack, robot, tmp_path, proxy.url, "auto").start()
    job_id = stack.submit(chain(("w", "HTTPRequestNode", {"url": page.url + gate, "timeout": 60})), robot)
    await stack.until(lambda: page.visitors(gate) == 1)
    proxy.refuses = True
    proxy.cut()
    await stack.until(lambda: "connected by direct" in texts(worker, "transport"))
    page.open(gate)
    job = await stack.until_status(job_id, "completed")
    await worker.stop()
    assert (job["attempts"], page.visitors(gate)) == (1, 1)
    assert any(text.startswith("websocket is blocked") for text in texts(worker, "transport"))
