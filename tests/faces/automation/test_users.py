"""Users, their roles, invitations and keys, through the automation face."""

from typing import Any

import httpx2
import pytest
from tests.faces.automation.platform import settings, signer  # noqa: F401 — people register with invitations
from tests.faces.automation.rows.admin import made_role
from tests.faces.automation.rows.auth import register
from tests.faces.stage import UNKNOWN_ID, Asker, Stage, refused
from tests.factories import Member, make_member

VIEWER_ROLE = "00000000-0000-7000-8000-000000000004"
ADMIN_ROLE = "00000000-0000-7000-8000-000000000001"


def asker(stage: Stage, member: Member) -> Asker:
    return Asker(stage.client, stage.bearer(member))


async def test_users_are_listed_in_pages_with_the_keys_of_me(stage: Stage) -> None:
    member = make_member(stage.database, stage.tenant, "developer")
    answer = (await stage.admin.get("/users/", page=2, per_page=1)).json()
    assert (answer["total"], answer["page"], answer["per_page"]) == (2, 2, 1)
    [user] = answer["users"]
    assert (user["id"], user["roles"], user["is_active"]) == (str(member.user_id), ["developer"], True)
    assert user == (await stage.admin.get(f"/users/{member.user_id}")).json()
    assert set(user) <= set((await stage.admin.get("/auth/me")).json())


async def test_a_deactivated_user_has_no_access_stays_listed_and_is_woken(stage: Stage) -> None:
    member = make_member(stage.database, stage.tenant, "developer")
    person = asker(stage, member)
    assert (await person.get("/auth/me")).status_code == 200
    assert (await stage.admin.put(f"/users/{member.user_id}", {"is_active": False})).json()["is_active"] is False
    assert (await person.get("/auth/me")).status_code == 403
    assert [user["is_active"] for user in (await stage.admin.get("/users")).json()["users"]] == [True, False]
    assert (await stage.admin.put(f"/users/{member.user_id}", {"is_active": True})).json()["roles"] == ["developer"]
    assert (await person.get("/auth/me")).status_code == 200
    assert (await stage.admin.delete(f"/users/{member.user_id}")).status_code == 204
    assert (await person.get("/auth/me")).status_code == 403
    assert [user["is_active"] for user in (await stage.admin.get("/users")).json()["users"]] == [True, False]


async def test_the_last_active_admin_stays(stage: Stage) -> None:
    second = make_member(stage.database, stage.tenant, "admin")
    first = stage.tenant.admin.user_id
    assert (await asker(stage, second).put(f"/users/{first}", {"is_active": False})).status_code == 200
    assert refused(await asker(stage, second).put(f"/users/{second.user_id}", {"is_active": False}), 400)
    answer = await asker(stage, second).delete(f"/user-roles/{second.user_id}/roles/{ADMIN_ROLE}")
    assert refused(answer, 409, "LAST_ADMIN")
    assert refused(await asker(stage, second).delete(f"/users/{second.user_id}"), 400, "OWN_MEMBERSHIP")


async def test_people_change_their_own_name_and_nobody_renames_who_belongs_elsewhere_too(
    stage: Stage, elsewhere: Stage
) -> None:
    viewer = make_member(stage.database, stage.tenant, "viewer")
    body = {"first_name": "Grace", "last_name": "Hopper"}
    assert (await asker(stage, viewer).put(f"/users/{viewer.user_id}", body)).status_code == 403, "it reads no users"
    assert stage.scalar("select first_name from public.profiles where user_id = %s", viewer.user_id) == ""
    assert (await stage.admin.put(f"/users/{viewer.user_id}", body)).json()["first_name"] == "Grace"
    assert refused(await elsewhere.admin.put(f"/users/{viewer.user_id}", body), 404, "MEMBER_NOT_FOUND")


async def test_an_invitation_is_accepted_at_registration(stage: Stage) -> None:
    email = "invited@example.test"
    answer = await stage.admin.post("/users/invite", {"email": email, "role_id": VIEWER_ROLE})
    assert answer.status_code == 201, answer.text
    token = answer.json()["invitation_token"]
    wrong = (await register(stage, email="other@example.test", org_name=None, invitation_token=token))[1]
    assert refused(wrong, 404, "INVITATION_NOT_FOUND")
    form, made = await register(stage, email=email, org_name=None, invitation_token=token)
    assert made.status_code == 201, made.text
    person = Asker(stage.client, {"Authorization": f"Bearer {made.json()['access_token']}"})
    me = (await person.get("/auth/me")).json()
    assert (me["org_id"], me["roles"], me["first_name"]) == (str(stage.tenant.tenant_id), ["viewer"], "Ada")
    again = await Asker(stage.client, {}).post("/auth/register", {k: v for k, v in form.items() if v})
    assert again.status_code == 201, "the same registration again is a login"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/users/{id}", None),
        ("PUT", "/users/{id}", {"is_active": False}),
        ("DELETE", "/users/{id}", None),
        ("GET", "/user-roles/{id}/roles", None),
        ("POST", "/user-roles/{id}/roles", {"role_id": VIEWER_ROLE}),
        ("DELETE", f"/user-roles/{{id}}/roles/{VIEWER_ROLE}", None),
    ],
)
async def test_another_organization_s_user_is_unknown(
    stage: Stage, elsewhere: Stage, method: str, path: str, body: Any
) -> None:
    member = make_member(stage.database, stage.tenant, "viewer")
    for somebody in (str(member.user_id), UNKNOWN_ID):
        options = {} if body is None else {"json": body}
        answer = await elsewhere.admin.ask(method, path.format(id=somebody), **options)
        assert refused(answer, 404), path


async def test_another_organization_s_role_and_key_are_unknown(stage: Stage, elsewhere: Stage) -> None:
    role = await made_role(stage, "executions.read")
    key = (await stage.admin.post("/api-keys", {"name": "k"})).json()
    for answer in (
        await elsewhere.admin.put(f"/admin/roles/{role['id']}", {"name": "x"}),
        await elsewhere.admin.delete(f"/admin/roles/{role['id']}"),
        await elsewhere.admin.get(f"/user-roles/by-role/{role['id']}"),
        await elsewhere.admin.delete(f"/api-keys/{key['id']}"),
    ):
        assert refused(answer, 404)


async def test_a_viewer_changes_nothing(stage: Stage) -> None:
    viewer, user_id = stage.member("viewer"), stage.tenant.admin.user_id
    asked: list[httpx2.Response] = [
        await viewer.put(f"/users/{user_id}", {"is_active": False}),
        await viewer.delete(f"/users/{user_id}"),
        await viewer.post("/users/invite", {"email": "x@example.test", "role_id": VIEWER_ROLE}),
        await viewer.post(f"/user-roles/{user_id}/roles", {"role_id": VIEWER_ROLE}),
        await viewer.delete(f"/user-roles/{user_id}/roles/{ADMIN_ROLE}"),
        await viewer.post("/user-roles/bulk-assign", {"user_ids": [str(user_id)], "role_id": VIEWER_ROLE}),
        await viewer.put("/admin/organization", {"name": "x"}),
        await viewer.post("/admin/roles", {"name": "x", "slug": "x"}),
        await viewer.put(f"/admin/roles/{VIEWER_ROLE}", {"name": "x"}),
        await viewer.delete(f"/admin/roles/{VIEWER_ROLE}"),
        await viewer.post("/api-keys", {"name": "x"}),
    ]
    assert [answer.status_code for answer in asked] == [403] * len(asked)
    assert "users.write" in asked[0].json()["detail"], "in the words of this face"


async def test_roles_show_what_their_wildcards_stand_for_in_the_words_of_the_face(stage: Stage) -> None:
    role = await made_role(stage, "executions.*", "agents:read")
    shown = {item["slug"]: item for item in (await stage.admin.get("/admin/roles")).json()["roles"]}
    codes = {permission["id"] for permission in shown[role["slug"]]["permissions"]}
    assert {"executions.read", "executions.cancel", "agents.read"} <= codes
    assert not any(code.startswith(("jobs.", "robots.")) for code in codes)
    everything = {item["id"] for item in (await stage.admin.get("/admin/permissions")).json()["permissions"]}
    assert {permission["id"] for permission in shown["admin"]["permissions"]} == everything
    assert "robot" not in shown


async def test_built_in_roles_and_taken_slugs(stage: Stage) -> None:
    assert refused(await stage.admin.delete(f"/admin/roles/{ADMIN_ROLE}"), 400, "ROLE_BUILT_IN")
    assert refused(await stage.admin.put(f"/admin/roles/{ADMIN_ROLE}", {"name": "x"}), 400, "ROLE_BUILT_IN")
    assert refused(await stage.admin.post("/admin/roles", {"name": "x", "slug": "admin"}), 409, "ROLE_EXISTS")
    answer = await stage.admin.post("/admin/roles", {"name": "x", "slug": "x", "permission_ids": ["made.up"]})
    assert refused(answer, 422, "INVALID_ARGUMENT", "permission")
    assert answer.json()["errors"]


async def test_a_role_is_given_once_and_to_many(stage: Stage) -> None:
    one, two = [make_member(stage.database, stage.tenant) for _ in range(2)]
    role = await made_role(stage)
    path = f"/user-roles/{one.user_id}/roles"
    assert (await stage.admin.post(path, {"role_id": role["id"]})).status_code == 201
    assert refused(await stage.admin.post(path, {"role_id": role["id"]}), 409, "ROLE_ASSIGNED")
    body = {"user_ids": [str(one.user_id), str(two.user_id), UNKNOWN_ID], "role_id": role["id"]}
    answer = (await stage.admin.post("/user-roles/bulk-assign", body)).json()
    assert (answer["success"], answer["skipped"]) == (1, 1)
    assert [error["user_id"] for error in answer["errors"]] == [UNKNOWN_ID]
    who = (await stage.admin.get(f"/user-roles/by-role/{role['id']}")).json()["users"]
    assert {user["id"] for user in who} == {str(one.user_id), str(two.user_id)}


async def test_nobody_gives_their_organization_another_plan(stage: Stage) -> None:
    answer = await stage.admin.put("/admin/organization", {"name": "Changed", "plan": "enterprise"})
    assert refused(answer, 403, "FORBIDDEN", "plan")
    assert (await stage.admin.get("/admin/overview")).json()["organization"]["name"] != "Changed"
    assert (await stage.admin.put("/admin/organization", {"plan": "free"})).json()["plan"] == "free"
    assert refused(await stage.admin.put("/admin/organization", {"plan": "golden"}), 422, None, "plan")
    assert refused(await stage.admin.put("/admin/organization", {}), 422)


async def test_a_key_is_shown_once_and_does_what_it_was_made_for(stage: Stage) -> None:
    body = {"name": "Reports", "permissions": ["users.read"], "expires_in_days": 7}
    made = (await stage.admin.post("/api-keys/", body)).json()
    program = Asker(stage.client, {"Authorization": f"Bearer {made['raw_key']}"})
    assert (await program.get("/users")).status_code == 200
    assert (await program.get("/admin/overview")).status_code == 403
    [listed] = (await stage.admin.get("/api-keys/")).json()
    assert (listed["permissions"], listed["is_active"]) == (["users.read"], True)
    assert made["raw_key"] not in str(listed)
    assert (await stage.admin.delete(f"/api-keys/{made['id']}")).status_code == 204
    assert (await program.get("/users")).status_code == 401
    assert (await stage.admin.get("/api-keys")).json() == []


async def test_an_expired_key_stays_listed_and_is_not_active(stage: Stage) -> None:
    made = (await stage.admin.post("/api-keys/", {"name": "Reports", "expires_in_days": 1})).json()
    with stage.database.connect() as owner:
        owner.execute("update public.api_keys set expires_at = now() where api_key_id = %s", [made["id"]])
    assert [key["is_active"] for key in (await stage.admin.get("/api-keys")).json()] == [False]


async def test_keys_of_the_organization_come_later(stage: Stage) -> None:
    assert (await stage.admin.get("/admin/config")).json() == {"config": {}}
    assert refused(await stage.admin.put("/admin/config", {"key": "K", "value": "v"}), 501, "COMES_LATER")
    assert refused(await stage.admin.delete("/admin/config/K"), 501, "COMES_LATER")
