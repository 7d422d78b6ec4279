"""Reads `sql/`, the schema as people edit it, in the order that `supabase/config.toml` states, and loads it."""

import enum
import hashlib
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from casare_cloud.local.errors import LocalStackError

# These describe an end state and cannot be run twice; every other file can.
ONCE_ONLY = ("schema.sql", "types.sql", "tables.sql")


class LoadResult(enum.Enum):
    """What `load` did."""

    CREATED = "created"
    REFRESHED = "refreshed"
    UNCHANGED = "unchanged"


def project_root() -> Path:
    """What the stack reads beside this package: the folder that a wheel carries, else the checkout of it."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "checkout", package.parents[1]):
        if (folder / "supabase" / "config.toml").exists() and (folder / "functions").is_dir():
            return folder
    raise LocalStackError(
        f"The migrations and functions of casare_cloud are missing beside {package}: install it again "
        "(pip install --force-reinstall casare-cloud)."
    )


def schema_files(root: Path | None = None) -> list[Path]:
    """Every file of the schema, in load order."""
    root = root or project_root()
    config = tomllib.loads((root / "supabase" / "config.toml").read_text())
    files: list[Path] = []
    for pattern in config["db"]["migrations"]["schema_paths"]:
        files += [path for path in sorted(root.glob(pattern.removeprefix("../"))) if path not in files]
    return files


def execute_file(connection: psycopg.Connection[Any], path: Path) -> None:
    """Runs a file of SQL; an error names the file, the line and the database's sentence."""
    text = path.read_text()
    try:
        connection.execute(text)
    except psycopg.Error as error:
        if error.diag.message_primary is None:
            raise
        position = error.diag.statement_position
        line = f":{text.count(chr(10), 0, int(position)) + 1}" if position else ""
        context = f"\n{error.diag.context}" if error.diag.context else ""
        raise LocalStackError(f"{path}{line}: {error.diag.message_primary}{context}") from error


def check_bodies(connection: psycopg.Connection[Any]) -> None:
    """Checks the body of every function of ours, now that all they call is there."""
    connection.execute("set local check_function_bodies = on")
    for validator, language in (("fmgr_sql_validator", "sql"), ("plpgsql_validator", "plpgsql")):
        rows = connection.execute(
            "select p.oid, p.oid::regprocedure::text from pg_proc as p join pg_language as l on l.oid = p.prolang "
            "where p.pronamespace in ('public'::regnamespace, 'private'::regnamespace) and l.lanname = %s "
            "and pg_has_role(p.proowner, 'usage') and p.prosqlbody is null order by p.oid",
            [language],
        ).fetchall()
        for oid, name in rows:
            try:
                connection.execute(f"select {validator}({int(oid)})")
            except psycopg.Error as error:
                raise LocalStackError(f"function {name}: {error.diag.message_primary or error}") from error


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load(
    superuser: psycopg.Connection[Any], connection: psycopg.Connection[Any], files: Sequence[Path] | None = None
) -> LoadResult:
    """Brings a database to the state of the files, in one transaction as the role of `connection`.

    An empty database gets everything. One that was loaded before gets the changed files again that can be run again;
    a changed table needs a migration or a fresh start, so it raises `LocalStackError`.
    """
    root = project_root()
    files = list(files) if files is not None else schema_files(root)
    now = {str(path.relative_to(root)): digest(path) for path in files}
    superuser.execute(
        "create schema if not exists casare_local authorization postgres; "
        "create table if not exists casare_local.loaded_files (path text primary key, sha256 text not null); "
        "alter table casare_local.loaded_files owner to postgres"
    )
    before = dict(connection.execute("select path, sha256 from casare_local.loaded_files").fetchall())
    if before == now:
        return LoadResult.UNCHANGED
    changed = [name for name in now if now[name] != before.get(name)]
    stuck = [name for name in changed if before and Path(name).name in ONCE_ONLY] + sorted(before.keys() - now.keys())
    if stuck:
        raise LocalStackError(
            f"This database was made by another state of {', '.join(stuck)}. Start over with --fresh."
        )
    with connection.transaction():
        # A function may call one that a later file makes.
        connection.execute("set local check_function_bodies = off")
        connection.execute("set local client_min_messages = warning")
        for name in changed:
            execute_file(connection, root / name)
        check_bodies(connection)
        connection.execute("delete from casare_local.loaded_files")
        with connection.cursor() as cursor:
            cursor.executemany("insert into casare_local.loaded_files values (%s, %s)", list(now.items()))
    return LoadResult.REFRESHED if before else LoadResult.CREATED
