"""Agents at work on a transport without a network."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from tests.robot.fake_transport import FakeTransport
from tests.robot.workflows import chain

from casare_cloud.robot import agent_life
from casare_cloud.robot.agent_core import Agent
from casare_cloud.robot.console import AgentEvent
from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.registry import _NODES
from casare_cloud.robot.transport import RobotProfile

HELLO = chain(("l", "LogNode", {"message": "hello"}))
LONG = chain(("w", "WaitNode", {"duration": 3600}))
PATIENCE_SECONDS = 60.0  # a safety net: nothing here is about how long it takes


class Gate:
    """A node that waits, in its thread, until the test opens it; it does not look whether it should stop."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()
        self.inside = 0
        self.most_inside = 0

    def __call__(self, run: NodeRun) -> dict[str, Any]:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.entered.set()
        self.opened.wait(PATIENCE_SECONDS)
        self.inside -= 1
        return {"result": "through"}


@pytest.fixture(name="gate")
def make_gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate()
    monkeypatch.setitem(_NODES, "gate", gate)
    return gate


GATED = chain(("g", "GateNode", {}))


class Life:
    """An agent at work, its transport, and what it told."""

    def __init__(self, work_dir: Path, concurrency: int, lease_seconds: float, grace_seconds: float) -> None:
        self.transport = FakeTransport()
        self.events: list[AgentEvent] = []
        self.work_dir = work_dir
        profile = RobotProfile("r1", "Robot 1", "host", max_concurrent_jobs=concurrency)
        self.agent = Agent(
            self.transport,
            profile,
            work_dir,
            lease_seconds=lease_seconds,  # type: ignore[arg-type]
            grace_seconds=grace_seconds,
            on_event=self.events.append,
        )

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    async def until(self, condition: Callable[[], Any], what: str = "it") -> None:
        deadline = monotonic() + PATIENCE_SECONDS
        while not condition():
            assert monotonic() < deadline, f"{what} did not happen; events: {self.kinds}"
            await asyncio.sleep(0.005)

    @asynccontextmanager
    async def working(self) -> AsyncIterator["Life"]:
        task = asyncio.create_task(self.agent.run())
        try:
            async with asyncio.timeout(2 * PATIENCE_SECONDS):
                yield self
        finally:
            self.agent.drain()
            await asyncio.wait_for(task, PATIENCE_SECONDS)


MakeLife = Callable[..., Life]


@pytest.fixture(name="make_life")
def life_maker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeLife:
    monkeypatch.setattr(agent_life, "LEAST_HEARTBEAT_SECONDS", 0.01)

    def make(concurrency: int = 1, lease_seconds: float = 0.3, grace_seconds: float = 5.0) -> Life:
        return Life(tmp_path / "work", concurrency, lease_seconds, grace_seconds)

    return make
