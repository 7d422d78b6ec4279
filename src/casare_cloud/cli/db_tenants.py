"""`casare-cloud db tenants …`: tenants whose last member is gone, to hand over or to purge."""

from typing import Annotated

import typer

from casare_cloud.cli import queries
from casare_cloud.cli.calls import IsSure, confirmed
from casare_cloud.cli.db_connection import DatabaseUrl, connected
from casare_cloud.cli.output import print_list, say

app = typer.Typer(
    help="Tenants whose last member is gone: list them, hand them over, purge them.", no_args_is_help=True
)

Tenant = Annotated[str, typer.Argument(help="Its id or slug, as `list` shows it.")]


@app.command("list")
def list_tenants(
    database_url: DatabaseUrl = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the tenants that have no members any more, with their live keys and jobs.

    Example: casare-cloud db tenants list
    """
    with connected(database_url) as connection:
        rows = connection.execute(queries.LIST_ABANDONED_TENANTS).fetchall()
    columns = {"tenant": "tenant_id", "slug": "slug", "name": "name", "robots": "robots", "live keys": "live_keys"}
    print_list(rows, as_json, rows, columns)


@app.command("give")
def give(
    tenant: Tenant,
    login: Annotated[str, typer.Argument(help="The user's name or e-mail address.")],
    database_url: DatabaseUrl = None,
) -> None:
    """Make a user the admin of TENANT.

    Example: casare-cloud db tenants give acme ada@example.com
    """
    with connected(database_url) as connection:
        connection.execute(queries.GIVE_TENANT, [tenant, login])
    say(f"{login} is the admin of {tenant}.")


@app.command("purge")
def purge(
    tenant: Tenant,
    database_url: DatabaseUrl = None,
    is_sure: IsSure = False,
) -> None:
    """Delete TENANT and everything of it but its audit trail. Its robots and keys stop at once.

    Example: casare-cloud db tenants purge acme --yes
    """
    confirmed(is_sure, f"Delete {tenant}, its robots, workflows and jobs?")
    purged = 0
    with connected(database_url) as connection:
        while True:
            row = connection.execute(queries.PURGE_TENANT, [tenant]).fetchone()
            assert row is not None
            purged += row["purged"]
            if row["is_gone"]:
                break
    say(f"{tenant} is gone, and {purged:,} rows of its jobs and events with it.")
