"""The audit trail: who changed what, from where, without secrets, and not to be changed."""

import json
import secrets
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from tests import factories
from tests.database.asserting import invite, one, refused
from tests.database.plans import PlanWatcher, nodes
from tests.database.pools import join, make_pool
from tests.databases import Connection, Database, as_caller, set_claims
from tests.fleets import Fleet, call, call_all


def trail(owner: Connection, tenant: factories.Tenant, resource_type: str) -> list[dict[str, Any]]:
    """What was written down of one kind of resource in a tenant, oldest first."""
    rows: list[dict[str, Any]] = owner.execute(
        "select * from public.audit_log where tenant_id = %s and resource_type = %s order by audit_id",
        [tenant.tenant_id, resource_type],
    ).fetchall()
    return rows


@pytest.fixture
def tenant(db: Database) -> factories.Tenant:
    return factories.make_tenant(db)


def test_a_change_says_who_did_it_from_where(conn: Connection, owner: Connection, tenant: factories.Tenant) -> None:
    with conn.transaction():
        conn.execute(
            "select set_config('casare.request_id', 'req-1', true), set_config('casare.client_ip', '192.0.2.7', true)"
        )
        set_claims(conn, tenant.admin.claims)
        conn.execute("set local role authenticated")
        conn.execute("select public.update_tenant(p_timezone => 'Europe/Berlin')")
    row = trail(owner, tenant, "tenants")[-1]
    assert (row["actor_id"], row["principal"], row["action"]) == (tenant.admin.user_id, "user", "update")
    assert (row["old_values"], row["new_values"]) == ({"timezone": "UTC"}, {"timezone": "Europe/Berlin"})
    assert (row["request_id"], str(row["ip_address"]), row["resource_id"]) == (
        "req-1",
        "192.0.2.7",
        str(tenant.tenant_id),
    )


def test_what_nobody_asked_for_is_the_systems(owner: Connection, tenant: factories.Tenant) -> None:
    owner.execute("update public.tenants set name = 'Renamed' where tenant_id = %s", [tenant.tenant_id])
    row = trail(owner, tenant, "tenants")[-1]
    assert (row["actor_id"], row["principal"], row["request_id"], row["ip_address"]) == (None, "system", None, None)


@pytest.mark.parametrize("address", ["unknown", "192.0.2", "testclient", "192.0.2.1:8080"])
def test_an_address_that_is_none_does_not_undo_the_change(
    owner: Connection, tenant: factories.Tenant, address: str
) -> None:
    with owner.transaction():
        owner.execute("select set_config('casare.client_ip', %s, true)", [address])
        owner.execute("update public.tenants set name = 'Kept' where tenant_id = %s", [tenant.tenant_id])
    row = trail(owner, tenant, "tenants")[-1]
    assert (row["new_values"], row["ip_address"]) == ({"name": "Kept"}, None)


def test_a_change_that_changes_nothing_is_not_written_down(owner: Connection, tenant: factories.Tenant) -> None:
    before = len(trail(owner, tenant, "tenants"))
    owner.execute("update public.tenants set name = name, updated_at = now() where tenant_id = %s", [tenant.tenant_id])
    assert len(trail(owner, tenant, "tenants")) == before


def test_a_change_that_is_rolled_back_leaves_no_trace(owner: Connection, tenant: factories.Tenant) -> None:
    before = len(trail(owner, tenant, "tenants"))
    with owner.transaction():
        owner.execute("update public.tenants set name = 'No' where tenant_id = %s", [tenant.tenant_id])
        raise psycopg.Rollback
    assert len(trail(owner, tenant, "tenants")) == before


def test_no_secret_is_ever_written_down(
    db: Database, conn: Connection, owner: Connection, tenant: factories.Tenant
) -> None:
    key = factories.make_key(db, tenant, "service", scopes=["jobs.read"])
    conn.execute("select private.enter_with_key(%s)", [key.key_hash])
    one(
        conn,
        tenant.admin.claims,
        "select public.rotate_api_key(%s, %s, 'p')",
        [key.api_key_id, secrets.token_bytes(32)],
    )
    token = invite(conn, tenant.admin.claims, "a@example.test", "viewer")
    rows = owner.execute("select * from public.audit_log where tenant_id = %s", [tenant.tenant_id]).fetchall()
    text = json.dumps(rows, default=str)
    assert "key_hash" not in text
    assert "token_hash" not in text
    assert key.key_hash.hex() not in text
    assert token not in text


def test_using_a_key_is_no_change_of_it(
    db: Database, conn: Connection, owner: Connection, tenant: factories.Tenant
) -> None:
    key = factories.make_key(db, tenant, "service", scopes=["jobs.read"])
    before = len(trail(owner, tenant, "api_keys"))
    conn.execute("select private.enter_with_key(%s)", [key.key_hash])
    assert len(trail(owner, tenant, "api_keys")) == before


def test_keys_act_under_their_own_name(
    db: Database, conn: Connection, owner: Connection, tenant: factories.Tenant
) -> None:
    key = factories.make_key(db, tenant, "service", scopes=["settings.write"])
    with conn.transaction():
        conn.execute("select private.enter_with_key(%s)", [key.key_hash])
        conn.execute("set local role authenticated")
        conn.execute("select public.update_tenant(p_name => 'By key')")
    row = trail(owner, tenant, "tenants")[-1]
    assert (row["actor_id"], row["principal"]) == (key.api_key_id, "service")


def test_members_roles_and_workflows_are_written_down(
    db: Database, conn: Connection, owner: Connection, tenant: factories.Tenant
) -> None:
    member = factories.make_member(db, tenant, "viewer")
    role = one(conn, tenant.admin.claims, "select public.create_role('R', 'r', '{jobs.read}') as id")["id"]
    one(conn, tenant.admin.claims, "select public.update_role(%s, null, null, '{jobs.create}')", [role])
    one(conn, tenant.admin.claims, "select public.assign_role(%s, %s)", [member.user_id, role])
    one(conn, tenant.admin.claims, "select public.remove_member(%s)", [member.user_id])
    workflow = factories.make_workflow(db, tenant)
    one(conn, tenant.admin.claims, "select public.delete_workflow(%s)", [workflow.workflow_id])

    def actions(resource_type: str) -> list[tuple[str, str]]:
        return [(row["action"], row["resource_id"]) for row in trail(owner, tenant, resource_type)]

    assert actions("memberships")[-1] == ("delete", str(member.user_id))
    assert ("create", f"{member.user_id}/{role}") in actions("member_roles")
    assert ("delete", f"{member.user_id}/{role}") in actions("member_roles")
    assert ("create", f"{role}/jobs.read") in actions("role_permissions")
    assert ("delete", f"{role}/jobs.read") in actions("role_permissions")
    assert actions("workflows") == [(act, str(workflow.workflow_id)) for act in ("create", "delete")]
    assert actions("workflow_versions") == [("create", f"{workflow.workflow_id}/1")]
    assert "definition" not in trail(owner, tenant, "workflow_versions")[0]["new_values"]


def test_limits_and_weights_are_written_down_and_what_jobs_do_to_them_is_not(fleet: Fleet, owner: Connection) -> None:
    workflow = {"workflow_id": fleet.workflow.workflow_id}
    fleet.owner.execute('update public.tenants set settings = \'{"queue": {"fair_share": true}}\'')
    call(fleet.member, "set_limit", scope="key", concurrency_key="k", max_running=1)
    call(fleet.member, "set_limit", scope="key", concurrency_key="k", max_running=100)
    call(fleet.member, "set_share", **workflow, weight=2)
    robot = fleet.robot()
    fleet.enqueue(concurrency_key="k")
    fleet.report(robot, "complete_job", fleet.claim_one(robot))
    fleet.owner.execute("select private.fold_share_usage()")
    call(fleet.member, "set_share", **workflow, weight=2)
    call(fleet.member, "remove_limit", scope="key", concurrency_key="k")
    rows = trail(owner, fleet.tenant, "limits")
    assert [(row["action"], row["resource_id"]) for row in rows] == [
        ("create", "key/k"),
        ("update", "key/k"),
        ("delete", "key/k"),
    ]
    assert (rows[1]["old_values"], rows[1]["new_values"]) == ({"max_running": 1}, {"max_running": 100})
    assert not {"limit_id", "counter_ids"} & set(rows[0]["new_values"])
    (row,) = trail(owner, fleet.tenant, "shares")
    assert (row["actor_id"], row["resource_id"], row["old_values"], row["new_values"]) == (
        fleet.tenant.admin.user_id,
        str(fleet.workflow.workflow_id),
        {"weight": 1},
        {"weight": 2},
    )


def test_what_a_pool_gives_a_member_is_in_the_pools_trail_alone(
    fleet: Fleet, stranger: Fleet, owner: Connection
) -> None:
    pool = make_pool(fleet)
    join(fleet, pool, stranger, max_running=3)
    assert [row["new_values"]["max_running"] for row in trail(owner, fleet.tenant, "pool_members")][-1] == 3
    assert trail(owner, stranger.tenant, "limits") == trail(owner, fleet.tenant, "limits") == []


def test_built_in_roles_belong_to_nobodys_trail(owner: Connection) -> None:
    owner.execute("select private.ensure_builtin_roles()")
    assert owner.execute("select from public.audit_log where tenant_id is null").fetchone() is None


def test_admins_read_their_own_trail_and_others_none(db: Database, conn: Connection, tenant: factories.Tenant) -> None:
    other = factories.make_tenant(db)
    count = "select count(*) as n, count(*) filter (where tenant_id <> %s) as foreign from public.audit_log"
    row = one(conn, tenant.admin.claims, count, [tenant.tenant_id])
    assert row["n"] > 0
    assert row["foreign"] == 0
    for claims in (
        factories.make_member(db, tenant, "developer").claims,
        factories.make_member(db, tenant, "viewer").claims,
        factories.make_robot(db, tenant).claims,
    ):
        assert one(conn, claims, count, [other.tenant_id])["n"] == 0


def write_many(fleet: Fleet, count: int) -> None:
    """As many changes of the admin's, one a second until now, of the things 0 to 9."""
    fleet.owner.execute(
        """
        insert into public.audit_log (
            audit_id, tenant_id, actor_id, principal, action, resource_type, resource_id, created_at
        )
        select
            overlay(gen_random_uuid()::text placing left(private.uuid_v7_floor(t.at)::text, 13) from 1 for 13)::uuid,
            %s, %s, 'user', 'execute', 'workflows', (g %% 10)::text, t.at
        from generate_series(1, %s::integer) as g
        cross join lateral (select now() - make_interval(secs => g) as at) as t
        """,
        [fleet.tenant.tenant_id, fleet.tenant.admin.user_id, count],
    )
    fleet.owner.execute("analyze public.audit_log")


def read_of_the_log(watcher: PlanWatcher) -> float:
    """How many rows of the log the last call read."""
    return sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for plan in watcher.plans
        for node in nodes(plan["Plan"])
        if node.get("Relation Name") == "audit_log"
    )


def test_an_answer_reads_a_bounded_part_of_a_long_log_and_says_where_to_go_on(fleet: Fleet) -> None:
    admin = fleet.tenant.admin.claims
    old = factories.make_member(fleet.database, fleet.tenant, "developer")
    fleet.owner.execute(
        "insert into public.audit_log"
        " (audit_id, tenant_id, actor_id, principal, action, resource_type, resource_id, created_at)"
        " select private.uuid_v7_floor(t.at), %s, %s, 'user', 'delete', 'pools', 'rare', t.at"
        " from (select now() - interval '90 days' as at) as t",
        [fleet.tenant.tenant_id, old.user_id],
    )
    write_many(fleet, 25_000)
    watcher = PlanWatcher(fleet)
    watcher.connection.execute("select set_config('auto_explain.log_analyze', 'on', false)")

    first = watcher.call(admin, "list_audit_log", search="rar")
    assert (first["audit_id"], first["total"], first["is_capped"]) == (None, 0, True)
    assert read_of_the_log(watcher) <= 10_100
    second = watcher.call(admin, "list_audit_log", search="rar", before=first["last_looked_at"])
    third = watcher.call(admin, "list_audit_log", search="rar", before=second["last_looked_at"])
    assert (third["resource_id"], third["is_capped"]) == ("rare", False)

    narrow: list[dict[str, Any]] = [
        {"actor": old.email, "action": "delete"},
        {"actor_id": old.user_id, "action": "delete"},
        {"resource_types": ["pools"], "resource_id": "rare"},
        {"search": "rar", "until": first["looked_back_to"] - timedelta(days=80)},
    ]
    for wanted in narrow:
        row = watcher.call(admin, "list_audit_log", **wanted)
        assert (row["resource_id"], row["is_capped"], row["total"]) == ("rare", False, 1), wanted
        assert read_of_the_log(watcher) <= 50, wanted

    for nothing in ({"until": "1969-07-20T00:00:00Z"}, {"until": "-infinity"}, {"since": "infinity"}):
        assert watcher.call_all(admin, "list_audit_log", **nothing) == []
        assert read_of_the_log(watcher) == 0, nothing

    assert watcher.call(admin, "list_audit_log", resource_types=["workflows"], resource_id="7")["total"] == 2_500
    assert read_of_the_log(watcher) <= 2_600


def test_the_history_of_a_workflow_that_runs_often_is_counted_to_ten_thousand(fleet: Fleet) -> None:
    write_many(fleet, 25_000)
    job = fleet.enqueue()
    fleet.owner.execute("update public.audit_log set resource_id = %s where resource_id < '6'", [job["workflow_id"]])
    fleet.owner.execute("vacuum analyze public.audit_log")
    watcher = PlanWatcher(fleet)
    watcher.connection.execute("select set_config('auto_explain.log_analyze', 'on', false)")
    found = watcher.call(fleet.tenant.admin.claims, "list_workflow_history", workflow_id=job["workflow_id"])
    assert found["total"] == 10_000
    assert read_of_the_log(watcher) <= 10_000 + 20


def test_a_page_that_is_far_behind_the_end_reads_no_more_than_a_part(fleet: Fleet) -> None:
    job = fleet.enqueue()
    admin, offset = fleet.tenant.admin.claims, 2**31 - 1
    with fleet.owner.transaction():
        fleet.owner.execute("set local role authenticated")
        set_claims(fleet.owner, admin)
        assert call_all(fleet.owner, "list_audit_log", offset=offset) == []
        assert call_all(fleet.owner, "list_workflow_history", workflow_id=job["workflow_id"], offset=offset) == []


def test_nobody_changes_or_deletes_the_trail(db: Database, tenant: factories.Tenant) -> None:
    for role in ("anon", "authenticated", "service_role"):
        client = db.connect(role, {**tenant.admin.claims, "role": role})
        for sql in (
            "update public.audit_log set action = 'x'",
            "delete from public.audit_log",
            "truncate public.audit_log",
            "insert into public.audit_log (tenant_id, principal, action, resource_type, resource_id) "
            "values (gen_random_uuid(), 'user', 'x', 'x', 'x')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                client.execute(sql)


def test_a_deleted_tenant_leaves_its_trail(owner: Connection, db: Database) -> None:
    tenant = factories.make_tenant(db)
    owner.execute("delete from public.tenants where tenant_id = %s", [tenant.tenant_id])
    assert trail(owner, tenant, "tenants")[-1]["action"] == "delete"
    with as_caller(owner, tenant.admin.claims):
        row = owner.execute("select count(*) as n from public.audit_log").fetchone()
    assert row == {"n": 0}
    assert refused(owner, tenant.admin.claims, "select public.whoami()")[0] == "PT403"
