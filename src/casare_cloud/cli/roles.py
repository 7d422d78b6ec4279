"""`casare-cloud roles …`: what members may do, beside the built-in roles."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli import naming
from casare_cloud.cli.calls import AsJson, IsSure, call_client, confirmed, run
from casare_cloud.cli.output import Columns, fail, print_answer, print_list

if TYPE_CHECKING:
    from casare_cloud.client import Client

app = typer.Typer(help="Look at what roles allow, and make roles of your own.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(help="Its slug or id.", metavar="ROLE")]
Allowed = Annotated[
    list[str] | None,
    typer.Option("--allow", help="A permission or a wildcard that you have yourself: jobs.read, jobs.*; repeat."),
]
Description = Annotated[str | None, typer.Option("--description", help="What it is for.")]


@app.command("list")
def list_roles(as_json: AsJson = False) -> None:
    """List the roles that members may have, and what each allows.

    Example: casare-cloud roles list
    """
    answer = call_client("list_roles")
    columns: Columns = {
        "role": "slug",
        "what for": "description",
        "permissions": lambda row: ", ".join(row["permissions"]),
    }
    print_list(answer, as_json, answer["roles"], columns)


@app.command("permissions")
def list_permissions(as_json: AsJson = False) -> None:
    """List everything that a role may allow.

    Example: casare-cloud roles permissions
    """
    answer = call_client("list_permissions")
    print_list(answer, as_json, answer["permissions"], {"permission": "code", "what for": "description"})


@app.command("create")
def create_role(
    slug: Annotated[str, typer.Argument(help="What commands call it: lower-case letters, digits, - and _.")],
    allow: Allowed = None,
    name: Annotated[str | None, typer.Option("--name", help="A name for people; default: the slug.")] = None,
    description: Description = None,
    as_json: AsJson = False,
) -> None:
    """Make a role of permissions that you have.

    Example: casare-cloud roles create auditor --allow jobs.read --allow audit.read
    """
    if not allow:
        fail("Say what it allows with --allow, at least once: casare-cloud roles permissions shows what there is.", 2)
    _show(call_client("create_role", slug, name or slug, allow, description=description), as_json)


@app.command("set")
def update_role(
    role: Which,
    allow: Allowed = None,
    name: Annotated[str | None, typer.Option("--name", help="A name for people.")] = None,
    description: Description = None,
    as_json: AsJson = False,
) -> None:
    """Change a role of your own; --allow says all that it allows from now on, instead of before.

    Example: casare-cloud roles set auditor --allow jobs.read --allow audit.read --allow events.read
    """
    wanted = {"name": name, "description": description, "permissions": allow or None}
    changes: Any = {word: value for word, value in wanted.items() if value is not None}
    if not changes:
        fail("Say what changes: --allow, --name or --description.", 2)

    async def change(client: "Client") -> Any:
        return await client.update_role(await naming.role_id(client, role), **changes)

    _show(run(change), as_json)


@app.command("delete")
def delete_role(role: Which, is_sure: IsSure = False, as_json: AsJson = False) -> None:
    """Delete a role of your own, and take it from its members at once.

    Example: casare-cloud roles delete auditor
    """
    confirmed(is_sure, f"Delete the role {role}, and take it from its members?")

    async def drop(client: "Client") -> Any:
        return await client.delete_role(await naming.role_id(client, role))

    answer = run(drop)
    print_answer(answer, as_json, f"The role {role} is deleted.")


def _show(role: dict[str, Any], as_json: bool) -> None:
    print_answer(role, as_json, f"{role['slug']} allows {', '.join(role['permissions']) or 'nothing'}.")
