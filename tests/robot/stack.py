"""The real thing for end-to-end tests: database, platform and orchestrator, and robots in or out of process."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import httpx2
import jwt
import uvicorn
from bench.storm.edge import Edge
from tests.databases import Database, as_caller
from tests.faces.platform import running_platform
from tests.factories import Robot, Tenant, make_job, make_robot, make_tenant, make_workflow

from casare_cloud.config import Settings
from casare_cloud.faces.kit.app import App
from casare_cloud.faces.orchestrator.app import create_app
from casare_cloud.robot.agent_core import Agent
from casare_cloud.robot.console import AgentEvent
from casare_cloud.robot.direct import DirectTransport
from casare_cloud.robot.rest import RestTransport
from casare_cloud.robot.transport import RobotProfile

TransportName = Literal["rest", "direct"]
LEASE_SECONDS = 60  # none may run out while the machine is busy with others
PATIENCE_SECONDS = 120  # a safety net: nothing here is about how long it takes
ROOT = Path(__file__).parents[2]


class Wire(httpx2.AsyncBaseTransport):
    """A network that a test can cut."""

    def __init__(self) -> None:
        self.is_cut = False
        self.swallow = ""  # the next request whose path ends so is never answered
        self.swallowed = 0
        self._inner = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.is_cut:
            raise httpx2.ConnectError("cut", request=request)
        if self.swallow and request.url.path.endswith(self.swallow):
            self.swallow, self.swallowed = "", self.swallowed + 1
            await asyncio.Event().wait()
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass
class Stack:
    """A running cloud with one tenant."""

    database: Database
    orchestrator_url: str
    tenant: Tenant
    settings: Settings

    def robot(self, **options: Any) -> Robot:
        return make_robot(self.database, self.tenant, **options)

    def submit(self, definition: Any, robot: Robot | None = None, **arguments: Any) -> uuid.UUID:
        """A queued job, for one robot or for any."""
        workflow = make_workflow(self.database, self.tenant, definition=definition)
        if robot is not None:
            arguments["robot_id"] = str(robot.robot_id)
        if "input" in arguments:
            arguments["input"] = json.dumps(arguments["input"])
        return make_job(self.database, workflow, **arguments)

    def job(self, job_id: uuid.UUID) -> dict[str, Any]:
        return self.rows("select * from public.live_jobs where job_id = %s", job_id)[0]

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        with self.database.connect() as owner:
            return owner.execute(query, list(parameters)).fetchall()

    def cancel(self, job_id: uuid.UUID) -> None:
        with self.database.connect() as owner, as_caller(owner, self.tenant.admin.claims):
            owner.execute("select public.cancel_job(%s, 'not wanted')", [job_id])

    def watch(self, job_id: uuid.UUID) -> None:
        with self.database.connect() as owner, as_caller(owner, self.tenant.admin.claims):
            owner.execute("select public.watch(%s)", [job_id])

    def revoke_key(self, robot: Robot) -> None:
        with self.database.connect() as owner, as_caller(owner, self.tenant.admin.claims):
            owner.execute("select public.revoke_api_key(%s)", [robot.key.api_key_id])

    def admin_token(self) -> str:
        """An access token of the tenant's admin, as Auth would sign it."""
        key = json.loads(self.settings.signing_key)
        now = int(time.time())
        claims = {**self.tenant.admin.claims, "iat": now, "exp": now + 600}
        return jwt.encode(claims, jwt.PyJWK(key, algorithm="ES256").key, "ES256", headers={"kid": key["kid"]})

    def end_lease(self, job_id: uuid.UUID) -> None:
        """As if the robot had been silent for longer than its lease."""
        query = "update private.leases set lease_expires_at = private.clock() - interval '1 second' where job_id = %s"
        with self.database.connect() as owner:
            owner.execute(query, [job_id])
            owner.execute("select private.rescue_expired_leases()")

    async def until(self, condition: Callable[[], Any], what: str = "it") -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := condition()):
            assert time.monotonic() < deadline, f"{what} did not happen"
            await asyncio.sleep(0.02)
        return found

    async def until_status(self, job_id: uuid.UUID, *words: str) -> dict[str, Any]:
        job: dict[str, Any] = await self.until(
            lambda: found if (found := self.job(job_id))["status"] in words else None, f"{words} of {job_id}"
        )
        return job


@contextmanager
def running_stack(database: Database, *, seen_at: Edge | None = None) -> Iterator[Stack]:
    """The stack over this database, on ports of its own; robots see it at the address of a proxy if one is named."""
    with running_platform(database) as settings:
        seen = settings if seen_at is None else replace(settings, supabase_url=seen_at.url)
        with serving(create_app(seen)) as url:
            if seen_at is not None:
                platform = dict.fromkeys(("/rest/", "/auth/", "/realtime/"), settings.supabase_url)
                seen_at.upstreams, url = {**platform, "/": url}, seen_at.url
            yield Stack(database, url, make_tenant(database), seen)


@contextmanager
def serving(app: App) -> Iterator[str]:
    """The address at which a face answers."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the face did not start"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)


@dataclass
class Worker:
    """An agent in this process."""

    agent: Agent
    wire: Wire
    events: list[AgentEvent]
    task: "asyncio.Task[None] | None" = None

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def start(self) -> "Worker":
        self.task = asyncio.create_task(self.agent.run())
        return self

    async def stop(self) -> None:
        assert self.task is not None
        self.agent.drain()
        await asyncio.wait_for(self.task, PATIENCE_SECONDS)


def make_worker(stack: Stack, robot: Robot, work_dir: Path, transport: TransportName, **options: Any) -> Worker:
    """An agent for this robot, not started."""
    wire = Wire()
    kind = RestTransport if transport == "rest" else DirectTransport
    made = kind(stack.orchestrator_url, robot.key.text, robot.external_id, http_transport=wire)
    profile = RobotProfile(
        robot.external_id,
        robot.external_id,
        "host",
        capabilities=tuple(options.pop("capabilities", ())),
        max_concurrent_jobs=options.pop("slots", 1),
    )
    events: list[AgentEvent] = []
    agent = Agent(made, profile, work_dir, **{"lease_seconds": LEASE_SECONDS, **options}, on_event=events.append)
    return Worker(agent, wire, events)


@dataclass
class Process:
    """A robot in a process of its own."""

    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE_SECONDS)

    async def exit_code(self) -> int:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.process.poll() is None:
                await asyncio.sleep(0.02)
        assert self.process.stdout is not None
        self.lines += self.process.stdout.read().splitlines()
        return self.process.returncode


@contextmanager
def robot_process(
    stack: Stack,
    robot: Robot,
    work_dir: Path,
    transport: TransportName,
    capabilities: Sequence[str] = (),
    lease_seconds: int = LEASE_SECONDS,
) -> Iterator[Process]:
    """`run_agent` in a process of its own, killed at the end if it still runs."""
    arguments = {
        "orchestrator_url": stack.orchestrator_url,
        "api_key": robot.key.text,
        "robot_id": robot.external_id,
        "transport": transport,
        "work_dir": str(work_dir),
        "capabilities": list(capabilities),
        "lease_seconds": lease_seconds,
    }
    code = (
        "import json, sys; from casare_cloud.robot.agent import run_agent; "
        "sys.exit(run_agent(**json.loads(sys.stdin.readline())))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(arguments) + "\n")
    process.stdin.flush()
    try:
        yield Process(process)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(PATIENCE_SECONDS)
