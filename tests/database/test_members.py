"""How members and roles change: nobody gives what they have not got."""

import hashlib
import secrets
import threading
import uuid

import psycopg
import pytest
from tests import factories
from tests.database.asserting import WRONG, invite, join, one, principal, refused, role_id, wait_for_lock
from tests.databases import Connection, Database, as_caller, at


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


def test_who_was_deactivated_comes_back_with_the_invited_role_only(
    db: Database, conn: Connection, owner: Connection, lead: tuple[factories.Tenant, factories.Member, uuid.UUID]
) -> None:
    tenant, member, _ = lead
    former = factories.make_member(db, tenant, "admin")
    one(conn, tenant.admin.claims, "select public.update_member(%s, p_is_active => false)", [former.user_id])
    token = invite(conn, member.claims, former.email, "viewer")
    one(conn, former.claims, "select public.accept_invitation(%s)", [token])
    query = "select private.list_member_roles(%s, %s) as roles"
    row = owner.execute(query, [tenant.tenant_id, former.user_id]).fetchone()
    assert row == {"roles": ["viewer"]}
    assert refused(conn, former.claims, "select private.authorize('members.write')") == ("PT403", "FORBIDDEN")


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
        wait_for_lock(db.connect(), second_connection.info.backend_pid)
    thread.join(120)
    assert outcome == ["NO_TENANT"]
    assert principal(first_connection, tenant.admin.claims) == "user"


@pytest.mark.parametrize(
    ("taking", "getting_back"),
    [
        ("public.set_member_roles({lead}, array[{viewer}])", "public.assign_role({lead}, {admin})"),
        ("public.set_member_roles({lead}, array[{viewer}])", "public.create_role('Back', 'back', '{{*}}')"),
        ("public.update_role({own}, null, null, '{{members.*}}')", "public.update_role({own}, null, null, '{{*}}')"),
        ("public.remove_member({lead})", "public.update_member({other}, null, null, false)"),
    ],
)
def test_what_is_taken_from_somebody_is_not_got_back_by_who_waited_for_that(
    db: Database, conn: Connection, owner: Connection, taking: str, getting_back: str
) -> None:
    tenant = factories.make_tenant(db)
    own = one(conn, tenant.admin.claims, "select public.create_role('Own', 'own', '{*}') as id")["id"]
    lead = factories.make_member(db, tenant, "viewer")
    one(conn, tenant.admin.claims, "select public.set_member_roles(%s, array[%s]::uuid[])", [lead.user_id, own])
    names = {"own": own, "lead": lead.user_id, "other": factories.make_member(db, tenant, "viewer").user_id}
    names |= {slug: role_id(owner, slug) for slug in ("admin", "viewer")}
    said = {name: f"'{value}'::uuid" for name, value in names.items()}
    outcome = outcome_after_waiting(db, conn, tenant, taking.format(**said), lead, getting_back.format(**said))
    assert outcome in ("FORBIDDEN", "NO_TENANT")


def outcome_after_waiting(
    db: Database, conn: Connection, tenant: factories.Tenant, first: str, second: factories.Member, then: str
) -> str | None:
    """What a member is told who asks for something while the admin does something else, which ends first."""
    slow = db.connect("casare_functions")
    outcome: list[str | None] = []

    def ask() -> None:
        try:
            one(slow, second.claims, f"select {then}")
            outcome.append("done")
        except psycopg.Error as error:
            outcome.append(error.diag.message_detail)

    with as_caller(conn, tenant.admin.claims):
        conn.execute(f"select {first}")
        thread = threading.Thread(target=ask)
        thread.start()
        wait_for_lock(db.connect(), slow.info.backend_pid)
    thread.join(120)
    return outcome[0]


def test_who_waited_while_they_were_deactivated_does_not_come_back_by_changing_themselves(
    db: Database, conn: Connection
) -> None:
    tenant = factories.make_tenant(db)
    viewer = factories.make_member(db, tenant, "viewer")
    change = f"public.update_member('{viewer.user_id}', null, null, %s)"
    outcome_after_waiting(db, conn, tenant, change % "false", viewer, change % "true")
    assert principal(conn, viewer.claims) is None


def test_members_leave_by_themselves(db: Database, conn: Connection) -> None:
    viewer = factories.make_member(db, factories.make_tenant(db), "viewer")
    one(conn, viewer.claims, "select public.remove_member(%s)", [viewer.user_id])
    assert principal(conn, viewer.claims) is None


def test_a_role_is_made_once(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    one(conn, tenant.admin.claims, "select public.create_role('Lead', 'lead', '{jobs.read}')")
    for slug in ("lead", "viewer"):  # one's own, and a built-in one
        query = "select public.create_role('Another', %s, '{jobs.read}')"
        assert refused(conn, tenant.admin.claims, query, [slug]) == ("PT409", "ROLE_EXISTS")


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


def test_a_permission_of_a_role_may_be_written_with_a_colon(db: Database, conn: Connection, owner: Connection) -> None:
    admin = factories.make_tenant(db).admin
    role = one(conn, admin.claims, "select public.create_role('R', 'r', '{jobs:read,jobs.read,*:write}') as id")["id"]
    one(conn, admin.claims, "select public.update_role(%s, null, null, '{jobs:read,audit:*}')", [role])
    rows = owner.execute("select permission from public.role_permissions where role_id = %s order by 1", [role])
    assert [row["permission"] for row in rows] == ["audit.*", "jobs.read"]


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


def test_roles_are_set_at_once_and_none_that_allows_more_than_the_caller_may(
    db: Database, conn: Connection, owner: Connection, lead: tuple[factories.Tenant, factories.Member, uuid.UUID]
) -> None:
    tenant, member, role = lead
    colleague = factories.make_member(db, tenant, "viewer")
    admin, viewer = role_id(owner, "admin"), role_id(owner, "viewer")
    query = "select public.set_member_roles(%s, %s)"
    forbidden = ("PT403", "FORBIDDEN")
    assert refused(conn, member.claims, query, [member.user_id, [role, admin]]) == forbidden
    assert refused(conn, tenant.admin.claims, query, [colleague.user_id, []]) == ("PT400", "INVALID_ARGUMENT")
    assert refused(conn, tenant.admin.claims, query, [colleague.user_id, [None]]) == ("PT404", "ROLE_NOT_FOUND")
    assert refused(conn, tenant.admin.claims, query, [tenant.admin.user_id, [viewer]]) == ("PT409", "LAST_ADMIN")
    one(conn, tenant.admin.claims, query, [colleague.user_id, [role, admin]])
    rows = owner.execute(
        "select role_id from public.member_roles where user_id = %s order by 1", [colleague.user_id]
    ).fetchall()
    assert [row["role_id"] for row in rows] == sorted([role, admin])


def test_a_flood_of_invitations_is_bounded(db: Database, conn: Connection, owner: Connection) -> None:
    tenant = factories.make_tenant(db)
    too_many = ("PT409", "TOO_MANY_INVITATIONS")
    invite_one = "select public.invite_member(%s, %s, sha256(%s))"
    viewer = role_id(owner, "viewer")
    for number in range(100):
        one(conn, tenant.admin.claims, invite_one, [f"{number}@x.test", viewer, f"{tenant.tenant_id}{number}".encode()])
    more = ["one-more@x.test", viewer, secrets.token_bytes(8)]
    assert refused(conn, tenant.admin.claims, invite_one, more) == too_many
    one(conn, tenant.admin.claims, invite_one, ["0@x.test", viewer, secrets.token_bytes(8)])  # in the place of its own
    owner.execute("update public.invitations set revoked_at = now() where tenant_id = %s", [tenant.tenant_id])
    one(conn, tenant.admin.claims, invite_one, more)
    owner.execute(
        "insert into public.invitations (tenant_id, email, role_id, token_hash, expires_at, revoked_at) "
        "select %s, n || '@y.test', %s, sha256((%s || n)::bytea), now(), now() from generate_series(1, 1000) as n",
        [tenant.tenant_id, viewer, secrets.token_hex(8)],
    )
    last = ["last@x.test", viewer, secrets.token_bytes(8)]
    assert refused(conn, tenant.admin.claims, invite_one, last) == too_many


def test_a_flood_of_roles_is_bounded(db: Database, conn: Connection, owner: Connection) -> None:
    tenant = factories.make_tenant(db)
    owner.execute(
        "insert into public.roles (tenant_id, name, slug, description) "
        "select %s, 'x', 'x' || n, '' from generate_series(1, 199) as n",
        [tenant.tenant_id],
    )
    create = "select public.create_role('Own', %s, '{jobs.read}')"
    one(conn, tenant.admin.claims, create, ["last"])
    assert refused(conn, tenant.admin.claims, create, ["more"]) == ("PT409", "TOO_MANY_ROLES")
    assert refused(conn, tenant.admin.claims, create, ["last"]) == ("PT409", "TOO_MANY_ROLES")


def test_an_invitation_is_void_when_who_sent_it_may_not_invite_any_more(db: Database, conn: Connection) -> None:
    tenant = factories.make_tenant(db)
    second = factories.make_member(db, tenant, "admin")
    guest = factories.make_tenant(db).admin
    invite(conn, second.claims, guest.email, "viewer")
    status = "select status, inviter, total from public.list_invitations() limit 1"
    assert one(conn, tenant.admin.claims, status) == {"status": "open", "inviter": second.email, "total": 2}
    one(conn, tenant.admin.claims, "select public.remove_member(%s)", [second.user_id])
    assert one(conn, tenant.admin.claims, status)["status"] == "void"
