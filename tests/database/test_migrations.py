"""The migrations make the same database as `sql/` does."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from tests.databases import Database, unique_name
from tests.schema_dump import differences, reference_rows, schema_objects

from casare_cloud.local import migrations
from casare_cloud.local.migration_history import apply_migrations
from casare_cloud.local.postgres import PostgresServer
from casare_cloud.local.schema import project_root
from casare_cloud.schema_version import SCHEMA_VERSION


@pytest.fixture
def migrated(postgres_server: PostgresServer) -> Iterator[Database]:
    name = unique_name("migrated")
    postgres_server.bootstrap(name)
    database = Database(postgres_server, name)
    yield database
    database.close()
    postgres_server.drop_database(name)


def test_the_migrations_hold_the_present_state_of_every_file() -> None:
    root = project_root()
    assert migrations.pending(root) == [], (
        "run `make migration name=…` (before the first release: `make migration-fresh`)"
    )


def test_no_migration_waits_for_a_person() -> None:
    assert migrations.unfinished(project_root()) == []


def test_database_and_program_name_the_newest_migration_as_the_version_of_the_schema() -> None:
    newest = migrations.migration_files(project_root())[-1].name[:14]
    assert migrations.versions(project_root()) == {newest} == {SCHEMA_VERSION}


def test_a_database_from_migrations_equals_one_from_sql(
    postgres_server: PostgresServer, shared_database: Database, migrated: Database
) -> None:
    apply_migrations(migrated.dsn())
    from_sql = schema_objects(postgres_server, shared_database.name)
    assert len(from_sql) > 100
    assert differences(from_sql, schema_objects(postgres_server, migrated.name)) == []
    rows = reference_rows(shared_database.connect("supabase_admin"))
    assert differences(rows, reference_rows(migrated.connect("supabase_admin"))) == []


def test_the_comparison_names_an_object_that_differs(postgres_server: PostgresServer, database: Database) -> None:
    before = schema_objects(postgres_server, database.name)
    with database.connect() as owner:
        owner.execute("alter table public.tenants add column surprise text")
        owner.execute("create function private.extra() returns int language sql as 'select 1'")
    found = differences(before, schema_objects(postgres_server, database.name))
    assert "TABLE public.tenants differs" in found
    assert "FUNCTION private.extra() (only in migrations)" in found


def test_a_migration_made_from_an_older_state_brings_the_database_to_the_new_one(
    postgres_server: PostgresServer, migrated: Database, tmp_path: Path
) -> None:
    root = project_root()
    shutil.copytree(root / "sql", tmp_path / "sql")
    (tmp_path / "supabase").mkdir()
    shutil.copy(root / "supabase" / "config.toml", tmp_path / "supabase")
    (tmp_path / "src" / "casare_cloud").mkdir(parents=True)
    shutil.copy(root / migrations.VERSION_IN_PYTHON, tmp_path / "src" / "casare_cloud")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    migrations.fresh(tmp_path, moment)
    function = tmp_path / "sql/00_platform/functions/added_later.sql"
    function.write_text("create or replace function private.added_later() returns int language sql as 'select 1';\n")
    with (tmp_path / "sql/00_platform/policies.sql").open("a") as policies:
        policies.write("-- changed\n")
    first, second = migrations.new(tmp_path, "add_function", moment)
    assert migrations.versions(tmp_path) == {second.name[:14]}
    assert migrations.pending(tmp_path) == []
    apply_migrations(migrated.dsn(), migrations.migrations_dir(tmp_path))
    assert "FUNCTION private.added_later()" in schema_objects(postgres_server, migrated.name)
    assert migrated.connect().execute("select private.get_schema_version() as version").fetchone() == {
        "version": second.name[:14]
    }, first


def test_a_migration_that_fails_leaves_nothing_behind(
    postgres_server: PostgresServer, migrated: Database, tmp_path: Path
) -> None:
    file = tmp_path / "20260101000000_bad.sql"
    file.write_text("create schema half; create table nonsense (x no_such_type);")
    with pytest.raises(psycopg.errors.UndefinedObject):
        apply_migrations(migrated.dsn(), tmp_path)
    row = migrated.connect().execute("select to_regnamespace('half') as half").fetchone()
    assert row == {"half": None}
