"""Whatever the OpenAPI document has a path for: another organization's ids are unknown there, and a viewer changes
nothing. A route that is added is asked as well, with the example of its body.
"""

import re
from typing import Any

import httpx2
import pytest_asyncio
from tests.faces.automation.platform import settings, signer  # noqa: F401 — passwords are asked for
from tests.faces.automation.rows import runs
from tests.faces.automation.rows.admin import made_role
from tests.faces.stage import Stage, refused
from tests.faces.test_openapi import schemas_of
from tests.factories import make_key, make_member

from casare_cloud.faces.automation.later.table import BESIDES, DOCUMENTED

Document = dict[str, Any]
LATER = {f"{method} {path}" for method, path, _ in (*DOCUMENTED, *BESIDES)} | {
    "PUT /admin/config", "DELETE /admin/config/{key}",
}  # fmt: skip
# Answers of their own: each id is named in the answer (below), or what is asked for is nobody's.
ELSEWHERE = ("/bulk/", "/auth/", "/task-types/", "/admin/organization")
# What a viewer may do: nothing that others see of it.
HARMLESS = {
    "POST /workflow-variables/{workflow_id}/variables/validate", "PUT /notifications/read-all",
    "PUT /notifications/{notification_id}/read", "POST /triggers/test", "POST /auth/login", "POST /auth/refresh",
    "POST /auth/register", "POST /auth/change-password",
}  # fmt: skip


@pytest_asyncio.fixture(loop_scope="module")
async def document(client: httpx2.AsyncClient) -> Document:
    return dict((await client.get("/openapi.json")).json())


def operations(document: Document) -> list[tuple[str, str, Any]]:
    """(method, path under the base, the example of its body) of each that is there."""
    found = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            name = path.removeprefix("/api/v1")
            if path.startswith("/api/v1/") and "/health" not in path and f"{method.upper()} {name}" not in LATER:
                content = operation.get("requestBody", {}).get("content", {})
                body = schemas_of(document, content)[-1]["examples"][0] if content else None
                found.append((method.upper(), name, body))
    return found


async def ids_of(stage: Stage) -> dict[str, str]:
    """One of each thing of the organization, by the name that paths and bodies give its id."""
    agent_id, _ = await runs.agent(stage)
    await runs.ended(stage)
    notified = (await stage.admin.get("/notifications")).json()["notifications"][0]["id"]
    return {
        "workflow_id": await runs.draft(stage),
        "execution_id": await runs.executed(stage),
        "agent_id": agent_id,
        "schedule_id": await runs.schedule(stage),
        "trigger_id": (await runs.trigger(stage))["id"],
        "user_id": str(make_member(stage.database, stage.tenant, "viewer").user_id),
        "role_id": (await made_role(stage))["id"],
        "key_id": str(make_key(stage.database, stage.tenant, "service", scopes=["*"]).api_key_id),
        "notification_id": notified,
    }


def placed(value: Any, ids: dict[str, str]) -> Any:
    """The body with these ids in the places that are called so."""
    if isinstance(value, dict):
        return {name: ids.get(name, placed(item, ids)) for name, item in value.items()}
    return [placed(item, ids) for item in value] if isinstance(value, list) else value


async def ask(stage: Stage, role: str, method: str, path: str, body: Any, ids: dict[str, str]) -> httpx2.Response:
    where = re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], found[1]), path)
    return await stage.member(role).ask(method, where, **({} if body is None else {"json": placed(body, ids)}))


async def test_each_id_of_another_organization_is_unknown_in_paths_and_bodies(
    stage: Stage, elsewhere: Stage, document: Document
) -> None:
    ids, asked = await ids_of(stage), 0
    for method, path, body in operations(document):
        names = {*re.findall(r"\{(\w+)\}", path), *(body or {})} & ids.keys()
        if not names or path.startswith(ELSEWHERE):
            continue
        answer = await ask(elsewhere, "admin", method, path, body, ids)
        if path.startswith("/agent-tasks/") and method == "POST":
            assert answer.status_code == 403, (method, path)  # a person is no agent, whatever is asked for
        elif names <= {"agent_id", "execution_id"} and method == "POST" and path.endswith("/heartbeat"):
            assert answer.status_code == 403, (method, path)
        else:
            assert refused(answer, 404), (method, path, answer.text)
        asked += 1
    assert asked >= 50


async def test_an_agent_of_another_organization_finds_no_task_and_no_agent_here(stage: Stage, elsewhere: Stage) -> None:
    execution_id, agent_id, _ = await runs.claimed(stage)
    _, other = await runs.agent(elsewhere)
    for verb, body in (("result", {"status": "completed"}), ("logs", {"entries": []}), ("release", None)):
        assert refused(await other.post(f"/agent-tasks/{execution_id}/{verb}", body), 404, "JOB_NOT_FOUND")
    assert refused(await other.post("/agent-tasks/claim", {"agent_id": agent_id}), 404, "ROBOT_NOT_FOUND")
    assert refused(await other.post(f"/agents/{agent_id}/heartbeat"), 403, "FORBIDDEN")  # as any agent but itself


async def test_a_viewer_changes_nothing_wherever_it_asks(stage: Stage, document: Document) -> None:
    ids, asked = await ids_of(stage), 0
    for method, path, body in operations(document):
        if method == "GET" or f"{method} {path}" in HARMLESS:
            continue
        answer = await ask(stage, "viewer", method, path, body, ids)
        assert refused(answer, 403, "FORBIDDEN"), (method, path, answer.text)
        asked += 1
    assert asked >= 45
    assert {f"{method} {path}" for method, path, _ in operations(document)} > HARMLESS
