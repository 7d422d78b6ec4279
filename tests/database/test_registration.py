"""How users come to be, and what their tokens say."""

import json
import secrets
import uuid
from typing import Any

import psycopg
import pytest
from tests import factories
from tests.database.asserting import WRONG, join, one, refused
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


def hook(
    db: Database, user_id: uuid.UUID, app_metadata: dict[str, Any], session_id: uuid.UUID | None = None
) -> dict[str, Any]:
    session = {} if session_id is None else {"session_id": str(session_id)}
    claims = {"sub": str(user_id), "aal": "aal1", "app_metadata": app_metadata, **session}
    event = {"user_id": str(user_id), "claims": claims}
    with db.connect("supabase_auth_admin") as auth:
        row = auth.execute("select public.custom_access_token_hook(%s) as e", [json.dumps(event)]).fetchone()
    assert row is not None
    passed: dict[str, Any] = row["e"]["claims"]
    assert passed["aal"] == "aal1"
    metadata: dict[str, Any] = passed["app_metadata"]
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


def tenant_of_token(db: Database, member: factories.Member, session_id: uuid.UUID) -> str | None:
    """The tenant that the next token of a session is for."""
    tenant_id: str | None = hook(db, member.user_id, {}, session_id).get("tenant_id")
    return tenant_id


def test_the_token_hook_follows_the_session_that_chose_and_no_other(db: Database, conn: Connection) -> None:
    mine, other = factories.make_tenant(db), factories.make_tenant(db)
    admin, second = mine.admin, uuid.uuid4()
    with db.connect("supabase_auth_admin") as auth:
        auth.execute("insert into auth.sessions (id, user_id) values (%s, %s)", [second, admin.user_id])
    join(conn, other, admin, "viewer")  # as the first session, which is in the joined tenant then
    assert tenant_of_token(db, admin, admin.session_id) == str(other.tenant_id)
    assert tenant_of_token(db, admin, second) == str(mine.tenant_id)
    one(conn, admin.claims, "select public.set_active_tenant(%s)", [mine.tenant_id])
    one(conn, {**admin.claims, "session_id": str(second)}, "select public.set_active_tenant(%s)", [other.tenant_id])
    assert tenant_of_token(db, admin, admin.session_id) == str(mine.tenant_id)
    assert tenant_of_token(db, admin, second) == str(other.tenant_id)


def test_a_membership_that_ended_takes_the_session_s_choice_along(db: Database, conn: Connection) -> None:
    mine, other = factories.make_tenant(db), factories.make_tenant(db)
    join(conn, other, mine.admin, "viewer")
    one(conn, other.admin.claims, "select public.remove_member(%s)", [mine.admin.user_id])
    assert tenant_of_token(db, mine.admin, mine.admin.session_id) == str(mine.tenant_id)
    with db.connect() as owner:  # a member again, by another session
        owner.execute(
            "insert into public.memberships (tenant_id, user_id) values (%s, %s)",
            [other.tenant_id, mine.admin.user_id],
        )
    assert tenant_of_token(db, mine.admin, mine.admin.session_id) == str(mine.tenant_id)


def test_a_deleted_tenant_takes_the_session_s_choice_along(db: Database, conn: Connection, owner: Connection) -> None:
    mine, other = factories.make_tenant(db), factories.make_tenant(db)
    join(conn, other, mine.admin, "viewer")
    owner.execute("update public.tenants set deleted_at = now() where tenant_id = %s", [other.tenant_id])
    assert tenant_of_token(db, mine.admin, mine.admin.session_id) == str(mine.tenant_id)


def test_the_end_of_a_session_takes_its_choice_along(db: Database, owner: Connection) -> None:
    admin = factories.make_tenant(db).admin
    one(owner, admin.claims, "select public.set_active_tenant(%s)", [admin.tenant_id])
    with db.connect("supabase_auth_admin") as auth:
        auth.execute("delete from auth.sessions where id = %s", [admin.session_id])
    row = owner.execute("select from private.session_tenants where session_id = %s", [admin.session_id]).fetchone()
    assert row is None


def test_only_auth_may_call_the_token_hook(db: Database, conn: Connection) -> None:
    admin = factories.make_tenant(db).admin
    for claims in (admin.claims, None):
        assert refused(conn, claims, "select public.custom_access_token_hook('{}')")[0] == "42501"
