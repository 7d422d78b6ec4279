"""API keys: who makes them, what they let in, and how they end."""

import json
import secrets
import uuid
from datetime import datetime
from typing import Any

import psycopg
import pytest
from tests import factories
from tests.database.asserting import WRONG, edited, one, principal, refused
from tests.databases import Connection, Database, as_caller, at

CREATE = "select (k).* from public.create_api_key(%s::public.api_key_kind, %s, %s, %s, %s, %s::text[], %s) as k"
FAILED = ("PT401", "AUTHENTICATION_FAILED")


def create(conn: Connection, claims: Any, kind: str = "service", **changes: Any) -> list[Any]:
    """The arguments of CREATE for a key that would be accepted, with changes."""
    given = {
        "name": "key", "key_hash": secrets.token_bytes(32), "prefix": "sk_live_abc", "robot_id": None,
        "scopes": [] if kind == "robot" else ["jobs.read"], "expires_at": None,
    }  # fmt: skip
    return [kind, *{**given, **changes}.values()]


def enter(conn: Connection, key_hash: bytes) -> dict[str, Any]:
    """The claims that a key's transaction gets."""
    with conn.transaction():
        conn.execute("select private.enter_with_key(%s)", [key_hash])
        row = conn.execute("select current_setting('request.jwt.claims') as claims").fetchone()
    assert row is not None
    claims: dict[str, Any] = json.loads(row["claims"])
    return claims


def enter_refused(conn: Connection, key_hash: bytes | None) -> tuple[str | None, str | None, str | None]:
    with pytest.raises(psycopg.Error) as caught:
        conn.execute("select private.enter_with_key(%s)", [key_hash])
    return caught.value.sqlstate, caught.value.diag.message_detail, caught.value.diag.message_primary


def test_a_robot_key_lets_its_robot_in(db: Database, conn: Connection) -> None:
    robot = factories.make_robot(db, factories.make_tenant(db))
    claims = enter(conn, robot.key.key_hash)
    assert claims["sub"] == str(robot.robot_id)
    assert claims["role"] == "authenticated"
    row = one(conn, claims, "select (c).* from private.caller() as c")
    assert (row["principal"], row["robot_id"], row["tenant_id"]) == ("robot", robot.robot_id, robot.tenant_id)


def test_a_key_that_no_robot_has_yet_may_do_nothing_but_register(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    key = factories.make_key(db, tenant)
    claims = enter(conn, key.key_hash)
    row = one(conn, claims, "select (c).* from private.caller() as c")
    assert (row["principal"], row["robot_id"], row["permissions"]) == ("robot", None, [])
    for permission in ("jobs.claim", "robots.heartbeat", "jobs.read"):
        assert refused(conn, claims, "select private.authorize(%s)", [permission])[1] == "FORBIDDEN"


def test_a_service_key_has_its_scopes_and_nothing_more(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    key = factories.make_key(db, tenant, "service", scopes=["jobs.read", "jobs.create"])
    claims = enter(conn, key.key_hash)
    assert claims["sub"] == str(key.api_key_id)
    with as_caller(conn, claims):
        conn.execute("select private.authorize('jobs.create')")
    assert refused(conn, claims, "select private.authorize('members.write')")[1] == "FORBIDDEN"
    wider = edited(claims, permissions="*")
    assert refused(conn, wider, "select private.authorize('members.write')")[1] == "FORBIDDEN"


def test_a_wide_service_key_ends_at_its_tenant(db: Database, conn: Connection) -> None:
    mine, other = factories.make_tenant(db), factories.make_tenant(db)
    key = factories.make_key(db, mine, "service", scopes=["*"])
    claims = enter(conn, key.key_hash)
    tenants = one(conn, claims, "select array_agg(distinct tenant_id) as t from public.api_keys")["t"]
    assert tenants == [mine.tenant_id]
    assert principal(conn, edited(claims, tenant_id=other.tenant_id)) is None
    assert refused(conn, claims, "select public.remove_member(%s)", [other.admin.user_id])[1] == "MEMBER_NOT_FOUND"
    assert refused(conn, claims, "select public.set_active_tenant(%s)", [other.tenant_id]) == FAILED
    assert refused(conn, claims, "select public.accept_invitation('x')") == FAILED


def test_every_key_that_is_not_live_gets_the_same_answer(db: Database, conn: Connection, owner: Connection) -> None:
    tenant, gone = factories.make_tenant(db), factories.make_tenant(db)
    keys = {name: factories.make_key(db, tenant, "service", scopes=["jobs.read"]) for name in ("revoked", "expired")}
    robot = factories.make_robot(db, tenant)
    orphan = factories.make_key(db, gone, "service", scopes=["jobs.read"])
    owner.execute("update public.api_keys set revoked_at = now() where api_key_id = %s", [keys["revoked"].api_key_id])
    owner.execute("update public.api_keys set expires_at = now() where api_key_id = %s", [keys["expired"].api_key_id])
    owner.execute("update public.robots set deleted_at = now() where robot_id = %s", [robot.robot_id])
    owner.execute("update public.tenants set deleted_at = now() where tenant_id = %s", [gone.tenant_id])
    hashes = [
        secrets.token_bytes(32),
        b"",
        None,
        robot.key.key_hash,
        orphan.key_hash,
        *(k.key_hash for k in keys.values()),
    ]
    assert {enter_refused(conn, key_hash) for key_hash in hashes} == {(*FAILED, "The key is not valid.")}


def test_an_expired_keys_token_ends_too(db: Database, conn: Connection, owner: Connection) -> None:
    robot = factories.make_robot(db, factories.make_tenant(db))
    owner.execute("update public.api_keys set expires_at = '2030-01-01' where api_key_id = %s", [robot.key.api_key_id])
    at(conn, "2029-12-31 23:59:59+00")
    assert principal(conn, robot.claims) == "robot"
    at(conn, "2030-01-01 00:00:00+00")
    assert principal(conn, robot.claims) is None


def test_use_is_written_down_once_a_minute(db: Database, conn: Connection, owner: Connection) -> None:
    key = factories.make_key(db, factories.make_tenant(db), "service", scopes=["jobs.read"])
    seen = []
    for time in ("12:00:00", "12:00:59", "12:01:00"):
        at(conn, f"2030-01-01 {time}+00")
        enter(conn, key.key_hash)
        row = owner.execute(
            "select last_used_at from public.api_keys where api_key_id = %s", [key.api_key_id]
        ).fetchone()
        assert row is not None
        seen.append(row["last_used_at"].strftime("%H:%M:%S"))
    assert seen == ["12:00:00", "12:00:00", "12:01:00"]


def test_requests_with_one_key_do_not_wait_for_each_other(db: Database, conn: Connection) -> None:
    key = factories.make_key(db, factories.make_tenant(db), "service", scopes=["jobs.read"])
    other = db.connect("casare_functions")
    other.execute("set lock_timeout = '50ms'")
    with conn.transaction():
        conn.execute("select private.enter_with_key(%s)", [key.key_hash])
        enter(other, key.key_hash)


def test_a_key_also_works_in_a_read_only_transaction(db: Database, conn: Connection) -> None:
    key = factories.make_key(db, factories.make_tenant(db), "service", scopes=["jobs.read"])
    with conn.transaction():
        conn.execute("set transaction read only")
        conn.execute("select private.enter_with_key(%s)", [key.key_hash])


def test_the_answer_and_the_table_never_show_the_hash(db: Database, conn: Connection) -> None:
    admin = factories.make_tenant(db).admin
    row = one(conn, admin.claims, CREATE, create(conn, admin.claims))
    assert "key_hash" not in row
    assert refused(conn, admin.claims, "select key_hash from public.api_keys")[0] == "42501"
    assert refused(conn, admin.claims, "select * from public.api_keys")[0] == "42501"
    with as_caller(conn, admin.claims):
        assert conn.execute("select api_key_id, name, last_used_at from public.api_keys").fetchall()


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("service", {"name": " "}),
        ("service", {"name": "x" * 129}),
        ("service", {"name": None}),
        ("service", {"key_hash": b"short"}),
        ("service", {"key_hash": None}),
        ("service", {"prefix": ""}),
        ("service", {"prefix": "a key in full, by mistake"}),
        ("service", {"scopes": []}),
        ("service", {"scopes": ["jobs.fly"]}),
        ("service", {"scopes": [None]}),
        ("service", {"robot_id": WRONG}),
        ("service", {"expires_at": "2001-01-01"}),
        ("robot", {"scopes": ["jobs.read"]}),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(
    db: Database, conn: Connection, kind: str, changes: dict[str, Any]
) -> None:
    admin = factories.make_tenant(db).admin
    answer = refused(conn, admin.claims, CREATE, create(conn, admin.claims, kind, **changes))
    assert answer == ("PT400", "INVALID_ARGUMENT")


def test_a_robot_key_is_for_a_robot_of_the_own_tenant(db: Database, conn: Connection) -> None:
    admin = factories.make_tenant(db).admin
    foreign = factories.make_robot(db, factories.make_tenant(db))
    answers = {
        refused(conn, admin.claims, CREATE, create(conn, admin.claims, "robot", robot_id=robot_id))
        for robot_id in (foreign.robot_id, WRONG)
    }
    assert answers == {("PT404", "ROBOT_NOT_FOUND")}


@pytest.mark.parametrize("role", ["developer", "operator", "viewer"])
def test_only_admins_make_keys(db: Database, conn: Connection, role: str) -> None:
    member = factories.make_member(db, factories.make_tenant(db), role)
    assert refused(conn, member.claims, CREATE, create(conn, member.claims)) == ("PT403", "FORBIDDEN")


def test_a_key_cannot_make_a_wider_key(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    key = factories.make_key(db, tenant, "service", scopes=["api_keys.write", "jobs.read"])
    claims = enter(conn, key.key_hash)
    for scopes in (["*"], ["jobs.create"], ["*.read"], ["api_keys.*"]):
        assert refused(conn, claims, CREATE, create(conn, claims, scopes=scopes)) == ("PT403", "FORBIDDEN")
    assert refused(conn, claims, CREATE, create(conn, claims, "robot")) == ("PT403", "FORBIDDEN")
    admin_key = factories.make_key(db, tenant, "service", scopes=["*"])
    rotate = "select public.rotate_api_key(%s, %s, 'sk_live_x')"
    assert refused(conn, claims, rotate, [admin_key.api_key_id, secrets.token_bytes(32)]) == ("PT403", "FORBIDDEN")


def test_revoking_is_final_and_can_be_repeated(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    key = factories.make_key(db, tenant, "service", scopes=["jobs.read"])
    revoke = "select (k).revoked_at as t from public.revoke_api_key(%s) as k"
    first = one(conn, tenant.admin.claims, revoke, [key.api_key_id])["t"]
    assert one(conn, tenant.admin.claims, revoke, [key.api_key_id])["t"] == first
    rotate = "select public.rotate_api_key(%s, %s, 'sk_live_x')"
    answer = refused(conn, tenant.admin.claims, rotate, [key.api_key_id, secrets.token_bytes(32)])
    assert answer == ("PT409", "API_KEY_NOT_LIVE")


def test_rotating_keeps_the_old_key_for_the_overlap(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    robot = factories.make_robot(db, tenant)
    fresh = secrets.token_bytes(32)
    at(conn, "2030-01-01 12:00:00+00")
    rotate = "select (k).* from public.rotate_api_key(%s, %s, 'crpa_new', 60) as k"
    row = one(conn, tenant.admin.claims, rotate, [robot.key.api_key_id, fresh])
    assert (row["robot_id"], row["name"], row["kind"]) == (robot.robot_id, "test key", "robot")
    at(conn, "2030-01-01 12:00:59+00")
    assert enter(conn, robot.key.key_hash)["sub"] == enter(conn, fresh)["sub"] == str(robot.robot_id)
    at(conn, "2030-01-01 12:01:00+00")
    assert enter_refused(conn, robot.key.key_hash)[1] == "AUTHENTICATION_FAILED"
    assert enter(conn, fresh)["sub"] == str(robot.robot_id)


def test_rotating_never_prolongs_the_old_key(db: Database, conn: Connection, owner: Connection) -> None:
    tenant = factories.make_tenant(db)
    key = factories.make_key(db, tenant, "service", scopes=["jobs.read"])
    owner.execute(
        "update public.api_keys set created_at = '2030-01-01', expires_at = '2030-01-02' where api_key_id = %s",
        [key.api_key_id],
    )
    at(conn, "2030-01-01 23:00:00+00")
    rotate = "select (k).expires_at as t from public.rotate_api_key(%s, %s, 'sk_live_n', 604800) as k"
    new: datetime = one(conn, tenant.admin.claims, rotate, [key.api_key_id, secrets.token_bytes(32)])["t"]
    assert new.isoformat() == "2030-01-02T23:00:00+00:00"
    at(conn, "2030-01-02 00:00:00+00")
    assert enter_refused(conn, key.key_hash)[1] == "AUTHENTICATION_FAILED"


def test_a_key_of_another_tenant_is_as_absent(db: Database, conn: Connection) -> None:
    mine, other = factories.make_tenant(db), factories.make_tenant(db)
    foreign = factories.make_key(db, other, "service", scopes=["jobs.read"])
    for api_key_id in (foreign.api_key_id, WRONG, uuid.UUID(int=0)):
        for sql in (
            "select public.revoke_api_key(%s)",
            "select public.rotate_api_key(%s, sha256('x'), 'sk_live_x')",
        ):
            assert refused(conn, mine.admin.claims, sql, [api_key_id]) == ("PT404", "API_KEY_NOT_FOUND")
    assert enter(conn, foreign.key_hash)["sub"] == str(foreign.api_key_id)
