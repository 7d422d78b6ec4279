"""The composer copies what changed, marks what a person must write, and knows when the migrations are behind."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from casare_cloud.local import migrations
from casare_cloud.local.errors import LocalStackError

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
LATER = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
CONFIG = """
[db.migrations]
schema_paths = ["../sql/*/tables.sql", "../sql/*/functions/*.sql", "../sql/*/policies.sql"]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(tmp_path, "supabase/config.toml", CONFIG)
    put(tmp_path, "sql/10_a/tables.sql", "create table a ();\n")
    put(
        tmp_path,
        "sql/10_a/functions/go.sql",
        "create or replace function go() returns int language sql as 'select 1';\n",
    )
    put(tmp_path, "sql/10_a/policies.sql", "-- none\n")
    return tmp_path


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_fresh_writes_one_migration_with_every_file_in_load_order(root: Path) -> None:
    file = migrations.fresh(root, NOW)
    assert file.name == "20260301120000_initial.sql"
    assert [match["path"] for match in migrations.MARKER.finditer(file.read_text())] == [
        "sql/10_a/tables.sql",
        "sql/10_a/functions/go.sql",
        "sql/10_a/policies.sql",
    ]
    assert migrations.pending(root) == []


def test_fresh_again_keeps_the_time_stamp_and_removes_later_migrations(root: Path) -> None:
    migrations.fresh(root, NOW)
    put(root, "sql/10_a/functions/go.sql", "select 2;\n")
    migrations.new(root, "go_further", LATER)
    migrations.fresh(root, LATER)
    assert [file.name for file in migrations.migration_files(root)] == ["20260301120000_initial.sql"]


def test_new_copies_a_changed_function_and_leaves_the_rest_out(root: Path) -> None:
    migrations.fresh(root, NOW)
    put(root, "sql/10_a/functions/go.sql", "select 2;\n")
    assert migrations.pending(root) == ["sql/10_a/functions/go.sql"]
    (file,) = migrations.new(root, "go_further", LATER)
    assert file.name == "20260302120000_go_further.sql"
    assert "select 2;" in file.read_text()
    assert "create table a" not in file.read_text()
    assert migrations.pending(root) == []


def test_new_leaves_a_todo_for_a_changed_table_and_copies_a_new_one(root: Path) -> None:
    migrations.fresh(root, NOW)
    put(root, "sql/10_a/tables.sql", "create table a (b int);\n")
    put(root, "sql/20_c/tables.sql", "create table c ();\n")
    (file,) = migrations.new(root, "grow", LATER)
    assert "create table a" not in file.read_text()
    assert "create table c" in file.read_text()
    assert len(migrations.unfinished(root)) == 1
    assert "the ALTER" in migrations.unfinished(root)[0]


def test_new_leaves_a_todo_for_a_file_that_is_gone(root: Path) -> None:
    migrations.fresh(root, NOW)
    (root / "sql/10_a/functions/go.sql").unlink()
    assert migrations.pending(root) == ["sql/10_a/functions/go.sql"]
    migrations.new(root, "stop", LATER)
    assert "drop what sql/10_a/functions/go.sql made" in migrations.unfinished(root)[0]
    assert migrations.pending(root) == []


def test_policies_get_a_later_migration_of_their_own(root: Path) -> None:
    migrations.fresh(root, NOW)
    put(root, "sql/10_a/functions/go.sql", "select 2;\n")
    put(root, "sql/10_a/policies.sql", "-- one\n")
    first, second = migrations.new(root, "both", LATER)
    assert first.name < second.name
    assert second.name.endswith("_both_policies.sql")
    assert "-- one" in second.read_text()
    assert "-- one" not in first.read_text()


def test_a_migration_never_sorts_before_the_newest_one(root: Path) -> None:
    migrations.fresh(root, LATER)
    put(root, "sql/10_a/functions/go.sql", "select 2;\n")
    (file,) = migrations.new(root, "clock_went_back", NOW)
    assert file.name == "20260302120001_clock_went_back.sql"


def test_new_refuses_a_bad_name_and_a_change_of_nothing(root: Path) -> None:
    migrations.fresh(root, NOW)
    with pytest.raises(LocalStackError, match="no name for a migration"):
        migrations.new(root, "Bad Name", LATER)
    with pytest.raises(LocalStackError, match="Nothing changed"):
        migrations.new(root, "nothing", LATER)
