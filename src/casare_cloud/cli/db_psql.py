"""`casare-cloud db psql`: a connection of the database's owner, to type SQL into."""

import os
import shutil
from typing import NoReturn

import typer

from casare_cloud.cli.db_connection import NO_CONNECTION, DatabaseUrl, owner_url, parts_of
from casare_cloud.cli.output import fail


def psql(context: typer.Context, database_url: DatabaseUrl = None) -> None:
    """Open psql as the owner of the database, with the local stack's password. What follows is handed to psql.

    The owner sees all tenants and may change everything: for looking, and for what docs/operations.md says.

    Examples: casare-cloud db psql · casare-cloud db psql -c "select * from private.queue_health()"
    """
    from psycopg.conninfo import make_conninfo

    wanted = parts_of(owner_url(database_url))
    if wanted is None:
        fail(NO_CONNECTION, 2)
    password = wanted.pop("password", None)
    place = make_conninfo(**wanted)
    _run(_program(place), [place, *context.args], password)


def _program(place: str) -> str:
    """The psql of this machine, or of the PostgreSQL that runs the local stack, which seldom has one."""
    from casare_cloud.local.errors import LocalStackError
    from casare_cloud.local.pg_binaries import find_binaries

    if found := shutil.which("psql"):
        return found
    try:
        program = find_binaries().program("psql")
    except LocalStackError:
        program = ""
    if not os.access(program, os.X_OK):
        fail(
            "There is no psql on this machine: install PostgreSQL's client (postgresql-client, libpq), or use any "
            f"other client with: {place} (the password is in .casare/database-passwords.json)."
        )
    return program


def _run(program: str, arguments: list[str], password: object) -> NoReturn:
    """Become psql, so that it has the terminal; the password stands in no list of processes."""
    secret = {} if password is None else {"PGPASSWORD": str(password)}
    os.execve(program, ["psql", *arguments], {"PGAPPNAME": "casare-cloud db", **os.environ, **secret})
