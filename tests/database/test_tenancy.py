"""Who a caller is, and what that costs. Each test that may not succeed is an attack."""

import pytest
from tests import factories
from tests.database.asserting import WRONG, edited, join, one, principal, refused, role_id
from tests.databases import Connection, Database, as_caller


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
        auth.execute(f"update auth.users set {column} = now() + interval '1 day' where id = %s", [admin.user_id])
    assert principal(conn, admin.claims) is None


def test_a_deleted_tenant_has_no_callers(db: Database, conn: Connection, owner: Connection) -> None:
    tenant = factories.make_tenant(db)
    robot = factories.make_robot(db, tenant)
    owner.execute("update public.tenants set deleted_at = now() where tenant_id = %s", [tenant.tenant_id])
    assert principal(conn, tenant.admin.claims) is None
    assert principal(conn, robot.claims) is None


def test_without_a_claim_the_tenant_of_the_session_counts_then_the_profile_s(db: Database, conn: Connection) -> None:
    first, second = factories.make_tenant(db), factories.make_tenant(db)
    join(conn, second, first.admin, "viewer")
    bare = factories.claims_for(first.admin.user_id, None, "user", session_id=first.admin.session_id)
    sql = "select (private.caller()).tenant_id as t"
    assert one(conn, bare, sql)["t"] == second.tenant_id  # accepting an invitation moves the session
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


@pytest.mark.parametrize(
    "table", ["tenants", "memberships", "member_roles", "api_keys", "invitations", "events", "audit_log"]
)
def test_a_policy_asks_once_per_statement_and_an_index_serves_it(db: Database, owner: Connection, table: str) -> None:
    tenant = factories.make_tenant(db)
    with as_caller(owner, tenant.admin.claims):
        owner.execute("set local enable_seqscan = off")
        owner.execute("set local enable_bitmapscan = off")
        column = "tenant_id"
        lines = owner.execute(f"explain (costs off) select {column} from public.{table}").fetchall()
    plan = "\n".join(row["QUERY PLAN"] for row in lines)
    assert "InitPlan" in plan
    assert "SubPlan" not in plan
    assert "Index Cond: (tenant_id = " in plan
