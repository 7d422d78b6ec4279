"""Members, invitations, roles and tenants, over HTTP; and what somebody would try who wants more than they have."""

import secrets
import uuid
from typing import Any

import httpx2
import pytest
from tests.faces.automation.platform import settings, signer  # noqa: F401 — people register with invitations
from tests.faces.stage import UNKNOWN_ID, Asker, Stage, refused
from tests.factories import Member, make_member

PASSWORD = "Correct-Horse-9"


def asker(stage: Stage, member: Member) -> Asker:
    return Asker(stage.client, stage.bearer(member))


def bearer_of(stage: Stage, tokens: dict[str, Any]) -> Asker:
    return Asker(stage.client, {"Authorization": f"Bearer {tokens['access_token']}"})


async def invited(stage: Stage, email: str, role: str = "viewer", **more: Any) -> dict[str, Any]:
    """An invitation that was just made."""
    answer = await stage.admin.post("/invitations", {"email": email, "role": role, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def registered(stage: Stage, **form: Any) -> httpx2.Response:
    """The answer to somebody who registers."""
    return await Asker(stage.client, {}).post("/auth/register", {"password": PASSWORD, **form})


def new_email() -> str:
    return f"{secrets.token_hex(6)}@example.test"


# --- members ----------------------------------------------------------------------------------------------------------


async def test_members_are_listed_searched_and_read(stage: Stage) -> None:
    member = make_member(stage.database, stage.tenant, "developer", f"grace-{new_email()}")
    answer = (await stage.admin.get("/members", limit=1, offset=1)).json()
    assert (answer["total"], answer["limit"], answer["offset"]) == (2, 1, 1)
    [found] = answer["members"]
    assert (found["user_id"], found["email"], found["is_active"]) == (str(member.user_id), member.email, True)
    assert [role["slug"] for role in found["roles"]] == ["developer"]
    assert (await stage.admin.get("/members", search="GRACE-")).json()["members"] == [found]
    assert (await stage.admin.get("/members", role="developer")).json()["members"] == [found]
    assert (await stage.admin.get("/members", search="nobody at all")).json()["total"] == 0
    assert (await stage.admin.get("/members", offset=5)).json()["total"] == 2
    assert refused(await stage.admin.get("/members", role="no such"), 404, "ROLE_NOT_FOUND")
    assert (await stage.admin.get(f"/members/{member.user_id}")).json() == found


async def test_roles_say_what_they_allow(stage: Stage) -> None:
    roles = {role["slug"]: role for role in (await stage.admin.get("/roles")).json()["roles"]}
    assert set(roles) == {"admin", "developer", "operator", "viewer"}
    assert "members.write" in roles["admin"]["permissions"]
    assert "workflows.write" not in roles["operator"]["permissions"]


async def test_a_role_of_the_tenant_is_made_changed_given_and_deleted(stage: Stage) -> None:
    form = {"name": " Auditor ", "slug": "auditor", "permissions": ["jobs.read", "audit.*"]}
    made = await stage.admin.post("/roles", form)
    assert made.status_code == 201, made.text
    role = made.json()
    assert (role["name"], role["is_built_in"]) == ("Auditor", False)
    assert role["permissions"] == ["audit.read", "jobs.read"]
    member = make_member(stage.database, stage.tenant, "viewer")
    given = await stage.admin.ask("PATCH", f"/members/{member.user_id}", json={"roles": ["auditor"]})
    assert [each["slug"] for each in given.json()["roles"]] == ["auditor"]
    assert (await asker(stage, member).get("/audit")).status_code == 200
    changed = await stage.admin.ask("PATCH", f"/roles/{role['role_id']}", json={"permissions": ["jobs.read"]})
    assert (changed.json()["name"], changed.json()["permissions"]) == ("Auditor", ["jobs.read"])
    assert refused(await asker(stage, member).get("/audit"), 403, "FORBIDDEN")
    gone = await stage.admin.delete(f"/roles/{role['role_id']}")
    assert (gone.status_code, gone.json()) == (200, {"role_id": role["role_id"]})
    assert (await stage.admin.get(f"/members/{member.user_id}")).json()["roles"] == []
    assert refused(await stage.admin.delete(f"/roles/{role['role_id']}"), 404, "ROLE_NOT_FOUND")


async def test_a_role_that_is_not_allowed_or_makes_no_sense_is_refused(stage: Stage) -> None:
    roles = {role["slug"]: role["role_id"] for role in (await stage.admin.get("/roles")).json()["roles"]}
    known = {each["code"] for each in (await stage.admin.get("/roles/permissions")).json()["permissions"]}
    assert {"jobs.read", "members.write"} <= known
    viewer = asker(stage, make_member(stage.database, stage.tenant, "viewer"))
    form: dict[str, Any] = {"name": "N", "slug": "n", "permissions": ["jobs.read"]}
    assert refused(await viewer.post("/roles", form), 403, "FORBIDDEN")
    assert refused(await viewer.ask("PATCH", f"/roles/{roles['viewer']}", json={"name": "x"}), 403, "FORBIDDEN")
    assert refused(await viewer.delete(f"/roles/{roles['viewer']}"), 403, "FORBIDDEN")
    assert refused(await stage.admin.post("/roles", {**form, "slug": "viewer"}), 409, "ROLE_EXISTS")
    assert refused(await stage.admin.post("/roles", {**form, "slug": "Not so"}), 400, "INVALID_ARGUMENT", "slug")
    unknown = {**form, "permissions": ["jobs.fly"]}
    assert refused(await stage.admin.post("/roles", unknown), 400, "INVALID_ARGUMENT", "jobs.fly")
    built_in = f"/roles/{roles['viewer']}"
    assert refused(await stage.admin.ask("PATCH", built_in, json={"name": "x"}), 409, "ROLE_BUILT_IN")
    assert refused(await stage.admin.ask("PATCH", built_in, json={}), 400, "INVALID_ARGUMENT", "permissions")
    assert refused(await stage.admin.delete(built_in), 409, "ROLE_BUILT_IN")


async def test_a_member_gets_other_roles_in_the_place_of_those_before(stage: Stage) -> None:
    member = make_member(stage.database, stage.tenant, "viewer")
    path = f"/members/{member.user_id}"
    changed = await stage.admin.ask("PATCH", path, json={"roles": ["operator", "developer"], "first_name": "Grace"})
    assert changed.status_code == 200, changed.text
    assert [role["slug"] for role in changed.json()["roles"]] == ["developer", "operator"]
    assert changed.json()["first_name"] == "Grace"
    back = await stage.admin.ask("PATCH", path, json={"roles": ["viewer"]})
    assert [role["slug"] for role in back.json()["roles"]] == ["viewer"]


@pytest.mark.parametrize(
    ("body", "status", "code", "word"),
    [
        ({}, 400, "INVALID_ARGUMENT", "roles"),
        ({"roles": []}, 400, "INVALID_ARGUMENT", "roles"),
        ({"roles": ["no such"]}, 404, "ROLE_NOT_FOUND", "role"),
        ({"roles": ["robot"]}, 404, "ROLE_NOT_FOUND", "role"),
        ({"is_active": "no"}, 400, "INVALID_ARGUMENT", "is_active"),
        ({"email": "x@example.test"}, 400, "INVALID_ARGUMENT", "email"),
    ],
)
async def test_a_change_that_makes_no_sense_names_the_field(
    stage: Stage, body: dict[str, Any], status: int, code: str, word: str
) -> None:
    member = make_member(stage.database, stage.tenant, "viewer")
    assert refused(await stage.admin.ask("PATCH", f"/members/{member.user_id}", json=body), status, code, word)


async def test_the_last_admin_is_neither_removed_nor_demoted(stage: Stage) -> None:
    me = f"/members/{stage.tenant.admin.user_id}"
    assert refused(await stage.admin.ask("PATCH", me, json={"roles": ["developer"]}), 409, "LAST_ADMIN")
    assert refused(await stage.admin.delete(me), 409, "LAST_ADMIN")
    assert refused(await stage.admin.ask("PATCH", me, json={"is_active": False}), 400, "OWN_MEMBERSHIP")
    roles = (await stage.admin.get(me)).json()["roles"]
    assert [role["slug"] for role in roles] == ["admin"]


async def test_nobody_raises_themselves_or_touches_who_may_do_more(stage: Stage) -> None:
    """A member who manages members, and may do little else."""
    lead = make_member(stage.database, stage.tenant, "viewer")
    with stage.database.connect() as owner:
        owner.execute(
            "with made as (insert into public.roles (tenant_id, name, slug) values (%s, 'Lead', 'lead') "
            "returning role_id), allowed as (insert into public.role_permissions (role_id, permission) "
            "select role_id, 'members.*' from made) "
            "insert into public.member_roles (tenant_id, user_id, role_id) select %s, %s, role_id from made",
            [stage.tenant.tenant_id, stage.tenant.tenant_id, lead.user_id],
        )
    me = asker(stage, lead)
    mine, admins = f"/members/{lead.user_id}", f"/members/{stage.tenant.admin.user_id}"
    assert refused(await me.ask("PATCH", mine, json={"roles": ["admin"]}), 403, "FORBIDDEN")
    assert refused(await me.ask("PATCH", admins, json={"roles": ["viewer"]}), 403, "FORBIDDEN")
    assert refused(await me.delete(admins), 403, "FORBIDDEN")
    assert refused(await me.post("/invitations", {"email": new_email(), "role": "admin"}), 403, "FORBIDDEN")
    assert (await me.post("/invitations", {"email": new_email(), "role": "lead"})).status_code == 201
    more = {"name": "More", "slug": "more", "permissions": ["members.read", "robots.control"]}
    assert refused(await me.post("/roles", more), 403, "FORBIDDEN")


async def test_a_viewer_sees_and_changes_none_of_it(stage: Stage) -> None:
    member = make_member(stage.database, stage.tenant, "developer")
    for role in ("developer", "operator", "viewer"):
        somebody = stage.member(role)
        for path in ("/members", f"/members/{member.user_id}", "/roles", "/invitations"):
            assert refused(await somebody.get(path), 403, "FORBIDDEN")
        body = {"roles": ["viewer"]}
        assert refused(await somebody.ask("PATCH", f"/members/{member.user_id}", json=body), 403, "FORBIDDEN")
        assert refused(await somebody.delete(f"/members/{member.user_id}"), 403, "FORBIDDEN")
        assert refused(await somebody.post("/invitations", {"email": new_email(), "role": "viewer"}), 403, "FORBIDDEN")


async def test_another_tenants_people_roles_and_invitations_are_unknown(stage: Stage, elsewhere: Stage) -> None:
    member = make_member(stage.database, stage.tenant, "viewer")
    invitation = await invited(stage, new_email())
    with stage.database.connect() as owner:
        row = owner.execute(
            "insert into public.roles (tenant_id, name, slug) values (%s, 'Own', 'own') returning role_id",
            [stage.tenant.tenant_id],
        ).fetchone()
    assert row is not None
    stranger, own = elsewhere.admin, f"/members/{elsewhere.tenant.admin.user_id}"
    for user_id in (member.user_id, UNKNOWN_ID):
        path = f"/members/{user_id}"
        for answer in (
            await stranger.get(path),
            await stranger.ask("PATCH", path, json={"roles": ["viewer"]}),
            await stranger.delete(path),
        ):
            assert refused(answer, 404, "MEMBER_NOT_FOUND")
    for invitation_id in (invitation["invitation_id"], UNKNOWN_ID):
        assert refused(await stranger.post(f"/invitations/{invitation_id}/revoke"), 404, "INVITATION_NOT_FOUND")
    for role in ("own", str(row["role_id"]), UNKNOWN_ID):
        assert refused(await stranger.ask("PATCH", own, json={"roles": [role]}), 404, "ROLE_NOT_FOUND")
        answer = await stranger.post("/invitations", {"email": new_email(), "role": role})
        assert refused(answer, 404, "ROLE_NOT_FOUND")
    assert (await stranger.get("/members", search=member.email)).json()["total"] == 0
    assert (await stranger.get("/invitations")).json()["total"] == 0


async def test_a_removed_members_token_stops_at_once_and_the_keys_that_stay_are_named(stage: Stage) -> None:
    member = make_member(stage.database, stage.tenant, "admin")
    person = asker(stage, member)
    key = (await person.post("/api-keys", {"name": "left", "scopes": ["jobs.read"]})).json()
    gone = await stage.admin.delete(f"/members/{member.user_id}")
    assert (gone.status_code, gone.json()) == (
        200,
        {"user_id": str(member.user_id), "live_api_keys": [key["api_key_id"]]},
    )
    assert (await person.get("/members")).status_code == 403
    assert (await person.get("/jobs")).status_code == 403
    assert refused(await stage.admin.get(f"/members/{member.user_id}"), 404, "MEMBER_NOT_FOUND")


async def test_who_leaves_alone_needs_no_permission(stage: Stage) -> None:
    member = make_member(stage.database, stage.tenant, "viewer")
    assert (await asker(stage, member).delete(f"/members/{member.user_id}")).status_code == 200


# --- invitations ------------------------------------------------------------------------------------------------------


async def test_who_has_no_account_registers_with_the_token(stage: Stage) -> None:
    email = new_email()
    made = await invited(stage, email.upper(), "developer")
    assert (made["email"], made["role"], made["status"]) == (email, "developer", "open")
    assert made["inviter"] == stage.tenant.admin.email
    assert refused(await registered(stage, email=new_email(), invitation_token=made["token"]), 404)
    both = await registered(stage, email=email, org_name="Mine", invitation_token=made["token"])
    assert refused(both, 400, "INVALID_ARGUMENT", "org_name")
    joined = await registered(stage, email=email, invitation_token=made["token"])
    assert joined.status_code == 201, joined.text
    me = (await bearer_of(stage, joined.json()).get("/auth/me")).json()
    assert me["tenant_id"] == str(stage.tenant.tenant_id)
    assert "developer" in me["roles"]
    [listed] = (await stage.admin.get("/invitations")).json()["invitations"]
    assert listed["status"] == "accepted"
    assert "token" not in listed


async def test_who_has_an_account_accepts_and_changes_between_tenants(stage: Stage) -> None:
    email = new_email()
    tokens = (await registered(stage, email=email, org_name="Own")).json()
    person = bearer_of(stage, tokens)
    [own] = (await person.get("/auth/tenants")).json()["tenants"]
    assert (own["name"], own["is_current"]) == ("Own", True)

    made = await invited(stage, email, "operator")
    accepted = await person.post("/invitations/accept", {"token": made["token"]})
    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["tenant_id"] == str(stage.tenant.tenant_id)
    assert accepted.json()["tenant_name"] == stage.tenant.name
    assert refused(await person.post("/invitations/accept", {"token": made["token"]}), 404, "INVITATION_NOT_FOUND")

    tokens = (await person.post("/auth/refresh", {"refresh_token": tokens["refresh_token"]})).json()
    person = bearer_of(stage, tokens)
    tenants = {t["tenant_id"]: t["is_current"] for t in (await person.get("/auth/tenants")).json()["tenants"]}
    assert tenants == {own["tenant_id"]: False, str(stage.tenant.tenant_id): True}

    body = {"tenant": own["slug"], "refresh_token": tokens["refresh_token"]}
    back = await person.post("/auth/switch", body)
    assert back.status_code == 200, back.text
    assert (await bearer_of(stage, back.json()).get("/auth/me")).json()["tenant_id"] == own["tenant_id"]
    lost = {"tenant": UNKNOWN_ID, "refresh_token": back.json()["refresh_token"]}
    assert refused(await bearer_of(stage, back.json()).post("/auth/switch", lost), 404, "TENANT_NOT_FOUND")
    program = await stage.service("jobs.read").post("/auth/switch", body)
    assert refused(program, 400, "INVALID_TOKEN_TYPE")
    assert len((await stage.service("jobs.read").get("/auth/tenants")).json()["tenants"]) == 1


async def test_a_refused_switch_leaves_the_session_where_it_was(stage: Stage) -> None:
    email = new_email()
    first = (await registered(stage, email=email, org_name="Own")).json()
    [own] = (await bearer_of(stage, first).get("/auth/tenants")).json()["tenants"]
    made = await invited(stage, email, "operator")
    login = {"username": email, "password": PASSWORD, "tenant_id": own["tenant_id"]}
    other = (await Asker(stage.client, {}).post("/auth/login", login)).json()
    joined = await bearer_of(stage, first).post("/invitations/accept", {"token": made["token"]})
    assert joined.status_code == 200, joined.text

    async def tenant_of_next(tokens: dict[str, Any]) -> tuple[dict[str, Any], str]:
        tokens = (
            await bearer_of(stage, tokens).post("/auth/refresh", {"refresh_token": tokens["refresh_token"]})
        ).json()
        return tokens, (await bearer_of(stage, tokens).get("/auth/me")).json()["tenant_id"]

    # The first session was moved by the invitation, the other is where it began.
    for tokens, asked, stays in (
        (first, own["tenant_id"], str(stage.tenant.tenant_id)),
        (other, str(stage.tenant.tenant_id), own["tenant_id"]),
    ):
        body = {"tenant": asked, "refresh_token": "nonsense"}
        assert refused(await bearer_of(stage, tokens).post("/auth/switch", body), 401, "INVALID_REFRESH_TOKEN")
        kept, tenant_id = await tenant_of_next(tokens)
        assert tenant_id == stays
        stranger = (await Asker(stage.client, {}).post("/auth/login", login)).json()
        body = {"tenant": asked, "refresh_token": stranger["refresh_token"]}
        assert refused(await bearer_of(stage, kept).post("/auth/switch", body), 401, "INVALID_REFRESH_TOKEN")
        assert (await tenant_of_next(kept))[1] == stays


async def test_who_is_a_member_nowhere_gets_in_by_an_invitation(stage: Stage, elsewhere: Stage) -> None:
    member = make_member(stage.database, stage.tenant, "viewer")
    person = asker(stage, member)
    assert (await stage.admin.delete(f"/members/{member.user_id}")).status_code == 200
    assert (await person.get("/auth/tenants")).json() == {"tenants": []}
    assert refused(await person.get("/auth/me"), 403, "NO_TENANT")
    made = await invited(elsewhere, member.email)
    accepted = await person.post("/invitations/accept", {"token": made["token"]})
    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["tenant_id"] == str(elsewhere.tenant.tenant_id)
    assert [own["name"] for own in (await person.get("/auth/tenants")).json()["tenants"]] == [elsewhere.tenant.name]


async def test_no_token_of_an_invitation_is_an_option_of_commands(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_urlsafe", lambda *_: "-1" + "x" * 41)
    made = await stage.admin.post("/invitations", {"email": new_email(), "role": "viewer"})
    assert made.status_code == 201, made.text
    assert made.json()["token"] == "inv_-1" + "x" * 41


async def test_an_invitation_is_for_one_address_and_ends_by_revocation_time_and_a_newer_one(stage: Stage) -> None:
    guest, other = (make_member(stage.database, stage.tenant, "viewer") for _ in range(2))
    not_found = (404, "INVITATION_NOT_FOUND")

    async def accepts(member: Member, token: str) -> httpx2.Response:
        return await asker(stage, member).post("/invitations/accept", {"token": token})

    first = await invited(stage, guest.email)
    assert refused(await accepts(other, first["token"]), *not_found)
    second = await invited(stage, guest.email)
    assert refused(await accepts(guest, first["token"]), *not_found)
    revoked = await stage.admin.post(f"/invitations/{second['invitation_id']}/revoke")
    assert (revoked.status_code, revoked.json()["status"]) == (200, "revoked")
    assert refused(await accepts(guest, second["token"]), *not_found)
    third = await invited(stage, guest.email)
    with stage.database.connect() as owner:
        owner.execute(
            "update public.invitations set expires_at = now() - interval '1 second' where invitation_id = %s",
            [third["invitation_id"]],
        )
    assert refused(await accepts(guest, third["token"]), *not_found)
    listed = (await stage.admin.get("/invitations", status="expired")).json()
    assert [row["invitation_id"] for row in listed["invitations"]] == [third["invitation_id"]]
    assert (await stage.admin.get("/invitations", status="revoked")).json()["total"] == 2
    assert refused(await stage.service("*").post("/invitations/accept", {"token": third["token"]}), 401)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"email": "nobody"}, "email"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, "expires_at"),
        ({"role": ""}, "role"),
        ({"surprise": 1}, "surprise"),
    ],
)
async def test_an_invitation_that_makes_no_sense_is_400_and_names_the_field(
    stage: Stage, change: dict[str, Any], word: str
) -> None:
    body = {"email": new_email(), "role": "viewer", **change}
    assert refused(await stage.admin.post("/invitations", body), 400, "INVALID_ARGUMENT", word)


async def test_a_token_is_shown_once_also_to_a_repeated_request(stage: Stage) -> None:
    body, headers = {"email": new_email(), "role": "viewer"}, {"Idempotency-Key": str(uuid.uuid4())}
    first = (await stage.admin.post("/invitations", body, headers=headers)).json()
    again = (await stage.admin.post("/invitations", body, headers=headers)).json()
    assert again == {**first, "token": None}
    assert first["token"] not in str(stage.scalar("select array_agg(to_jsonb(l)) from public.audit_log as l"))
