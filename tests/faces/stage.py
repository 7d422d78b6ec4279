"""A tenant with its people and robots, each of whom can ask the orchestrator something."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from tests.databases import Database
from tests.factories import Key, Member, Robot, Tenant, Workflow, make_key, make_member, make_robot, make_workflow

Headers = Callable[[Member | Robot], dict[str, str]]

GRAPH: dict[str, Any] = {
    "nodes": [{"id": "start", "type": "StartNode"}, {"id": "end", "type": "EndNode"}],
    "connections": [],
}
UNKNOWN_ID = "00000000-0000-7000-8000-00000000dead"


@dataclass(frozen=True)
class Asker:
    """Somebody who asks the orchestrator, under /api/v1."""

    client: httpx2.AsyncClient
    headers: Mapping[str, str]

    async def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """The answer to a request."""
        headers = {**self.headers, **options.pop("headers", {})}
        if "json" in options:  # in ASCII, so that tests can send what UTF-8 cannot
            options["content"] = json.dumps(options.pop("json"))
            headers["Content-Type"] = "application/json"
        return await self.client.request(method, f"/api/v1{path}", headers=headers, **options)

    async def get(self, path: str, **params: Any) -> httpx2.Response:
        """The answer to a GET with query parameters."""
        return await self.ask("GET", path, params=params)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx2.Response:
        """The answer to a POST of JSON."""
        return await self.ask("POST", path, **({} if body is None else {"json": body}), **options)

    async def put(self, path: str, body: Any) -> httpx2.Response:
        """The answer to a PUT of JSON."""
        return await self.ask("PUT", path, json=body)

    async def delete(self, path: str) -> httpx2.Response:
        """The answer to a DELETE."""
        return await self.ask("DELETE", path)


@dataclass
class Stage:
    """One tenant."""

    database: Database
    client: httpx2.AsyncClient
    bearer: Headers
    tenant: Tenant
    _members: dict[str, Asker] = field(default_factory=dict)

    def member(self, role: str) -> Asker:
        """A member with a built-in role, with an access token."""
        if role not in self._members:
            who = self.tenant.admin if role == "admin" else make_member(self.database, self.tenant, role)
            self._members[role] = Asker(self.client, self.bearer(who))
        return self._members[role]

    @property
    def admin(self) -> Asker:
        """The first administrator."""
        return self.member("admin")

    def key(self, key: Key) -> Asker:
        """Whoever holds a key."""
        return Asker(self.client, {"X-Api-Key": key.text})

    def robot(self, external_id: str | None = None, **options: Any) -> tuple[Robot, Asker]:
        """A registered robot, asking with its key."""
        robot = make_robot(self.database, self.tenant, external_id, **options)
        return robot, self.key(robot.key)

    def service(self, *scopes: str) -> Asker:
        """A program with a service key of these scopes."""
        return self.key(make_key(self.database, self.tenant, "service", scopes=scopes))

    def workflow(self, name: str | None = None) -> Workflow:
        """A published workflow."""
        return make_workflow(self.database, self.tenant, name)

    async def job(self, workflow: Workflow | None = None, **fields: Any) -> str:
        """The id of a job that was just queued."""
        workflow = workflow or self.workflow()
        answer = await self.admin.post("/jobs", {"workflow_id": str(workflow.workflow_id), **fields})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["job_id"])

    async def claimed(self, robot: Asker, **fields: Any) -> dict[str, Any]:
        """A job that the robot has just claimed."""
        job_id = await self.job(**fields)
        answer = await robot.post("/jobs/claim", {})
        assert answer.status_code == 200, answer.text
        [job] = answer.json()["jobs"]
        assert job["job_id"] == job_id
        return dict(job)

    def scalar(self, query: str, *params: Any) -> Any:
        """What the database holds, seen by its owner."""
        with self.database.connect("supabase_admin") as owner:
            row = owner.execute(query, params).fetchone()
        return None if row is None else next(iter(row.values()))


def refused(answer: httpx2.Response, status: int, code: str | None = None, *words: str) -> bool:
    """Whether an answer is a refusal of the face's shape, with a sentence that has these words."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) - {"errors", "details"} == {"detail", "error_code", "request_id"}, body
    assert answer.headers["x-request-id"] == body["request_id"]
    assert code in (None, body["error_code"]), body
    assert isinstance(body["detail"], str)
    for word in words:
        assert word in body["detail"], body["detail"]
    return True
