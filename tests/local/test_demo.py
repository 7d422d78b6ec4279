"""The demo job is its own robot's, and is not left behind when the demo ends without it."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from rich.console import Console
from tests.databases import Database
from tests.robot.stack import Stack, running_stack

from casare_cloud.cli import demo
from casare_cloud.client import Client
from casare_cloud.local.demo_tenant import make_demo_tenant
from casare_cloud.local.errors import LocalStackError
from casare_cloud.robot.rest import RestTransport
from casare_cloud.robot.transport import RobotProfile

SLEEPER = "import time; time.sleep(600)"
GRAPH = {"nodes": [{"id": "s", "type": "StartNode"}]}
SHORT_LIVED = "import time; time.sleep(2)"


@pytest.fixture(scope="module")
def stack(shared_database: Database) -> Iterator[Stack]:
    with running_stack(shared_database) as running:
        yield running


@pytest.fixture(scope="module")
def env(stack: Stack, shared_database: Database) -> dict[str, str]:
    """The stack's environment, with the demo tenant and its robot, which has registered."""
    env = {
        "ORCHESTRATOR_URL": stack.orchestrator_url,
        "DATABASE_URL": shared_database.dsn("casare_functions"),
        "DEMO_USERNAME": "demo",
        "DEMO_PASSWORD": "Demo-password-1a",
    }
    env |= asyncio.run(make_demo_tenant(env, ""))
    asyncio.run(register(env))
    return env


async def register(env: dict[str, str]) -> None:
    robot = RestTransport(env["ORCHESTRATOR_URL"], env["ROBOT_API_KEY"], env["ROBOT_ID"])
    await robot.register(RobotProfile(env["ROBOT_ID"], "Demo", "host"))
    await robot.close()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a demo has left is looked for until it is found, however busy the machine is."""
    monkeypatch.setattr(demo, "GIVE_UP_SECONDS", 60.0)


def robot_that_runs(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Let the demo start a program that claims nothing in its robot's place."""

    async def start(env: dict[str, str], folder: Path) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(sys.executable, "-c", program, start_new_session=True)

    monkeypatch.setattr(demo, "_start_robot", start)


async def signed_in(env: dict[str, str]) -> Client:
    client = Client(env["ORCHESTRATOR_URL"])
    await client.login(env["DEMO_USERNAME"], env["DEMO_PASSWORD"])
    return client


async def statuses_of_jobs(client: Client) -> dict[str, str]:
    return {job["job_id"]: job["status"] for job in (await client.list_jobs())["jobs"]}


async def test_only_its_own_robot_may_run_the_job_and_an_interrupted_demo_cancels_it(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot_that_runs(monkeypatch, SLEEPER)
    async with await signed_in(env) as client, asyncio.timeout(120):
        before = await statuses_of_jobs(client)
        running = asyncio.create_task(demo.run_demo(env, tmp_path, Console(quiet=True)))
        while not (found := [job for job in (await client.list_jobs())["jobs"] if job["job_id"] not in before]):
            await asyncio.sleep(0.05)
        assert [job["target_robot_id"] for job in found] == [env["ROBOT_ID"]]
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (await client.get_job(found[0]["job_id"]))["status"] == "cancelled"


async def test_a_demo_that_is_interrupted_while_it_submits_its_job_leaves_none_behind(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot_that_runs(monkeypatch, SLEEPER)
    submit, is_sent, may_arrive = Client.submit_workflow, asyncio.Event(), asyncio.Event()
    arriving: list[asyncio.Task[dict[str, Any]]] = []
    async with await signed_in(env) as client, asyncio.timeout(120):

        async def arrive(*named: Any, **options: Any) -> dict[str, Any]:
            await may_arrive.wait()
            return await submit(client, *named, **options)

        async def slow(_: Client, *named: Any, **options: Any) -> dict[str, Any]:
            arriving.append(asyncio.create_task(arrive(*named, **options)))
            is_sent.set()
            return await asyncio.shield(arriving[0])  # who gives up waiting does not call it back

        monkeypatch.setattr(Client, "submit_workflow", slow)
        running = asyncio.create_task(demo.run_demo(env, tmp_path, Console(quiet=True)))
        await is_sent.wait()
        running.cancel()
        await asyncio.sleep(0.2)  # in which it would look for jobs that it has left
        may_arrive.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        job_id = (await arriving[0])["job_id"]
        assert (await client.get_job(job_id))["status"] == "cancelled"


async def test_a_demo_whose_robot_ends_cancels_its_job_and_that_of_a_demo_that_was_killed(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot_that_runs(monkeypatch, SHORT_LIVED)
    async with await signed_in(env) as client:
        before = await statuses_of_jobs(client)
        killed = await client.submit_workflow("Order totals", GRAPH, robot_id=env["ROBOT_ID"])
        of_another = await client.submit_workflow("Somebody's", GRAPH)
        with pytest.raises(LocalStackError, match="robot has ended"):
            await demo.run_demo(env, tmp_path, Console(quiet=True))
        statuses = {job: status for job, status in (await statuses_of_jobs(client)).items() if job not in before}
        await client.cancel_job(of_another["job_id"])
    assert statuses.pop(of_another["job_id"]) != "cancelled"
    assert statuses[killed["job_id"]] == "cancelled"
    assert set(statuses.values()) == {"cancelled"}


async def test_a_demo_takes_no_job_away_from_another_process_of_its_robot(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot_that_runs(monkeypatch, SHORT_LIVED)
    robot = RestTransport(env["ORCHESTRATOR_URL"], env["ROBOT_API_KEY"], env["ROBOT_ID"])
    await robot.register(RobotProfile(env["ROBOT_ID"], "Demo", "host"))
    async with await signed_in(env) as client:
        somebodys = await client.submit_workflow("Somebody's", GRAPH, robot_id=env["ROBOT_ID"])
        [job] = await robot.claim(1, 60)
        with pytest.raises(LocalStackError, match=f"runs job {somebodys['job_id']}"):
            await demo.run_demo(env, tmp_path, Console(quiet=True))
        assert (await client.get_job(job.job_id))["cancel_requested"] is False
        await robot.release(job.lease)
        await client.cancel_job(job.job_id)
    await robot.close()


async def test_a_demo_whose_robot_is_drained_says_how_to_resume_it(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot_that_runs(monkeypatch, SHORT_LIVED)
    async with await signed_in(env) as client:
        await client.command_robot(env["ROBOT_ID"], "drain")
        with pytest.raises(LocalStackError, match=f"is draining .* robot tell {env['ROBOT_ID']} resume"):
            await demo.run_demo(env, tmp_path, Console(quiet=True))
        await client.command_robot(env["ROBOT_ID"], "resume")


def test_before_its_robot_is_known_no_job_is_submitted(
    env: dict[str, str], shared_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    robot_that_runs(monkeypatch, SHORT_LIVED)
    before = count_jobs(shared_database)
    with pytest.raises(LocalStackError, match="robot has ended"):
        asyncio.run(demo.run_demo({**env, "ROBOT_ID": "not-registered"}, tmp_path, Console(quiet=True)))
    assert count_jobs(shared_database) == before


def count_jobs(database: Database) -> int:
    with psycopg.connect(database.dsn()) as owner:
        row = owner.execute("select count(*) from public.jobs").fetchone()
    assert row is not None
    return int(row[0])
