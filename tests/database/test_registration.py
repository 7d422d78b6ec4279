"""How users come to be, and what their tokens say."""

import json
import secrets
import uuid
from typing import Any

import psycopg
import pytest
from tests import factories
from tests.database.asserting import WRONG, refused
from tests.databases import Connection, Database


def register(db: Database, registration: Any, email: str | None = None) -> uuid.UUID:
    return factories.make_user(db, email, {"provider": "email", "registration": registration})[0]


def test_registration_makes_user_tenant_and_admin(db: Database, owner: Connection) -> None:
    name = f"reg-{secrets.token_hex(4)}"
    form = {"tenant_name": "Müller & Söhne", "username": name, "first_name": "Eva", "last_name": "Müller"}
    user_id = register(db, form)
    row = owner.execute(
        "select p.username, p.first_name, p.last_name, t.name, t.slug, r.slug as role "
        "from public.profiles as p join public.memberships as m using (user_id) "
        "join public.tenants as t on t.tenant_id = m.tenant_id and t.tenant_id = p.active_tenant_id "
        "join public.member_roles as mr on mr.user_id = p.user_id and mr.tenant_id = t.tenant_id "
        "join public.roles as r on r.role_id = mr.role_id where p.user_id = %s",
        [user_id],
    ).fetchone()
    assert row is not None
    assert row["slug"].startswith("m-ller-s-hne")
    expected = {"username": name, "first_name": "Eva", "last_name": "Müller", "name": "Müller & Söhne", "role": "admin"}
    assert {k: row[k] for k in expected} == expected


def test_registration_also_works_when_auth_writes_app_metadata_afterwards(db: Database, owner: Connection) -> None:
    user_id, _, _ = factories.make_user(db)
    metadata = {"registration": {"tenant_name": "Later", "username": f"later-{secrets.token_hex(4)}"}}
    with db.connect("supabase_auth_admin") as auth:
        for _ in range(2):  # a second write of the same makes no second tenant
            auth.execute("update auth.users set raw_app_meta_data = %s where id = %s", [json.dumps(metadata), user_id])
    rows = owner.execute("select tenant_id from public.memberships where user_id = %s", [user_id]).fetchall()
    assert len(rows) == 1


@pytest.mark.parametrize(
    "form",
    [
        {"tenant_name": "", "username": "ok-1"},
        {"username": "ok-2"},
        {"tenant_name": "x" * 256, "username": "ok-3"},
        {"tenant_name": "Fine", "username": "no spaces"},
        {"tenant_name": "Fine", "username": ""},
        {"tenant_name": "Fine", "username": "somebody@else.test"},
        {"tenant_name": "Fine", "username": "TAKEN"},
    ],
)
def test_a_registration_that_fails_leaves_nothing(db: Database, owner: Connection, form: dict[str, str]) -> None:
    if form.get("username") == "TAKEN":
        form = {**form, "username": f"TAKEN-{secrets.token_hex(3)}"}
        register(db, {"tenant_name": "First", "username": form["username"].lower()})
    counts = "select (select count(*) from auth.users) as u, (select count(*) from public.tenants) as t"
    before = owner.execute(counts).fetchone()
    with pytest.raises(psycopg.Error):
        register(db, form)
    assert owner.execute(counts).fetchone() == before


def test_a_user_who_signs_up_alone_cannot_register_a_tenant(db: Database, owner: Connection) -> None:
    user_id, _, _ = factories.make_user(db)
    with db.connect("supabase_auth_admin") as auth:
        auth.execute(
            "update auth.users set raw_user_meta_data = %s where id = %s",
            [json.dumps({"registration": {"tenant_name": "Mine", "username": "mine"}}), user_id],
        )
    assert owner.execute("select from public.memberships where user_id = %s", [user_id]).fetchone() is None
    assert owner.execute("select from public.profiles where user_id = %s", [user_id]).fetchone() is not None


def hook(db: Database, user_id: uuid.UUID, app_metadata: dict[str, Any]) -> dict[str, Any]:
    event = {"user_id": str(user_id), "claims": {"sub": str(user_id), "aal": "aal1", "app_metadata": app_metadata}}
    with db.connect("supabase_auth_admin") as auth:
        row = auth.execute("select public.custom_access_token_hook(%s) as e", [json.dumps(event)]).fetchone()
    assert row is not None
    claims: dict[str, Any] = row["e"]["claims"]
    assert claims["aal"] == "aal1"
    metadata: dict[str, Any] = claims["app_metadata"]
    return metadata


def test_the_token_hook_names_tenant_roles_and_permissions(db: Database) -> None:
    tenant = factories.make_tenant(db)
    operator = factories.make_member(db, tenant, "operator")
    metadata = hook(db, operator.user_id, {"provider": "email"})
    assert metadata["provider"] == "email"
    assert metadata["tenant_id"] == str(tenant.tenant_id)
    assert metadata["principal"] == "user"
    assert metadata["roles"] == ["operator"]
    assert "robots.control" in metadata["permissions"]


def test_the_token_hook_never_passes_another_identity_on(db: Database) -> None:
    user_id, _, _ = factories.make_user(db)
    forged = {
        "tenant_id": str(WRONG), "principal": "robot", "robot_id": str(WRONG), "api_key_id": str(WRONG),
        "roles": ["admin"], "permissions": ["*"], "registration": {"username": "x"},
    }  # fmt: skip
    assert hook(db, user_id, forged) == {"principal": "user", "roles": [], "permissions": []}


def test_only_auth_may_call_the_token_hook(db: Database, conn: Connection) -> None:
    admin = factories.make_tenant(db).admin
    for claims in (admin.claims, None):
        assert refused(conn, claims, "select public.custom_access_token_hook('{}')")[0] == "42501"
