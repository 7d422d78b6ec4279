"""The schema loads and holds on every supported PostgreSQL, whatever the platform grants by default."""

from tests import factories
from tests.databases import Database, unique_name
from tests.fleets import make_fleet
from tests.schema_dump import differences, schema_objects

from casare_cloud.local.migration_history import apply_migrations
from casare_cloud.local.schema import LoadResult


def test_the_schema_loads_and_takes_the_first_rows(database_of_version: Database) -> None:
    tenant = factories.make_tenant(database_of_version)
    factories.make_robot(database_of_version, tenant)
    factories.make_workflow(database_of_version, tenant)
    assert database_of_version.server.load_schema(database_of_version.name) is LoadResult.UNCHANGED


def test_the_migrations_equal_sql_on_each_version(database_of_version: Database, auto_expose: bool) -> None:
    server = database_of_version.server
    name = unique_name("migrated")
    server.bootstrap(name, auto_expose=auto_expose)
    try:
        apply_migrations(server.dsn("postgres", name))
        assert differences(schema_objects(server, database_of_version.name), schema_objects(server, name)) == []
    finally:
        server.drop_database(name)


def test_anonymous_callers_read_no_table_on_any_version(database_of_version: Database) -> None:
    factories.make_workflow(database_of_version, factories.make_tenant(database_of_version))
    connection = database_of_version.connect("supabase_admin")
    tables = connection.execute(
        "select c.oid::regclass::text as name from pg_class as c where c.relnamespace = 'public'::regnamespace "
        "and c.relkind in ('r', 'p', 'v', 'm') and has_table_privilege('anon', c.oid, 'select')"
    ).fetchall()
    assert [table["name"] for table in tables] == []


def test_a_job_goes_its_whole_way_on_any_version(database_of_version: Database) -> None:
    fleet = make_fleet(database_of_version)
    robot = fleet.robot()
    job_id = fleet.enqueue(input={"n": 1})["job_id"]
    claimed = fleet.claim_one(robot)
    fleet.report(robot, "start_job", claimed)
    fleet.report(robot, "report_progress", claimed, progress=50, current_node="start", message="half")
    answer = fleet.report(robot, "complete_job", claimed, result={"n": 2})
    assert answer["outcome"] == "applied"
    assert (fleet.job(job_id)["status"], fleet.job(job_id)["result"]) == ("completed", {"n": 2})


def test_another_tenants_member_sees_nothing_on_any_version(database_of_version: Database) -> None:
    fleet, stranger = make_fleet(database_of_version), make_fleet(database_of_version)
    job_id = fleet.enqueue()["job_id"]
    assert fleet.member.execute("select job_id from public.live_jobs").fetchall() == [{"job_id": job_id}]
    for table in ("live_jobs", "jobs", "live_robots", "workflows", "memberships", "api_keys"):
        rows = stranger.member.execute(f"select tenant_id from public.{table}").fetchall()
        assert {row["tenant_id"] for row in rows} <= {stranger.tenant.tenant_id}
