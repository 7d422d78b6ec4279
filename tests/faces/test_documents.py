"""The documents' own requests, run literally: every documented key is in the answer, with its type."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from tests.databases import Database
from tests.faces.conftest import Signer
from tests.faces.documents import AUTH, RESOURCES, UNAVAILABLE, Example
from tests.faces.forms import differences, samples
from tests.faces.platform import SECRET_KEY, running_platform
from tests.factories import Tenant, make_key, make_robot, make_tenant, make_workflow

from casare_cloud.config import Settings
from casare_cloud.faces.orchestrator.app import Orchestrator, create_app

GRAPH: dict[str, Any] = {"nodes": [{"id": "1", "type": "StartNode"}, {"id": "2", "type": "EndNode"}], "connections": []}
SERVICE_SCOPES = ["workflows.read", "workflows.write", "jobs.create", "jobs.read", "robots.read"]
COMPLETED = {
    "result": {"rows": 3},
    "node_executions": [
        {"node_id": "start", "duration_ms": 5, "status": "completed"},
        {
            "node_id": "scrape",
            "duration_ms": 85000,
            "status": "completed",
            "healing": {"healed": True, "attempts": 1},
        },
    ],
}
WORDS = ("message", "token_type", "service", "status")  # values that a program may compare, not only types


@dataclass
class World:
    """A tenant, its callers, and the words that stand for `{name}` in an example."""

    database: Database
    tenant: Tenant
    client: httpx2.AsyncClient
    callers: dict[str, dict[str, str]]
    words: dict[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, caller: str = "user", **more: Any) -> Any:
        """A request on the way to a state; it must succeed."""
        answer = await self.client.request(method, f"/api/v1{path}", headers=self.callers[caller], **more)
        assert answer.is_success, answer.text
        return answer.json()

    async def bring_about(self, state: str) -> None:
        """The state that an example is given."""
        if state.startswith("submitted workflow"):
            graph = {"nodes": {}, "connections": []} if state.endswith("map of nodes") else GRAPH
            body = {"workflow_name": "My Workflow", "workflow_json": graph, "metadata": {"description": "Example"}}
            self.words["workflow_id"] = (await self.ask("POST", "/workflows", json=body))["workflow_id"]
        elif state == "schedule":
            await self.bring_about("submitted workflow")
            names = {"schedule_name": "Daily Report", "workflow_id": self.words["workflow_id"]}
            made = await self.ask("POST", "/schedules", json={**names, "cron_expression": "0 9 * * 1-5"})
            self.words["schedule_id"] = made["schedule_id"]
        elif state == "workflow called my-workflow":
            make_workflow(self.database, self.tenant, "my-workflow")
        elif state == "registered robot":
            self._robot(environment="production", capabilities=["browser"], tags=["invoice-processing"])
        elif state == "unbound robot key":
            self.callers["robot"] = {"X-Api-Key": make_key(self.database, self.tenant).text}
        elif state.endswith(" job"):
            for part in state.removesuffix(" job").split(" and "):
                await self._job(part)

    def _robot(self, **more: Any) -> None:
        robot = make_robot(self.database, self.tenant, "robot-prod-001", **more)
        self.callers["robot"] = {"X-Api-Key": robot.key.text}

    async def _token(self) -> None:
        """The robot's access token, for where a document lets `Authorization` stand for its key."""
        token = (await self.ask("POST", "/robots/robot-prod-001/token", "robot"))["access_token"]
        self.callers["robot token"] = {"Authorization": f"Bearer {token}"}

    async def _job(self, state: str) -> None:
        workflow = make_workflow(self.database, self.tenant)
        job = await self.ask("POST", "/jobs", json={"workflow_id": str(workflow.workflow_id)})
        job_id = self.words["job_id"] = job["job_id"]
        self.words["workflow_id"] = str(workflow.workflow_id)
        if state == "queued":
            return
        if "robot" not in self.callers:
            self._robot(capabilities=["browser", "desktop"], tags=["invoice-processing"])
            await self._token()
        [claimed] = (await self.ask("POST", "/jobs/claim", "robot", json={}))["jobs"]
        lease = {"lease_token": claimed["lease_token"]}
        await self.ask("POST", f"/jobs/{job_id}/start", "robot", json=lease)
        if state == "measured":
            measured = {"cpu_percent": 45.2, "memory_mb": 1024.5, "memory_percent": 65.3}
            await self.ask("POST", "/robots/robot-prod-001/heartbeat", "robot", json=measured)
        if state == "completed":
            await self.ask("POST", f"/jobs/{job_id}/complete", "robot", json={**lease, **COMPLETED})
        if state == "failed":
            error = {"error_message": "It broke.", "error_type": "ValueError", "retryable": False}
            await self.ask("POST", f"/jobs/{job_id}/fail", "robot", json={**lease, **error})


@pytest.fixture
def world(client: httpx2.AsyncClient, shared_database: Database, signer: Signer) -> World:
    tenant = make_tenant(shared_database)
    service = make_key(shared_database, tenant, "service", scopes=SERVICE_SCOPES)
    callers = {
        "nobody": {},
        "user": {"Authorization": f"Bearer {signer.token(dict(tenant.admin.claims))}"},
        "service": {"Authorization": f"Bearer {service.text}"},
    }
    return World(shared_database, tenant, client, callers)


@pytest.mark.parametrize("example", RESOURCES, ids=str)
async def test_the_documented_request_gets_the_documented_answer(world: World, example: Example) -> None:
    await world.bring_about(example.given)
    await check(world, example)


@pytest.mark.parametrize("example", UNAVAILABLE, ids=str)
async def test_without_a_database_the_answer_is_the_documented_one(
    settings: Settings, world: World, example: Example
) -> None:
    app = create_app(replace(settings, database_url="postgresql://casare_functions@127.0.0.1:1/postgres"))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://o") as client:
        await check(replace(world, client=client), example)
    await app.close()


@pytest.fixture(scope="module")
def platform(shared_database: Database) -> Iterator[Settings]:
    with running_platform(shared_database, refresh_token_reuse_seconds=0, minimum_password_length=6) as settings:
        yield settings


@pytest.fixture(scope="module")
def admin(platform: Settings) -> None:
    """The user of the documents: admin, with the password `secret`, of a tenant whose slug is optional-tenant-id."""
    body = {
        "email": "admin@example.test",
        "password": "secret",
        "email_confirm": True,
        "app_metadata": {"registration": {"tenant_name": "Optional tenant id", "username": "admin"}},
    }
    headers = {"apikey": SECRET_KEY, "Authorization": f"Bearer {SECRET_KEY}"}
    url = f"{platform.supabase_url}/auth/v1/admin/users"
    answer = httpx2.post(url, json=body, headers=headers, trust_env=False)
    assert answer.status_code == 200, answer.text


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app_with_auth(platform: Settings) -> AsyncIterator[Orchestrator]:
    app = create_app(platform)
    yield app
    await app.close()


@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("example", AUTH, ids=str)
async def test_the_documented_login_works(
    app_with_auth: Orchestrator, shared_database: Database, example: Example
) -> None:
    transport = httpx2.ASGITransport(app_with_auth)
    async with httpx2.AsyncClient(transport=transport, base_url="http://o") as client:
        world = World(shared_database, make_tenant(shared_database), client, {"nobody": {}})
        login = {"username": "admin", "password": "secret"}
        tokens = await world.ask("POST", "/auth/login", "nobody", json=login)
        world.words = {"refresh_token": tokens["refresh_token"], "access_token": tokens["access_token"]}
        world.callers["user"] = {"Authorization": f"Bearer {tokens['access_token']}"}
        if example.given == "used refresh token":
            used = {"refresh_token": tokens["refresh_token"]}
            for _ in range(2):
                used = await world.ask("POST", "/auth/refresh", "nobody", json={"refresh_token": used["refresh_token"]})
        await check(world, example)


async def check(world: World, example: Example) -> None:
    """Send an example's request and hold the answer against the documented form."""
    method, path = fill(example.request, world.words).split()
    request: dict[str, Any] = {
        "headers": world.callers[example.caller],
        "params": {name: fill(value, world.words) for name, value in example.query.items()},
    }
    if example.given.startswith("file "):
        name = example.given.removeprefix("file ")
        request["files"] = {"file": (name, json.dumps(GRAPH).encode(), "application/json")}
        request["data"] = example.form
    elif example.body is not None:
        request["content"] = fill(json.dumps(example.body), world.words)
        request["headers"] = {**request["headers"], "Content-Type": "application/json"}
    answer = await world.client.request(method, f"{example.base}{path}", **request)
    assert answer.status_code == example.status, answer.text
    if isinstance(example.answer, str):
        assert samples(example.answer).items() <= samples(answer.text).items()
        return
    words = () if example.status >= 400 else tuple(word for word in WORDS if word != example.differs)
    faults = list(differences(example.answer, answer.json(), words))
    if method in ("POST", "PUT") and path.startswith("/robots"):
        sent = {name: value for name, value in (example.body or {}).items() if name != "status"}
        got = answer.json()
        faults += [
            f"{name} is not what was sent"
            for name in sent
            if name in got and in_order(got[name]) != in_order(sent[name])
        ]
    assert not faults, answer.text


def in_order(value: Any) -> Any:
    """Lists of words are sets: capabilities and tags may come back in another order."""
    return sorted(value) if isinstance(value, list) else value


def fill(text: str, words: dict[str, str]) -> str:
    """Put the words in for their `{name}`."""
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return text
