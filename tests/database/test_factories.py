"""The starting rows of other tests can be made, and each caller can enter the database."""

import pytest
from tests import factories
from tests.databases import Database, as_caller


def test_factories_make_a_tenant_with_everything_in_it(database: Database) -> None:
    tenant = factories.make_tenant(database)
    member = factories.make_member(database, tenant, "viewer")
    robot = factories.make_robot(database, tenant, capabilities=["browser"])
    workflow = factories.make_workflow(database, tenant)
    with database.connect() as owner:
        counts = owner.execute(
            "select (select count(*) from public.memberships where tenant_id = %(t)s) as members, "
            "(select count(*) from public.robots where tenant_id = %(t)s) as robots, "
            "(select count(*) from public.workflow_versions where tenant_id = %(t)s) as versions, "
            "(select count(*) from public.api_keys where robot_id = %(r)s) as keys",
            {"t": tenant.tenant_id, "r": robot.robot_id},
        ).fetchone()
    assert counts == {"members": 2, "robots": 1, "versions": 1, "keys": 1}
    assert member.claims["app_metadata"]["tenant_id"] == str(workflow.tenant_id)


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_a_connection_acts_as_the_role_and_claims_it_was_opened_with(shared_database: Database, role: str) -> None:
    claims = {"sub": "6f2c1f9e-3c3b-4d1b-8d1b-0f7f3ed2a111", "role": role}
    connection = shared_database.connect(role, claims)
    row = connection.execute(
        "select current_user::text as who, auth.uid()::text as sub, auth.role() as role"
    ).fetchone()
    assert row == {"who": role, "sub": claims["sub"], "role": role}


def test_a_callers_role_and_claims_end_with_the_transaction(shared_database: Database) -> None:
    connection = shared_database.connect("casare_functions")
    with as_caller(connection, {"sub": "6f2c1f9e-3c3b-4d1b-8d1b-0f7f3ed2a111", "role": "authenticated"}):
        inside = connection.execute("select current_user::text as who, auth.uid() is not null as known").fetchone()
    after = connection.execute(
        "select current_user::text as who, current_setting('request.jwt.claims', true) <> '' as known"
    ).fetchone()
    assert inside == {"who": "authenticated", "known": True}
    assert after == {"who": "casare_functions", "known": False}
