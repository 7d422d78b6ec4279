"""`casare-cloud db …`: look after the database, as its owner."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli import queries
from casare_cloud.cli.db_connection import DatabaseUrl, connected
from casare_cloud.cli.db_psql import psql
from casare_cloud.cli.db_secrets import reseal
from casare_cloud.cli.db_tenants import app as tenants
from casare_cloud.cli.output import fail, print_json, print_table, say

if TYPE_CHECKING:
    import psycopg

app = typer.Typer(
    help="Look after the database, as its owner: health, exports, tenants, keys, SQL.", no_args_is_help=True
)
app.add_typer(tenants, name="tenants")
app.command("reseal")(reseal)
app.command("psql", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(psql)

# Later than any transaction that finished a job before this can commit: see the timeouts of casare_functions.
SETTLED = "5 minutes"


@app.command("health")
def health(
    database_url: DatabaseUrl = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the figures of the queue and what to do about them; exit code 1 when one is out of bounds.

    docs/operations.md explains each.

    Example: casare-cloud db health --json
    """
    with connected(database_url) as connection:
        rows = connection.execute(queries.QUEUE_HEALTH).fetchall()
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
    with connected(database_url) as connection, connection.transaction():
        connection.execute(queries.READ_ONE_STATE)
        count = _export(connection, partition, file)
    say(f"{count} jobs of {partition} are in {file}.")


def _export(connection: "psycopg.Connection[dict[str, Any]]", partition: str, file: Path) -> int:
    """Write the file under another name, give it its own, and say so in the same transaction."""
    from psycopg import sql

    row = connection.execute(queries.FIND_PARTITION, [SETTLED, partition]).fetchone()
    if row is None or not row["is_there"]:
        fail(f"jobs has no partition {partition}.", 2)
    query = sql.SQL(queries.EXPORT_JOBS).format(partition=sql.Identifier(partition))
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
    connection.execute(queries.MARK_EXPORTED, [partition, row["finished_before"]])
    return count


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
