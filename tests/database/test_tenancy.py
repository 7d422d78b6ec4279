"""Who a caller is, what they may do, and how members and roles change. Each test that may not succeed is an attack."""

import hashlib
import json
import secrets
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow
from tests import factories
from tests.databases import Claims, Connection, Database, as_caller, at

from casare_cloud.local.postgres import PostgresServer

WRONG = uuid.UUID("0199ffff-0000-7000-8000-00000000dead")


@pytest.fixture
def db(shared_database: Database) -> Database:
    return shared_database


@pytest.fixture
def conn(db: Database) -> Iterator[Connection]:
    connection = db.connect("casare_functions")
    yield connection
    connection.close()


@pytest.fixture
def owner(db: Database) -> Iterator[Connection]:
    connection = db.connect()
    yield connection
    connection.close()


def one(connection: Connection, claims: Claims | None, sql: str, params: Any = None) -> DictRow:
    """The only row of a statement run as a caller."""
    with as_caller(connection, claims):
        row = connection.execute(sql, params).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row


def refused(connection: Connection, claims: Claims | None, sql: str, params: Any = None) -> tuple[str, str | None]:
    """(sqlstate, code) of the error that a statement run as a caller ends with."""
    with pytest.raises(psycopg.Error) as caught, as_caller(connection, claims):
        connection.execute(sql, params)  # type: ignore[arg-type]
    return caught.value.sqlstate or "", caught.value.diag.message_detail


def principal(connection: Connection, claims: Claims) -> str | None:
    value: str | None = one(connection, claims, "select (private.caller()).principal as who")["who"]
    return value


def role_id(connection: Connection, slug: str) -> uuid.UUID:
    row = connection.execute(
        "select role_id from public.roles where slug = %s and tenant_id is null", [slug]
    ).fetchone()
    assert row is not None
    found: uuid.UUID = row["role_id"]
    return found


def edited(claims: Claims, **app_metadata: Any) -> dict[str, Any]:
    """The claims with other app_metadata; None takes an entry away."""
    metadata = {**claims["app_metadata"], **{k: v and str(v) for k, v in app_metadata.items()}}
    return {**claims, "app_metadata": {k: v for k, v in metadata.items() if v is not None}}


# -- who is it?


def test_a_member_is_known_with_the_permissions_of_their_roles(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    viewer = factories.make_member(db, tenant, "viewer")
    row = one(conn, viewer.claims, "select (c).* from private.caller() as c")
    assert row["principal"] == "user"
    assert row["tenant_id"] == tenant.tenant_id
    assert row["user_id"] == viewer.user_id
    assert "jobs.read" in row["permissions"]
    assert "jobs.create" not in row["permissions"]


def test_permissions_in_the_claims_give_nothing(db: Database, conn: Connection) -> None:
    viewer = factories.make_member(db, factories.make_tenant(db), "viewer")
    claims = {
        **viewer.claims,
        "app_metadata": {**viewer.claims["app_metadata"], "roles": ["admin"], "permissions": ["*"]},
    }
    assert refused(conn, claims, "select private.authorize('members.write')") == ("PT403", "FORBIDDEN")


def test_user_metadata_is_never_looked_at(db: Database, conn: Connection) -> None:
    mine, other = factories.make_tenant(db), factories.make_tenant(db)
    stranger = factories.make_user(db)
    forged = {"tenant_id": str(other.tenant_id), "principal": "user", "permissions": ["*"]}
    claims = {**mine.admin.claims, "user_metadata": forged}
    assert one(conn, claims, "select (private.caller()).tenant_id as t")["t"] == mine.tenant_id
    nobody = {"sub": str(stranger[0]), "role": "authenticated", "user_metadata": forged}
    assert principal(conn, nobody) is None


def test_a_claim_that_names_another_tenant_is_nobody(db: Database, conn: Connection) -> None:
    mine, other = factories.make_tenant(db), factories.make_tenant(db)
    assert principal(conn, edited(mine.admin.claims, tenant_id=other.tenant_id)) is None
    assert principal(conn, edited(mine.admin.claims, tenant_id=WRONG)) is None


def test_a_user_cannot_pass_as_a_robot_or_service_without_its_live_key(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    robot = factories.make_robot(db, tenant)
    for forged in (
        edited(tenant.admin.claims, principal="robot", robot_id=robot.robot_id),
        edited(tenant.admin.claims, principal="service"),
        edited(tenant.admin.claims, principal="service", api_key_id=robot.key.api_key_id),
        edited(tenant.admin.claims, principal="system"),
        edited(robot.claims, principal="user"),
    ):
        assert principal(conn, forged) is None


def test_a_robot_is_only_the_robot_of_its_key_in_its_tenant(db: Database, conn: Connection) -> None:
    tenant, other = factories.make_tenant(db), factories.make_tenant(db)
    robot, sibling = factories.make_robot(db, tenant), factories.make_robot(db, tenant)
    assert principal(conn, robot.claims) == "robot"
    assert principal(conn, edited(robot.claims, robot_id=sibling.robot_id)) is None
    assert principal(conn, edited(robot.claims, tenant_id=other.tenant_id)) is None
    assert principal(conn, edited(robot.claims, tenant_id=None)) is None


def test_a_robot_token_ends_with_the_revocation_of_its_key(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    robot = factories.make_robot(db, tenant)
    assert principal(conn, robot.claims) == "robot"
    one(conn, tenant.admin.claims, "select public.revoke_api_key(%s)", [robot.key.api_key_id])
    assert principal(conn, robot.claims) is None


def test_a_robot_token_ends_with_the_robot(db: Database, conn: Connection, owner: Connection) -> None:
    robot = factories.make_robot(db, factories.make_tenant(db))
    owner.execute("update public.robots set deleted_at = now() where robot_id = %s", [robot.robot_id])
    assert principal(conn, robot.claims) is None


def test_a_logged_out_session_is_nobody_at_once(db: Database, conn: Connection) -> None:
    admin = factories.make_tenant(db).admin
    with db.connect("supabase_auth_admin") as auth:
        auth.execute("delete from auth.sessions where id = %s", [admin.session_id])
    assert principal(conn, admin.claims) is None


def test_the_session_of_somebody_else_does_not_count(db: Database, conn: Connection) -> None:
    mine, other = factories.make_tenant(db).admin, factories.make_tenant(db).admin
    assert principal(conn, {**mine.claims, "session_id": str(other.session_id)}) is None


@pytest.mark.parametrize("column", ["banned_until", "deleted_at"])
def test_a_banned_or_deleted_user_is_nobody_at_once(db: Database, conn: Connection, column: str) -> None:
    admin = factories.make_tenant(db).admin
    with db.connect("supabase_auth_admin") as auth:
        auth.execute(f"update auth.users set {column} = now() + interval '1 day' where id = %s", [admin.user_id])  # type: ignore[arg-type]
    assert principal(conn, admin.claims) is None


def test_a_deleted_tenant_has_no_callers(db: Database, conn: Connection, owner: Connection) -> None:
    tenant = factories.make_tenant(db)
    robot = factories.make_robot(db, tenant)
    owner.execute("update public.tenants set deleted_at = now() where tenant_id = %s", [tenant.tenant_id])
    assert principal(conn, tenant.admin.claims) is None
    assert principal(conn, robot.claims) is None


def test_without_a_claim_the_active_tenant_counts_then_the_oldest_membership(db: Database, conn: Connection) -> None:
    first, second = factories.make_tenant(db), factories.make_tenant(db)
    join(conn, second, first.admin, "viewer")
    bare = factories.claims_for(first.admin.user_id, None, "user", session_id=first.admin.session_id)
    sql = "select (private.caller()).tenant_id as t"
    assert one(conn, bare, sql)["t"] == second.tenant_id  # accepting an invitation makes the tenant active
    one(conn, bare, "select public.set_active_tenant(%s)", [first.tenant_id])
    assert one(conn, bare, sql)["t"] == first.tenant_id
    one(conn, first.admin.claims | {"app_metadata": {}}, "select public.set_active_tenant(%s)", [second.tenant_id])
    one(conn, second.admin.claims, "select public.remove_member(%s)", [first.admin.user_id])
    assert one(conn, bare, sql)["t"] == first.tenant_id


def test_nobody_chooses_a_tenant_that_is_not_theirs(db: Database, conn: Connection) -> None:
    mine, other = factories.make_tenant(db), factories.make_tenant(db)
    answers = {
        refused(conn, mine.admin.claims, "select public.set_active_tenant(%s)", [tenant_id])
        for tenant_id in (other.tenant_id, WRONG, None)
    }
    assert answers == {("PT404", "TENANT_NOT_FOUND")}


def test_authorize_tells_unknown_from_forbidden(db: Database, conn: Connection) -> None:
    viewer = factories.make_member(db, factories.make_tenant(db), "viewer")
    nobody = {"role": "authenticated"}
    assert refused(conn, nobody, "select private.authorize('jobs.read')") == ("PT401", "AUTHENTICATION_FAILED")
    assert refused(conn, viewer.claims, "select private.authorize('jobs.create')") == ("PT403", "FORBIDDEN")
    assert refused(conn, None, "select private.authorize('jobs.read')")[0] == "42501"


@pytest.mark.parametrize(
    ("granted", "permission", "expected"),
    [
        ("{jobs.read}", "jobs.read", True),
        ("{jobs.*}", "jobs.read", True),
        ("{*.read}", "jobs.read", True),
        ("{*}", "jobs.read", True),
        ("{}", "jobs.read", False),
        (None, "jobs.read", False),
        ("{jobs.read}", "jobs", False),
        ("{jobs.read}", "jobs.create", False),
        ("{job.*,*.reads}", "jobs.read", False),
        ("{jobs.read,jobs.create}", "jobs.*", False),
        ("{jobs.*}", "*", False),
        ("{*.read}", "jobs.*", False),
    ],
)
def test_wildcards_mean_what_they_say(owner: Connection, granted: str | None, permission: str, expected: bool) -> None:
    row = owner.execute("select private.has_permission(%s::text[], %s) as yes", [granted, permission]).fetchone()
    assert row == {"yes": expected}


def test_the_robot_role_says_what_robots_may_do(db: Database, conn: Connection, owner: Connection) -> None:
    robot = factories.make_robot(db, factories.make_tenant(db))
    row = owner.execute(
        "select array_agg(permission order by permission) as p from public.role_permissions where role_id = %s",
        [role_id(owner, "robot")],
    ).fetchone()
    assert row is not None
    assert sorted(one(conn, robot.claims, "select (private.caller()).permissions as p")["p"]) == row["p"]


# -- what policies cost


@pytest.mark.parametrize(
    "table", ["tenants", "memberships", "member_roles", "api_keys", "invitations", "events", "audit_log"]
)
def test_a_policy_asks_once_per_statement_and_an_index_serves_it(db: Database, owner: Connection, table: str) -> None:
    tenant = factories.make_tenant(db)
    with as_caller(owner, tenant.admin.claims):
        owner.execute("set local enable_seqscan = off")
        owner.execute("set local enable_bitmapscan = off")
        column = "tenant_id"
        lines = owner.execute(f"explain (costs off) select {column} from public.{table}").fetchall()  # type: ignore[arg-type]
    plan = "\n".join(row["QUERY PLAN"] for row in lines)
    assert "InitPlan" in plan
    assert "SubPlan" not in plan
    assert "Index Cond: (tenant_id = " in plan


# -- registration and tokens


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


# -- members and roles


def invite(conn: Connection, by: Claims, email: str, role: str, owner: Connection | None = None) -> str:
    token = secrets.token_urlsafe(32)
    one(
        conn,
        by,
        "select public.invite_member(%s, role_id, %s) from public.roles where slug = %s and tenant_id is null",
        [email, hashlib.sha256(token.encode()).digest(), role],
    )
    return token


def join(conn: Connection, tenant: factories.Tenant, user: factories.Member, role: str) -> None:
    token = invite(conn, tenant.admin.claims, user.email, role)
    one(conn, user.claims, "select public.accept_invitation(%s)", [token])


def test_an_invitation_works_once_and_only_for_its_address(db: Database, conn: Connection) -> None:
    tenant, other = factories.make_tenant(db), factories.make_tenant(db)
    guest = factories.make_tenant(db).admin
    token = invite(conn, tenant.admin.claims, guest.email.upper(), "viewer")
    accept = "select public.accept_invitation(%s) as t"
    not_found = ("PT404", "INVITATION_NOT_FOUND")
    assert refused(conn, other.admin.claims, accept, [token]) == not_found
    assert refused(conn, guest.claims, accept, ["nonsense"]) == not_found
    assert refused(conn, guest.claims, accept, [None]) == not_found
    digest = hashlib.sha256(token.encode()).hexdigest()
    assert refused(conn, guest.claims, accept, [digest]) == not_found
    assert one(conn, guest.claims, accept, [token])["t"] == tenant.tenant_id
    assert refused(conn, guest.claims, accept, [token]) == not_found


def test_an_invitation_ends_by_time_revocation_and_the_loss_of_its_makers_rights(
    db: Database, conn: Connection
) -> None:
    tenant = factories.make_tenant(db)
    second = factories.make_member(db, tenant, "admin")
    guest = factories.make_tenant(db).admin
    accept = "select public.accept_invitation(%s)"
    not_found = ("PT404", "INVITATION_NOT_FOUND")

    expired = invite(conn, tenant.admin.claims, guest.email, "viewer")
    at(conn, "2099-01-01")
    assert refused(conn, guest.claims, accept, [expired]) == not_found
    at(conn, None)

    revoked = invite(conn, tenant.admin.claims, guest.email, "viewer")
    row = one(
        conn, tenant.admin.claims, "select invitation_id from public.invitations order by invitation_id desc limit 1"
    )
    one(conn, tenant.admin.claims, "select public.revoke_invitation(%s)", [row["invitation_id"]])
    assert refused(conn, guest.claims, accept, [revoked]) == not_found

    by_second = invite(conn, second.claims, guest.email, "admin")
    one(conn, tenant.admin.claims, "select public.remove_member(%s)", [second.user_id])
    assert refused(conn, guest.claims, accept, [by_second]) == not_found


def test_a_removed_member_with_a_live_token_is_nobody(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    member = factories.make_member(db, tenant, "developer")
    assert principal(conn, member.claims) == "user"
    one(conn, tenant.admin.claims, "select public.remove_member(%s)", [member.user_id])
    assert principal(conn, member.claims) is None
    assert one(conn, member.claims, "select count(*) as n from public.tenants")["n"] == 0


def test_removing_a_member_names_the_keys_they_leave_behind(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    member = factories.make_member(db, tenant, "admin")
    key = one(
        conn,
        member.claims,
        "select (public.create_api_key('service', 'left', %s, 'sk_live_x', null, '{jobs.read}')).api_key_id as id",
        [secrets.token_bytes(32)],
    )["id"]
    answer = one(conn, tenant.admin.claims, "select public.remove_member(%s) as a", [member.user_id])["a"]
    assert answer == {"user_id": str(member.user_id), "live_api_keys": [str(key)]}


def test_the_last_admin_stays(db: Database, conn: Connection, owner: Connection) -> None:
    tenant = factories.make_tenant(db)
    factories.make_member(db, tenant, "developer")
    last = ("PT409", "LAST_ADMIN")
    me = tenant.admin
    assert refused(conn, me.claims, "select public.remove_member(%s)", [me.user_id]) == last
    assert (
        refused(conn, me.claims, "select public.unassign_role(%s, %s)", [me.user_id, role_id(owner, "admin")]) == last
    )


def test_two_admins_cannot_remove_each_other_at_the_same_moment(db: Database) -> None:
    tenant = factories.make_tenant(db)
    second = factories.make_member(db, tenant, "admin")
    first_connection, second_connection = db.connect("casare_functions"), db.connect("casare_functions")
    outcome: list[str] = []

    def remove_first() -> None:
        try:
            one(second_connection, second.claims, "select public.remove_member(%s)", [tenant.admin.user_id])
            outcome.append("removed")
        except psycopg.Error as error:
            outcome.append(error.diag.message_detail or "")

    with as_caller(first_connection, tenant.admin.claims):
        first_connection.execute("select public.remove_member(%s)", [second.user_id])
        thread = threading.Thread(target=remove_first)
        thread.start()
        wait_for_lock(db, second_connection.info.backend_pid)
    thread.join(10)
    assert outcome in (["LAST_ADMIN"], ["MEMBER_NOT_FOUND"], ["FORBIDDEN"])
    assert principal(first_connection, tenant.admin.claims) == "user"


def wait_for_lock(db: Database, pid: int) -> None:
    """Returns when the backend waits for a lock."""
    with db.connect() as watcher:
        for _ in range(2000):
            row = watcher.execute("select wait_event_type from pg_stat_activity where pid = %s", [pid]).fetchone()
            if row and row["wait_event_type"] == "Lock":
                return
    raise AssertionError("the backend never waited for a lock")


def test_members_leave_by_themselves(db: Database, conn: Connection) -> None:
    viewer = factories.make_member(db, factories.make_tenant(db), "viewer")
    one(conn, viewer.claims, "select public.remove_member(%s)", [viewer.user_id])
    assert principal(conn, viewer.claims) is None


@pytest.fixture
def lead(db: Database, conn: Connection, owner: Connection) -> tuple[factories.Tenant, factories.Member, uuid.UUID]:
    """A tenant with somebody who manages members but may do little else: (tenant, member, id of the role)."""
    tenant = factories.make_tenant(db)
    member = factories.make_member(db, tenant, "viewer")
    role = one(
        conn,
        tenant.admin.claims,
        "select public.create_role('Lead', 'lead', '{members.*,api_keys.write,jobs.read}') as id",
    )["id"]
    one(conn, tenant.admin.claims, "select public.assign_role(%s, %s)", [member.user_id, role])
    return tenant, member, role


def test_nobody_gives_more_than_they_have(
    db: Database, conn: Connection, owner: Connection, lead: tuple[factories.Tenant, factories.Member, uuid.UUID]
) -> None:
    _, member, role = lead
    forbidden = ("PT403", "FORBIDDEN")
    admin = role_id(owner, "admin")
    me, digest = member.claims, secrets.token_bytes(32)
    assert refused(conn, me, "select public.assign_role(%s, %s)", [member.user_id, admin]) == forbidden
    assert refused(conn, me, "select public.invite_member('f@x.test', %s, %s)", [admin, digest]) == forbidden
    assert refused(conn, me, "select public.create_role('E', 'evil', '{*}')") == forbidden
    assert refused(conn, me, "select public.create_role('E', 'evil', '{jobs.*}')") == forbidden
    assert refused(conn, me, "select public.update_role(%s, null, null, '{audit.read}')", [role]) == forbidden
    for kind, scopes in (
        ("service", "{*}"),
        ("service", "{audit.read}"),
        ("service", "{jobs.read,*.write}"),
        ("robot", "{}"),
    ):
        sql = "select public.create_api_key(%s::public.api_key_kind, 'k', %s, 'p', null, %s::text[])"
        assert refused(conn, me, sql, [kind, digest, scopes]) == forbidden


def test_nobody_touches_members_and_roles_above_them(
    db: Database, conn: Connection, owner: Connection, lead: tuple[factories.Tenant, factories.Member, uuid.UUID]
) -> None:
    tenant, member, _ = lead
    strong = one(conn, tenant.admin.claims, "select public.create_role('Strong', 'strong', '{*}') as id")["id"]
    forbidden = ("PT403", "FORBIDDEN")
    boss = tenant.admin.user_id
    assert refused(conn, member.claims, "select public.remove_member(%s)", [boss]) == forbidden
    assert (
        refused(conn, member.claims, "select public.unassign_role(%s, %s)", [boss, role_id(owner, "admin")])
        == forbidden
    )
    assert refused(conn, member.claims, "select public.delete_role(%s)", [strong]) == forbidden
    assert refused(conn, member.claims, "select public.update_role(%s, 'x')", [strong]) == forbidden


def test_built_in_roles_cannot_be_changed_and_robot_is_for_keys(
    db: Database, conn: Connection, owner: Connection
) -> None:
    admin = factories.make_tenant(db).admin
    viewer = role_id(owner, "viewer")
    assert refused(conn, admin.claims, "select public.update_role(%s, 'x')", [viewer])[1] == "ROLE_BUILT_IN"
    assert refused(conn, admin.claims, "select public.delete_role(%s)", [viewer])[1] == "ROLE_BUILT_IN"
    robot = role_id(owner, "robot")
    assert (
        refused(conn, admin.claims, "select public.assign_role(%s, %s)", [admin.user_id, robot])[1] == "ROLE_NOT_FOUND"
    )


@pytest.mark.parametrize("permissions", ["{jobs.fly}", "{*.*}", "{jobs}", "{nothing.*}", "{NULL}", "{jobs.read,*.fly}"])
def test_a_permission_that_does_not_exist_is_refused(db: Database, conn: Connection, permissions: str) -> None:
    admin = factories.make_tenant(db).admin
    sql = "select public.create_role('R', 'r', %s::text[])"
    assert refused(conn, admin.claims, sql, [permissions]) == ("PT400", "INVALID_ARGUMENT")


def test_a_role_of_another_tenant_is_as_absent(db: Database, conn: Connection) -> None:
    mine, other = factories.make_tenant(db), factories.make_tenant(db)
    foreign = one(conn, other.admin.claims, "select public.create_role('R', 'r', '{jobs.read}') as id")["id"]
    for missing in (foreign, WRONG):
        for sql, params in (
            ("select public.assign_role(%s, %s)", [mine.admin.user_id, missing]),
            ("select public.update_role(%s, 'x')", [missing]),
            ("select public.delete_role(%s)", [missing]),
            ("select public.invite_member('f@x.test', %s, sha256('x'))", [missing]),
        ):
            assert refused(conn, mine.admin.claims, sql, params) == ("PT404", "ROLE_NOT_FOUND")


def test_a_foreign_role_on_a_member_would_give_nothing(db: Database, conn: Connection, owner: Connection) -> None:
    mine, other = factories.make_tenant(db), factories.make_tenant(db)
    viewer = factories.make_member(db, mine, "viewer")
    foreign = one(conn, other.admin.claims, "select public.create_role('R', 'r', '{*}') as id")["id"]
    owner.execute(
        "insert into public.member_roles (tenant_id, user_id, role_id) values (%s, %s, %s)",
        [mine.tenant_id, viewer.user_id, foreign],
    )
    assert refused(conn, viewer.claims, "select private.authorize('members.write')") == ("PT403", "FORBIDDEN")


def test_colleagues_do_not_see_which_other_tenants_one_belongs_to(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    guest = factories.make_tenant(db).admin
    join(conn, tenant, guest, "viewer")
    rows = one(
        conn, tenant.admin.claims, "select count(*) as n from public.profiles where user_id = %s", [guest.user_id]
    )
    assert rows["n"] == 1
    assert refused(conn, tenant.admin.claims, "select active_tenant_id from public.profiles")[0] == "42501"
    memberships = one(
        conn, tenant.admin.claims, "select count(*) as n from public.memberships where user_id = %s", [guest.user_id]
    )
    assert memberships["n"] == 1


def test_whoami_tells_callers_who_they_are(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    robot = factories.make_robot(db, tenant)
    me = one(conn, tenant.admin.claims, "select public.whoami() as me")["me"]
    assert (me["principal"], me["roles"], me["email"]) == ("user", ["admin"], tenant.admin.email)
    assert [other["tenant_id"] for other in me["tenants"]] == [str(tenant.tenant_id)]
    it = one(conn, robot.claims, "select public.whoami() as me")["me"]
    assert (it["principal"], it["robot_id"], it["tenants"]) == ("robot", str(robot.robot_id), [])
    assert refused(conn, {"role": "authenticated"}, "select public.whoami()") == ("PT401", "AUTHENTICATION_FAILED")


# -- idempotency keys


def test_a_repeated_request_gets_the_first_answer(db: Database, conn: Connection) -> None:
    admin = factories.make_tenant(db).admin
    begin, body = "select * from private.begin_idempotent_request('k1', %s)", b"body"
    with as_caller(conn, admin.claims):
        assert conn.execute(begin, [body]).fetchone() is None
        conn.execute("select private.finish_idempotent_request('k1', 201, '{\"id\": 1}')")
    assert one(conn, admin.claims, begin, [body]) == {"status_code": 201, "response": {"id": 1}}
    assert refused(conn, admin.claims, begin, [b"other"]) == ("PT422", "IDEMPOTENCY_KEY_REUSED")


def test_a_request_that_failed_leaves_its_key_free(db: Database, conn: Connection) -> None:
    admin = factories.make_tenant(db).admin
    begin = "select * from private.begin_idempotent_request('k2', 'body')"
    with as_caller(conn, admin.claims):
        conn.execute(begin)
        raise psycopg.Rollback
    with as_caller(conn, admin.claims):
        assert conn.execute(begin).fetchone() is None


def test_the_second_of_two_requests_at_once_is_told_so(db: Database, conn: Connection) -> None:
    admin = factories.make_tenant(db).admin
    begin = "select * from private.begin_idempotent_request('k3', 'body')"
    other = db.connect("casare_functions")
    with as_caller(conn, admin.claims):
        conn.execute(begin)
        assert refused(other, admin.claims, begin) == ("PT409", "REQUEST_IN_PROGRESS")


def test_a_reservation_without_an_answer_ends_after_five_minutes_and_an_answer_after_a_day(
    db: Database, conn: Connection
) -> None:
    admin = factories.make_tenant(db).admin
    begin = "select * from private.begin_idempotent_request('k4', 'body')"
    at(conn, "2030-01-01 00:00:00+00")
    with as_caller(conn, admin.claims):
        conn.execute(begin)
    at(conn, "2030-01-01 00:04:59+00")
    assert refused(conn, admin.claims, begin) == ("PT409", "REQUEST_IN_PROGRESS")
    at(conn, "2030-01-01 00:05:00+00")
    with as_caller(conn, admin.claims):
        assert conn.execute(begin).fetchone() is None
        conn.execute("select private.finish_idempotent_request('k4', 200, null)")
    at(conn, "2030-01-02 00:04:59+00")
    assert one(conn, admin.claims, begin)["status_code"] == 200
    at(conn, "2030-01-02 00:05:00+00")
    with as_caller(conn, admin.claims):
        assert conn.execute(begin).fetchone() is None


def test_the_keys_of_another_caller_are_another_callers(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    second = factories.make_member(db, tenant, "admin")
    begin = "select * from private.begin_idempotent_request('k5', %s)"
    with as_caller(conn, tenant.admin.claims):
        conn.execute(begin, [b"mine"])
        conn.execute("select private.finish_idempotent_request('k5', 201, '{\"secret\": true}')")
    with as_caller(conn, second.claims):
        assert conn.execute(begin, [b"theirs"]).fetchone() is None


# -- the platform's defaults


def test_nothing_is_granted_beyond_what_is_named_with_open_defaults_too(postgres_server: PostgresServer) -> None:
    grants = """
        select c.oid::regclass::text as object, a.grantee::regrole::text as role, a.privilege_type
        from pg_class as c, lateral aclexplode(c.relacl) as a
        where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace)
            and a.grantee::regrole::text not in ('postgres', 'supabase_admin')
        union all
        select p.oid::regprocedure::text, a.grantee::regrole::text, a.privilege_type
        from pg_proc as p, lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
        where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace)
            and (a.grantee = 0 or a.grantee::regrole::text not in ('postgres', 'supabase_admin'))
        order by 1, 2, 3
    """
    seen = []
    for is_open in (False, True):
        name = f"defaults_{'open' if is_open else 'closed'}_{secrets.token_hex(3)}"
        postgres_server.bootstrap(name, auto_expose=is_open)
        postgres_server.load_schema(name)
        with psycopg.connect(postgres_server.dsn("postgres", name)) as connection:
            seen.append(connection.execute(grants).fetchall())
        postgres_server.drop_database(name)
    assert seen[0] == seen[1]
