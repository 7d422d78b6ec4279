"""Applies `supabase/migrations` the way the Supabase CLI does, keeping its history table."""

from pathlib import Path

import psycopg

from casare_cloud.local.errors import LocalStackError
from casare_cloud.local.schema import project_root


def apply_migrations(dsn: str, folder: Path | None = None) -> list[str]:
    """Apply what is pending, one transaction a file, as the role of `dsn`; return the names applied.

    Raises `LocalStackError` when the database holds a migration that the folder no longer has in the same form.
    """
    folder = folder or project_root() / "supabase" / "migrations"
    files = {path.name.split("_", 1)[0]: path for path in sorted(folder.glob("*.sql"))}
    applied: list[str] = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create schema if not exists supabase_migrations")
        connection.execute(
            "create table if not exists supabase_migrations.schema_migrations "
            "(version text primary key, statements text[], name text)"
        )
        history: dict[str, str] = dict(
            connection.execute("select version, statements[1] from supabase_migrations.schema_migrations").fetchall()
        )
        for version, text in history.items():
            if version not in files or files[version].read_text() != text:
                raise LocalStackError(
                    f"The local database was made from another form of migration {version}. "
                    "Start over with `casare-cloud up --fresh`; that erases the local data."
                )
        for version, path in files.items():
            if version in history:
                continue
            text = path.read_text()
            with connection.transaction():
                connection.execute(text)
                connection.execute(
                    "insert into supabase_migrations.schema_migrations (version, statements, name) values (%s, %s, %s)",
                    (version, [text], path.stem.split("_", 1)[1]),
                )
            applied.append(path.name)
    return applied
