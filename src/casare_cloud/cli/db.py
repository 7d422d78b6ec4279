"""`casare-cloud db …`: look after the database, as its owner."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlsplit, urlunsplit

import typer

from casare_cloud.cli.output import errors_as_sentences, fail, print_json, print_table, say

if TYPE_CHECKING:
    import psycopg

app = typer.Typer(help="Look after the database, as its owner: health, exports.", no_args_is_help=True)

# Later than any transaction that finished a job before this can commit: see the timeouts of casare_functions.
SETTLED = "5 minutes"

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        envvar="CASARE_OWNER_DATABASE_URL",
        help="The owner's connection (postgres). Default: the local stack's.",
        show_envvar=True,
    ),
]


@app.command("health")
def health(
    database_url: DatabaseUrl = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the figures of the queue and what to do about them; exit code 1 when one needs somebody.

    docs/operations.md explains each.
    """
    with _connected(database_url) as connection:
        rows = connection.execute("select * from private.queue_health()").fetchall()
    if as_json:
        print_json([{**row, "value": float(row["value"]), "most": _number(row["most"])} for row in rows])
    else:
        print_table(
            ["figure", "value", "at most", ""],
            [
                [
                    row["figure"],
                    f"{row['value']:,.0f}",
                    None if row["most"] is None else f"{row['most']:,.0f}",
                    "ok" if row["is_ok"] else row["advice"],
                ]
                for row in rows
            ],
        )
    if not all(row["is_ok"] for row in rows):
        raise SystemExit(1)


@app.command("export")
def export(
    partition: Annotated[str, typer.Argument(help="A partition of jobs, such as jobs_2026w47 or jobs_default.")],
    file: Annotated[Path, typer.Argument(help="Where to write: one job a line, as JSON.", dir_okay=False)],
    database_url: DatabaseUrl = None,
) -> None:
    """Write the finished jobs of a partition to FILE and mark them as exported.

    Jobs of tenants with the setting export_before_drop leave only after this. Jobs that finish later need another
    export. The file holds all tenants' jobs: keep it as you keep the database.

    Example: casare-cloud db export jobs_2026w30 jobs_2026w30.jsonl
    """
    if file.exists():
        fail(f"{file} is there already.", 2)
    with _connected(database_url) as connection, connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        count = _export(connection, partition, file)
    say(f"{count} jobs of {partition} are in {file}.")


def _export(connection: "psycopg.Connection[dict[str, Any]]", partition: str, file: Path) -> int:
    """Write the file under another name, give it its own, and say so in the same transaction."""
    from psycopg import sql

    row = connection.execute(
        "select private.clock() - %s::interval as finished_before, exists (select from pg_inherits as i "
        "join pg_class as c on c.oid = i.inhrelid where i.inhparent = 'public.jobs'::regclass and c.relname = %s) "
        "as is_there",
        [SETTLED, partition],
    ).fetchone()
    if row is None or not row["is_there"]:
        fail(f"jobs has no partition {partition}.", 2)
    query = sql.SQL(
        "select row_to_json(j) as job from private.{} as j where j.finished_at < %s order by j.job_id"
    ).format(sql.Identifier(partition))
    partial = file.with_name(file.name + ".partial")
    count = 0
    try:
        with (
            os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out,
            connection.cursor(name="export") as jobs,
        ):
            jobs.itersize = 1000
            jobs.execute(query, [row["finished_before"]])
            for job in jobs:
                count += 1
                out.write(json.dumps(job["job"], ensure_ascii=False, separators=(",", ":")) + "\n")
            out.flush()
            os.fsync(out.fileno())
        partial.replace(file)
    except OSError as problem:
        raise OSError(problem.errno, problem.strerror, str(file)) from problem  # a full disk names no file
    finally:
        partial.unlink(missing_ok=True)
    connection.execute("select private.mark_exported(%s, %s)", [partition, row["finished_before"]])
    return count


@contextmanager
def _connected(database_url: str | None) -> "Iterator[psycopg.Connection[dict[str, Any]]]":
    """A connection of the database's owner; what goes wrong with it becomes one sentence."""
    import psycopg
    from psycopg.rows import dict_row

    url = database_url or _local_owner_url()
    try:
        with (
            errors_as_sentences(),
            psycopg.connect(
                url, autocommit=True, row_factory=dict_row, connect_timeout=5, application_name="casare-cloud db"
            ) as connection,
        ):
            yield connection
    except psycopg.Error as problem:
        fail(str(problem.diag.message_primary or problem).strip().splitlines()[0])


def _local_owner_url() -> str:
    """How the local stack's owner logs in."""
    from casare_cloud.local.state import StateFolder

    state = StateFolder.default()
    url = urlsplit(state.read_env().get("DATABASE_URL", ""))
    passwords = state.path / "database-passwords.json"
    if not url.hostname or not passwords.exists():
        fail("Give --database-url, or set CASARE_OWNER_DATABASE_URL, or start a local stack with `casare-cloud up`.", 2)
    password = json.loads(passwords.read_text())["database_passwords"]["postgres"]
    place = f"postgres:{quote(password, safe='')}@{url.hostname}:{url.port}"
    return urlunsplit(("postgresql", place, url.path, "", ""))


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
