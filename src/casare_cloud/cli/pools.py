"""`casare-cloud pools …`: share robots with other tenants, and use theirs."""

from enum import StrEnum
from typing import Annotated

import typer

from casare_cloud.cli.calls import AsJson, IsSure, call_client, confirmed
from casare_cloud.cli.output import print_answer, print_list

app = typer.Typer(help="Share robots with other tenants, in turn.", no_args_is_help=True)

PoolName = Annotated[str, typer.Argument(help="The pool's name or id.", metavar="POOL")]
TenantName = Annotated[str, typer.Argument(help="The tenant's slug or id.", metavar="TENANT")]
SHARES_BY = "What members take turns by: a number of jobs, or the robot-seconds that each has had lately."


class SharesBy(StrEnum):
    """What the members of a pool take turns by."""

    JOBS = "jobs"
    ROBOT_SECONDS = "robot_seconds"


@app.command("list")
def list_pools(as_json: AsJson = False) -> None:
    """List the pools that you own, are a member of or are invited to.

    Example: casare-cloud pools list
    """
    answer = call_client("list_pools")
    columns = {
        "pool": "pool_id",
        "name": "name",
        "you are": "standing",
        "shares by": "shares_by",
        "weight": "weight",
        "max": "max_running",
    }
    print_list(answer, as_json, answer["pools"], columns)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    shares_by: Annotated[SharesBy, typer.Option("--shares-by", help=SHARES_BY)] = SharesBy.JOBS,
    as_json: AsJson = False,
) -> None:
    """Make a pool of your own; add robots with `robot pool`.

    Example: casare-cloud pools create shared
    """
    answer = call_client("create_pool", name, shares_by.value)
    print_answer(answer, as_json, f"pool {answer['pool_id']}")


@app.command("update")
def update(
    pool: PoolName,
    name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    shares_by: Annotated[SharesBy | None, typer.Option("--shares-by", help=SHARES_BY)] = None,
    as_json: AsJson = False,
) -> None:
    """Rename your pool, or let its members take turns otherwise.

    Example: casare-cloud pools update shared --shares-by robot_seconds
    """
    changes = {"name": name, "shares_by": shares_by and shares_by.value}
    row = call_client("update_pool", pool, **{key: value for key, value in changes.items() if value is not None})
    print_answer(row, as_json, f"pool {row['name']} shares by {row['shares_by']}")


@app.command("delete")
def delete(pool: PoolName, is_sure: IsSure = False, as_json: AsJson = False) -> None:
    """End a pool of your own; jobs that asked for it wait until they are cancelled.

    Example: casare-cloud pools delete shared --yes
    """
    confirmed(is_sure, f"End the pool {pool}? Its members lose its robots, and jobs that asked for it wait.")
    answer = call_client("delete_pool", pool)
    print_answer(answer, as_json, f"pool {answer['pool_id']} is gone")


@app.command("members")
def members(pool: PoolName, as_json: AsJson = False) -> None:
    """List the members of your pool and its invitations.

    Example: casare-cloud pools members shared
    """
    answer = call_client("list_pool_members", pool)
    columns = {
        "tenant": "tenant",
        "weight": "weight",
        "max": "max_running",
        "load": "load",
        "member since": "accepted_at",
    }
    print_list(answer, as_json, answer["members"], columns)


@app.command("invite")
def invite(
    pool: PoolName,
    tenant: TenantName,
    weight: Annotated[int, typer.Option("--weight", min=1, max=100, help="How much it gets, beside the others.")] = 1,
    max_running: Annotated[
        int | None, typer.Option("--max-running", min=0, help="At once; default: any number.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Invite a tenant to your pool, or change the terms of a member.

    Example: casare-cloud pools invite shared acme --weight 2 --max-running 10
    """
    member = call_client("put_pool_member", pool, tenant, weight=weight, max_running=max_running)
    standing = "is a member" if member["accepted_at"] else "is invited"
    print_answer(member, as_json, f"{member['tenant']} {standing}, weight {member['weight']}")


@app.command("remove")
def remove(pool: PoolName, tenant: TenantName, as_json: AsJson = False) -> None:
    """Take a member out of your pool, or an invitation back.

    Example: casare-cloud pools remove shared acme
    """
    answer = call_client("remove_pool_member", pool, tenant)
    print_answer(answer, as_json, f"{answer['tenant']} is out")


@app.command("accept")
def accept(pool: PoolName, as_json: AsJson = False) -> None:
    """Accept an invitation; `jobs submit --pool` then uses the pool.

    Example: casare-cloud pools accept shared
    """
    answer = call_client("accept_pool", pool)
    print_answer(answer, as_json, f"member of {answer['name']}")


@app.command("leave")
def leave(pool: PoolName, as_json: AsJson = False) -> None:
    """Leave another tenant's pool, or decline its invitation.

    Example: casare-cloud pools leave shared
    """
    answer = call_client("leave_pool", pool)
    print_answer(answer, as_json, f"left {answer['name']}")
