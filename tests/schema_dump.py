"""What a database is made of, object by object, so that two of them can be compared and the difference named."""

import os
import re
import subprocess
from typing import Any

import psycopg
from psycopg import sql

from casare_cloud.local.pg_binaries import find_binaries
from casare_cloud.local.postgres import PostgresServer

HEADING = re.compile(
    r"^-- (?:Name|Data for Name): (?P<name>.*); Type: (?P<type>[^;]+); Schema: (?P<schema>[^;]+); Owner:.*$", re.M
)
TOKEN = re.compile(r"^\\(un)?restrict .*$\n?", re.M)
VALUES_OF_THEIR_OWN = ("uuid", "timestamp with time zone")


def pg_dump_program(server: PostgresServer) -> str:
    """A pg_dump that is at least as new as the server: its own, else the wheel's."""
    own = server.binaries.bindir / "pg_dump"
    if own.exists():
        return str(own)
    environment = os.environ.pop("CASARE_PG_BINDIR", None)
    try:
        return str(find_binaries().bindir / "pg_dump")
    finally:
        if environment is not None:
            os.environ["CASARE_PG_BINDIR"] = environment


def schema_objects(server: PostgresServer, database: str) -> dict[str, str]:
    """The definition of every object, by type, schema and name."""
    skipped = [f"--exclude-schema={name}" for name in ("casare_local", "supabase_migrations")]
    command = [pg_dump_program(server), "--schema-only", *skipped, server.dsn("supabase_admin", database)]
    answer = subprocess.run(
        command, text=True, capture_output=True, check=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    )
    text = TOKEN.sub("", answer.stdout)
    headings = list(HEADING.finditer(text))
    objects: dict[str, str] = {}
    for heading, following in zip(headings, [*headings[1:], None], strict=True):
        body = text[heading.end() : following.start() if following else len(text)]
        key = f"{heading['type']} {heading['schema']}.{heading['name']}"
        objects[key] = objects.get(key, "") + body.strip().strip("-").strip()
    return objects


def reference_rows(connection: psycopg.Connection[Any]) -> dict[str, list[str]]:
    """The rows that a schema comes with, without ids and times that differ by nature; and the jobs of cron."""
    tables = connection.execute(
        "select c.oid::regclass::text as name, n.nspname as schema, c.relname as relation from pg_class as c "
        "join pg_namespace as n on n.oid = c.relnamespace "
        "where n.nspname in ('public', 'private') and c.relkind = 'r' order by 1"
    ).fetchall()
    rows: dict[str, list[str]] = {}
    for table in tables:
        columns = connection.execute(
            "select column_name from information_schema.columns where table_schema = %s and table_name = %s "
            "and data_type <> all (%s) order by ordinal_position",
            [table["schema"], table["relation"], list(VALUES_OF_THEIR_OWN)],
        ).fetchall()
        query = sql.SQL("select jsonb_build_array({})::text as row from {}").format(
            sql.SQL(", ").join(sql.Identifier(column["column_name"]) for column in columns),
            sql.Identifier(table["schema"], table["relation"]),
        )
        rows[table["name"]] = sorted(row["row"] for row in connection.execute(query).fetchall())
    rows["cron.job"] = sorted(
        row["row"]
        for row in connection.execute(
            "select jsonb_build_array(jobname, schedule, command, username, active)::text as row from cron.job"
        ).fetchall()
    )
    return rows


def differences(left: dict[str, Any], right: dict[str, Any]) -> list[str]:
    """The names that only one side has, or that are not the same on both."""
    return sorted(
        name + (" (only in sql/)" if name not in right else " (only in migrations)" if name not in left else " differs")
        for name in left.keys() | right.keys()
        if left.get(name) != right.get(name)
    )
