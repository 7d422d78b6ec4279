"""What a deleted user leaves: a free name, and a tenant that an operator hands over or purges when nobody is left."""

import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests import factories
from tests.databases import Connection, Database, as_caller
from tests.fleets import Fleet, make_fleet


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant alone in its database."""
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


def delete_softly(database: Database, user_id: uuid.UUID) -> None:
    """As Auth does it."""
    with database.connect("supabase_auth_admin") as auth:
        auth.execute(
            "update auth.users set deleted_at = now(), email = md5(email), encrypted_password = null where id = %s",
            [user_id],
        )
        auth.execute("update auth.users set raw_app_meta_data = '{}' where id = %s", [user_id])


def delete(database: Database, user_id: uuid.UUID) -> None:
    """For good."""
    with database.connect("supabase_auth_admin") as auth:
        auth.execute("delete from auth.users where id = %s", [user_id])


def abandoned(owner: Connection) -> list[str]:
    return [str(row["tenant_id"]) for row in owner.execute("select * from private.list_abandoned_tenants()").fetchall()]


def refusal(owner: Connection, query: str, *params: Any) -> tuple[str | None, str | None]:
    with pytest.raises(psycopg.Error) as caught:
        owner.execute(query, params)
    return caught.value.sqlstate, caught.value.diag.message_detail


@pytest.mark.parametrize("how", [delete_softly, delete], ids=["softly", "for good"])
def test_a_deleted_user_frees_the_name_and_leaves_the_tenants(db: Database, owner: Connection, how: Any) -> None:
    tenant = factories.make_tenant(db)
    member = factories.make_member(db, tenant, "operator")
    name = owner.execute("select username from public.profiles where user_id = %s", [member.user_id]).fetchone()
    how(db, member.user_id)
    for table in ("profiles", "memberships", "member_roles"):
        assert owner.execute(f"select from public.{table} where user_id = %s", [member.user_id]).fetchall() == []
    assert str(tenant.tenant_id) not in abandoned(owner), "the admin is there"
    assert name is not None
    form = {"tenant_name": "New", "username": name["username"]}
    factories.make_user(db, app_metadata={"registration": form})  # who takes the name
    how(db, tenant.admin.user_id)
    assert str(tenant.tenant_id) in abandoned(owner)


def test_a_tenant_of_deactivated_members_is_abandoned_and_whoever_it_is_given_to_is_active(
    db: Database, owner: Connection
) -> None:
    tenant = factories.make_tenant(db)
    member = factories.make_member(db, tenant, "operator")
    with as_caller(owner, tenant.admin.claims):
        owner.execute("select public.update_member(%s, p_is_active => false)", [member.user_id])
    delete(db, tenant.admin.user_id)
    assert str(tenant.tenant_id) in abandoned(owner)
    owner.execute("select private.give_tenant(%s, %s)", [str(tenant.tenant_id), member.email])
    with as_caller(owner, member.claims):
        row = owner.execute("select public.whoami() as caller").fetchone()
    assert row is not None
    assert row["caller"]["roles"] == ["admin", "operator"]


def test_the_robots_of_an_abandoned_tenant_go_on_and_health_names_the_number(fleet: Fleet) -> None:
    robot = fleet.robot()
    job = fleet.enqueue()
    delete(fleet.database, fleet.tenant.admin.user_id)
    figure = fleet.owner.execute(
        "select * from private.queue_health() where figure = 'tenants_without_members'"
    ).fetchone()
    assert figure is not None
    assert (figure["value"], figure["is_ok"]) == (1, False)
    assert "casare-cloud db tenants" in figure["advice"]
    assert fleet.claim_one(robot)["job_id"] == job["job_id"]


def test_a_tenant_that_is_named_by_another_s_id_is_not_taken_for_it(db: Database, owner: Connection) -> None:
    tenants = [factories.make_tenant(db) for _ in range(3)]
    users = [factories.make_user(db, app_metadata={"registration": {"tenant_name": str(t.tenant_id)}}) for t in tenants]
    for user_id in (*(tenant.admin.user_id for tenant in tenants), *(user[0] for user in users)):
        delete_softly(db, user_id)
    for tenant in tenants:
        owner.execute("update public.tenants set name = 'Renamed' where tenant_id = %s", [tenant.tenant_id])  # moves it
        row = owner.execute("select private.get_abandoned_tenant(%s) as tenant_id", [str(tenant.tenant_id)]).fetchone()
        assert row == {"tenant_id": tenant.tenant_id}


def test_an_abandoned_tenant_is_given_to_a_user_and_no_other_is(db: Database, owner: Connection) -> None:
    tenant, other = factories.make_tenant(db), factories.make_tenant(db)
    give = "select private.give_tenant(%s, %s)"
    assert refusal(owner, give, str(tenant.tenant_id), other.admin.email) == ("PT409", "TENANT_HAS_MEMBERS")
    delete_softly(db, tenant.admin.user_id)
    assert refusal(owner, give, "no-such-tenant", other.admin.email) == ("PT404", "TENANT_NOT_FOUND")
    assert refusal(owner, give, str(tenant.tenant_id), "nobody@nowhere.test") == ("PT404", "USER_NOT_FOUND")
    owner.execute(give, [str(tenant.tenant_id), other.admin.email.upper()])
    assert str(tenant.tenant_id) not in abandoned(owner)
    claims = {**other.admin.claims, "app_metadata": {"tenant_id": str(tenant.tenant_id)}}
    with as_caller(owner, claims):
        row = owner.execute("select public.whoami() as me").fetchone()
    assert row is not None
    assert (row["me"]["tenant_id"], row["me"]["permissions"]) == (str(tenant.tenant_id), ["*"])


def test_a_purge_takes_all_of_a_tenant_in_steps_and_nothing_of_another(fleet: Fleet) -> None:
    owner, tenant_id = fleet.owner, fleet.tenant.tenant_id
    robot = fleet.robot()
    for _ in range(3):
        fleet.enqueue()
        fleet.report(robot, "complete_job", fleet.claim_one(robot), result={})
    fleet.enqueue(run_at=fleet.now.replace(year=fleet.now.year + 1))
    fleet.enqueue()
    fleet.claim_one(robot)
    fleet.enqueue()
    other = factories.make_tenant(fleet.database)
    purge = "select * from private.purge_tenant(%s, %s)"
    assert refusal(owner, purge, str(tenant_id), 2) == ("PT409", "TENANT_HAS_MEMBERS")
    before = rows_of(owner, other.tenant_id)
    delete(fleet.database, fleet.tenant.admin.user_id)
    assert rows_of(owner, tenant_id)["public.jobs"] == 6
    steps = []
    while not steps or not steps[-1]["is_gone"]:
        step = owner.execute(purge, [str(tenant_id), 2]).fetchone()
        assert step is not None
        steps.append(step)
        assert step["purged"] <= 2
        if len(steps) == 1:
            with pytest.raises(psycopg.Error):  # closed from the first step on
                fleet.claim_one(robot)
    assert len(steps) > 5
    assert set(rows_of(owner, tenant_id)) <= {"public.audit_log"}
    for table in ("ready", "waiting_robots"):
        assert owner.execute(f"select from private.{table}").fetchall() == []
    assert rows_of(owner, other.tenant_id) == before
    assert refusal(owner, purge, str(tenant_id), 2) == ("PT404", "TENANT_NOT_FOUND")


def rows_of(owner: Connection, tenant_id: uuid.UUID) -> dict[str, int]:
    """How many rows of a tenant each table has, of those that name tenants."""
    tables = owner.execute(
        "select format('%I.%I', n.nspname, c.relname) as name from pg_attribute as a "
        "join pg_class as c on c.oid = a.attrelid "
        "join pg_namespace as n on n.oid = c.relnamespace where n.nspname in ('public', 'private') "
        "and c.relkind in ('r', 'p') and not c.relispartition and a.attname = 'tenant_id'"
    ).fetchall()
    found = {}
    for table in tables:
        row = owner.execute(f"select count(*) as n from {table['name']} where tenant_id = %s", [tenant_id]).fetchone()
        assert row is not None
        if row["n"]:
            found[table["name"]] = row["n"]
    return found
