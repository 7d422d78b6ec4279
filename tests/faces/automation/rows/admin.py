"""The organization, roles and permissions."""

import uuid
from typing import Any

import httpx2
from tests.faces.automation.document import entry, within
from tests.faces.stage import Stage


async def made_role(stage: Stage, *permissions: str) -> dict[str, Any]:
    """A role that was just made."""
    body = {"name": "Auditor", "slug": f"r{uuid.uuid4().hex[:8]}", "permission_ids": list(permissions)}
    answer = await stage.admin.post("/admin/roles", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


COUNTS = "users workflows agents credentials executions_total executions_running executions_failed"


@entry(
    "GET /admin/overview",
    f"{within('organization', 'id name plan created_at')} {within('counts', COUNTS)}",
)
async def overview(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/admin/overview")


@entry("PUT /admin/organization", "id name plan")
async def organization(stage: Stage) -> httpx2.Response:
    return await stage.admin.put("/admin/organization", {"name": "New name"})


@entry(
    "GET /admin/roles",
    f"total {within('roles[]', 'id name slug description created_at permissions')}",
)
async def roles(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/admin/roles")


@entry("POST /admin/roles", "id name slug message", status=201)
async def create_role(stage: Stage) -> httpx2.Response:
    return await stage.admin.post("/admin/roles", {"name": "Auditor", "slug": "auditor"})


@entry("PUT /admin/roles/{}", "id name message")
async def update_role(stage: Stage) -> httpx2.Response:
    role = await made_role(stage)
    return await stage.admin.put(f"/admin/roles/{role['id']}", {"name": "Auditors"})


@entry("DELETE /admin/roles/{}", status=204)
async def delete_role(stage: Stage) -> httpx2.Response:
    role = await made_role(stage)
    return await stage.admin.delete(f"/admin/roles/{role['id']}")


@entry("GET /admin/permissions", within("permissions[]", "id code name description"))
async def permissions(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/admin/permissions")
