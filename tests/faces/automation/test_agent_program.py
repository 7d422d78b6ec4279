"""Our robot program as an agent: it works through this face alone, and people follow it with the face's client."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from tests.faces.stage import Stage

from casare_cloud.client.automation import AutomationClient, NotAllowed, NotThere
from casare_cloud.faces.automation.app import Automation
from casare_cloud.robot import automation
from casare_cloud.robot.agent_core import Agent, KeyRefused
from casare_cloud.robot.automation import AutomationTransport
from casare_cloud.robot.console import AgentEvent
from casare_cloud.robot.transport import RobotProfile

LONG = {"steps": [{"id": "w", "type": "delay", "config": {"seconds": 60}}]}
BASE = "http://automation"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automation, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(automation, "MOST_POLL_SECONDS", 0.05)


@pytest_asyncio.fixture(loop_scope="module")
async def cloud(stage: Stage, shared_app: Automation) -> AsyncIterator[AutomationClient]:
    """The client of the stage's administrator."""
    token = stage.admin.headers["Authorization"].removeprefix("Bearer ")
    async with AutomationClient(BASE, api_key=token, http_transport=httpx2.ASGITransport(shared_app)) as client:
        yield client


class Wire(httpx2.AsyncBaseTransport):
    """The way to the face, on which the answer to one request can be lost."""

    def __init__(self, app: Automation) -> None:
        self.inner = httpx2.ASGITransport(app)
        self.loses = ""
        self.has_ended: Callable[[], bool] = lambda: False  # the program that speaks

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self.inner.handle_async_request(request)
        if self.loses and request.url.path.endswith(self.loses):
            await answer.aread()
            self.loses = ""
            raise httpx2.ReadError("lost", request=request)
        return answer


@asynccontextmanager
async def working(
    cloud: AutomationClient, app: Automation, folder: Path, **options: Any
) -> AsyncIterator[tuple[str, Wire, list[AgentEvent]]]:
    """(the id of a new agent whose program runs, its way to the face, what the program told)."""
    made = await cloud.register_agent("Office 7", capabilities=["log"])
    agent_id, wire, events = made["agent"]["id"], Wire(app), list[AgentEvent]()
    transport = AutomationTransport(BASE, str(made["token"]), agent_id, http_transport=wire)
    profile = RobotProfile(agent_id, "Office 7", "host", max_concurrent_jobs=options.pop("slots", 1))
    agent = Agent(transport, profile, folder, lease_seconds=1, on_event=events.append, **options)
    running = asyncio.create_task(agent.run())
    wire.has_ended = running.done
    try:
        yield agent_id, wire, events
    finally:
        agent.drain()
        await asyncio.wait_for(running, 30)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):  # a safety net: nothing here is about how long it takes
        while not condition():
            await asyncio.sleep(0.02)


async def run(cloud: AutomationClient, definition: Any, **variables: Any) -> str:
    workflow = await cloud.create_workflow("Report", definition)
    return (await cloud.execute_workflow(workflow["id"], variables))["id"]


async def test_an_agent_runs_what_waits_and_its_steps_log_and_failure_are_shown(
    cloud: AutomationClient, shared_app: Automation, tmp_path: Path
) -> None:
    steps = [
        {"id": "hi", "name": "Hello", "type": "log", "config": {"message": "hello {{city}}", "level": "warning"}},
        {"id": "sum", "type": "data_transform", "config": {"expression": "1 + 2"}, "depends_on": ["hi"]},
    ]
    async with working(cloud, shared_app, tmp_path, slots=2) as (agent_id, _, _):
        first = await run(cloud, {"steps": steps}, city="Izmir")
        done = await cloud.wait(first, 60, poll_seconds=0.05)
        assert (done["status"], done["agent_id"], done["error_message"]) == ("completed", agent_id, None)
        assert [(each["id"], each["status"]) for each in done["steps"]] == [("hi", "completed"), ("sum", "completed")]
        assert (await cloud.get_execution_data(first))["steps"]["sum"]["output"]["result"] == 3
        broken = [*steps, {"id": "no", "type": "file_read", "config": {"path": "none"}, "depends_on": ["sum"]}]
        second = await run(cloud, {"steps": broken}, city="Ankara")
        failed = await cloud.wait(second, 60, poll_seconds=0.05)
        assert (failed["status"], failed["retry_count"]) == ("failed", 0)
        assert "none" in str(failed["error_message"])
        assert [each["status"] for each in failed["steps"]] == ["completed", "completed", "failed"]
    for execution_id, word in ((first, "Izmir"), (second, "Ankara")):
        lines = await cloud.list_execution_logs(execution_id)
        assert (lines[0]["level"], lines[0]["message"], lines[0]["context"]) == (
            "WARNING", f"hello {word}", {"step_id": "hi"},
        )  # fmt: skip
    assert [row["id"] async for row in cloud.iterate_executions(status="failed", per_page=1)] == [second]


async def test_an_execution_that_is_cancelled_ends_on_its_agent_and_one_that_leaves_gives_its_task_back(
    cloud: AutomationClient, shared_app: Automation, tmp_path: Path
) -> None:
    async with working(cloud, shared_app, tmp_path, slots=2, grace_seconds=0.1) as (agent_id, _, events):
        stopped, kept = await run(cloud, LONG), await run(cloud, LONG)
        await until(lambda: [event.kind for event in events].count("claimed") == 2)
        assert (await cloud.list_assigned_tasks(agent_id))["count"] == 2
        await cloud.cancel_execution(stopped)
        assert (await cloud.wait(stopped, 60, poll_seconds=0.05))["status"] == "cancelled"
        await until(lambda: "cancelled" in [event.kind for event in events])
    assert (await cloud.get_execution(kept))["status"] == "pending"
    assert [event.kind for event in events if event.kind in ("cancelled", "released")] == ["cancelled", "released"]
    [waiting] = [task async for task in cloud.iterate_queue()]
    assert waiting["execution_id"] == kept


async def test_a_task_whose_claim_was_not_answered_is_given_back_and_done(
    cloud: AutomationClient, shared_app: Automation, tmp_path: Path
) -> None:
    async with working(cloud, shared_app, tmp_path) as (_, wire, events):
        await until(lambda: "registered" in [event.kind for event in events])
        wire.loses = "/agent-tasks/claim"
        execution_id = await run(cloud, {"steps": [{"id": "a", "type": "log", "config": {"message": "x"}}]})
        assert (await cloud.wait(execution_id, 60, poll_seconds=0.05))["status"] == "completed"


async def test_a_task_that_is_another_agents_by_now_is_stopped(
    stage: Stage, cloud: AutomationClient, shared_app: Automation, tmp_path: Path
) -> None:
    async with working(cloud, shared_app, tmp_path, grace_seconds=0.1) as (_, _, events):
        execution_id = await run(cloud, LONG)
        await until(lambda: "claimed" in [event.kind for event in events])
        stage.scalar(
            "update private.leases set robot_id = %s where job_id = %s returning 1",
            stage.robot()[0].robot_id,
            execution_id,
        )
        await until(lambda: "lease_lost" in [event.kind for event in events])


async def test_a_program_whose_agent_was_taken_away_ends(
    cloud: AutomationClient, shared_app: Automation, tmp_path: Path
) -> None:
    async def program() -> None:
        async with working(cloud, shared_app, tmp_path) as (agent_id, wire, events):
            await until(lambda: "registered" in [event.kind for event in events])
            await cloud.delete_agent(agent_id)
            await until(wire.has_ended)

    with pytest.raises(KeyRefused):
        await program()


async def test_the_client_says_what_to_do_about_a_refusal_of_the_service(stage: Stage, cloud: AutomationClient) -> None:
    with pytest.raises(NotThere) as caught:
        await cloud.get_agent("00000000-0000-7000-8000-00000000dead")
    assert caught.value.code == "ROBOT_NOT_FOUND"
    assert caught.value.hint
    with pytest.raises(NotAllowed):
        await cloud.claim_task("00000000-0000-7000-8000-00000000dead")
