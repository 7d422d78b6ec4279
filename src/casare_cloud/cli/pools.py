"""`casare-cloud pools …`: share robots with other tenants, and use theirs."""

from typing import Annotated

import typer

from casare_cloud.cli.output import print_json, print_table, say
from casare_cloud.cli.workflows import AsJson, call_client

app = typer.Typer(help="Share robots with other tenants, in turn.", no_args_is_help=True)

PoolName = Annotated[str, typer.Argument(help="The pool's name or id.", metavar="POOL")]
TenantName = Annotated[str, typer.Argument(help="The tenant's slug or id.", metavar="TENANT")]


@app.command("list")
def list_pools(as_json: AsJson = False) -> None:
    """List the pools that you own, are a member of or are invited to."""
    answer = call_client("list_pools")
    if as_json:
        print_json(answer)
        return
    names = ("pool_id", "name", "standing", "weight", "max_running")
    print_table(("pool", "name", "you are", "weight", "max"), [[row[n] for n in names] for row in answer["pools"]])


@app.command("create")
def create(name: Annotated[str, typer.Argument(help="What people call it.")]) -> None:
    """Make a pool of your own; add robots with `robot pool`."""
    say(f"pool {call_client('create_pool', name)['pool_id']}")


@app.command("delete")
def delete(pool: PoolName) -> None:
    """End a pool of your own; jobs that asked for it wait until they are cancelled."""
    say(f"pool {call_client('delete_pool', pool)['pool_id']} is gone")


@app.command("members")
def members(pool: PoolName, as_json: AsJson = False) -> None:
    """List the members of your pool, and who is invited."""
    answer = call_client("list_pool_members", pool)
    if as_json:
        print_json(answer)
        return
    names = ("tenant", "weight", "max_running", "accepted_at")
    print_table(("tenant", "weight", "max", "member since"), [[row[n] for n in names] for row in answer["members"]])


@app.command("invite")
def invite(
    pool: PoolName,
    tenant: TenantName,
    weight: Annotated[int, typer.Option("--weight", min=1, max=100, help="Jobs that it gets in its turn.")] = 1,
    max_running: Annotated[
        int | None, typer.Option("--max-running", min=0, help="At once; default: any number.")
    ] = None,
) -> None:
    """Invite a tenant to your pool, or change the terms of a member.

    Example: casare-cloud pools invite shared acme --weight 2 --max-running 10
    """
    member = call_client("put_pool_member", pool, tenant, weight=weight, max_running=max_running)
    say(f"{member['tenant']} {'is a member' if member['accepted_at'] else 'is invited'}, weight {member['weight']}")


@app.command("remove")
def remove(pool: PoolName, tenant: TenantName) -> None:
    """Take a member out of your pool, or an invitation back."""
    say(f"{call_client('remove_pool_member', pool, tenant)['tenant']} is out")


@app.command("accept")
def accept(pool: PoolName) -> None:
    """Accept an invitation; `jobs submit --pool` then uses the pool."""
    say(f"member of {call_client('accept_pool', pool)['name']}")


@app.command("leave")
def leave(pool: PoolName) -> None:
    """Leave another tenant's pool, or decline its invitation."""
    say(f"left {call_client('leave_pool', pool)['name']}")
