"""Which user has which role."""

import httpx2
from tests.faces.automation.document import entry, within
from tests.faces.automation.rows.admin import made_role
from tests.faces.stage import Stage
from tests.factories import make_member


@entry("GET /user-roles/{}/roles", f"user_id email {within('roles[]', 'id name slug description')}")
async def roles_of(stage: Stage) -> httpx2.Response:
    return await stage.admin.get(f"/user-roles/{stage.tenant.admin.user_id}/roles")


@entry("POST /user-roles/{}/roles", "message role_id", status=201)
async def assign(stage: Stage) -> httpx2.Response:
    member, role = make_member(stage.database, stage.tenant), await made_role(stage)
    return await stage.admin.post(f"/user-roles/{member.user_id}/roles", {"role_id": role["id"]})


@entry("DELETE /user-roles/{}/roles/{}", status=204)
async def unassign(stage: Stage) -> httpx2.Response:
    member, role = make_member(stage.database, stage.tenant), await made_role(stage)
    await stage.admin.post(f"/user-roles/{member.user_id}/roles", {"role_id": role["id"]})
    return await stage.admin.delete(f"/user-roles/{member.user_id}/roles/{role['id']}")


@entry("POST /user-roles/bulk-assign", "success skipped errors[].user_id errors[].error role.id role.name")
async def assign_to_many(stage: Stage) -> httpx2.Response:
    member, role = make_member(stage.database, stage.tenant), await made_role(stage)
    ids = [str(member.user_id), role["id"]]
    return await stage.admin.post("/user-roles/bulk-assign", {"user_ids": ids, "role_id": role["id"]})


@entry(
    "GET /user-roles/by-role/{}",
    f"{within('role', 'id name slug')} {within('users[]', 'id email first_name last_name is_active')}",
)
async def users_of_role(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/user-roles/by-role/00000000-0000-7000-8000-000000000001")
