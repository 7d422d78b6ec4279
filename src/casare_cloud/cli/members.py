"""`casare-cloud members …`: who belongs to the tenant, and who is asked to join."""

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli import naming, profiles, roles
from casare_cloud.cli.calls import AsJson, IsSure, call_client, confirmed, run
from casare_cloud.cli.output import Columns, errors_as_sentences, fail, note, print_answer, print_json, print_list, say

if TYPE_CHECKING:
    from casare_cloud.client import Client

app = typer.Typer(help="Invite colleagues, give them roles, take them out again.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(help="An address, a user name, or an id.", metavar="WHO")]
Most = Annotated[int, typer.Option("--limit", min=1, max=500)]


class Status(StrEnum):
    """What became of an invitation."""

    open = "open"
    accepted = "accepted"
    revoked = "revoked"
    expired = "expired"
    void = "void"


@app.command("list")
def list_members(
    search: Annotated[str | None, typer.Option("--search", help="A part of a name or address.")] = None,
    role: Annotated[str | None, typer.Option("--role", help="Who has this role.")] = None,
    limit: Most = 100,
    as_json: AsJson = False,
) -> None:
    """List members, the oldest first.

    Example: casare-cloud members list --role admin
    """
    answer = call_client("list_members", search=search, role=role, limit=limit)
    columns: Columns = {
        "address": "email",
        "user name": "username",
        "name": _name_of,
        "roles": _roles_of,
        "active": lambda row: "yes" if row["is_active"] else "no",
    }
    print_list(answer, as_json, answer["members"], columns)


@app.command("roles")
def list_roles(as_json: AsJson = False) -> None:
    """List the roles that members may have, and what each allows; `roles create` makes more.

    Example: casare-cloud members roles
    """
    roles.list_roles(as_json)


@app.command("invite")
def invite(
    email: Annotated[str, typer.Argument(help="Whom to invite.")],
    role: Annotated[str, typer.Option("--role", help="What they will be: see `members roles`.")] = "viewer",
    expires_at: Annotated[
        str | None, typer.Option("--expires-at", help="ISO 8601, in the next 90 days; default: in seven.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Invite an address and print the token, which is not shown again. An open invitation of the address ends.

    Example: casare-cloud members invite grace@example.com --role developer
    """
    answer = call_client("create_invitation", email, role, expires_at=expires_at)
    if as_json:
        print_json(answer)
        return
    say(answer["token"])
    note(f"Send it to {answer['email']}; it is not shown again, and works until {answer['expires_at']}.")
    note("To join: casare-cloud members accept TOKEN, with --register by who has no account yet.")


@app.command("invitations")
def list_invitations(
    status: Annotated[Status | None, typer.Option("--status", help="Only those.")] = None,
    limit: Most = 100,
    as_json: AsJson = False,
) -> None:
    """List invitations, the newest first. One is void when who sent it may not invite any more.

    Example: casare-cloud members invitations
    """
    answer = call_client("list_invitations", status=status and status.value, limit=limit)
    columns = {
        "invitation": "invitation_id",
        "address": "email",
        "role": "role",
        "status": "status",
        "sent by": "inviter",
        "until": "expires_at",
    }
    print_list(answer, as_json, answer["invitations"], columns)


@app.command("revoke")
def revoke(
    invitation: Annotated[str, typer.Argument(help="The address that was invited, or the id.", metavar="INVITATION")],
    as_json: AsJson = False,
) -> None:
    """End an invitation that nobody has accepted.

    Example: casare-cloud members revoke ada@example.com
    """

    async def end(client: "Client") -> Any:
        return await client.revoke_invitation(await naming.invitation_id(client, invitation))

    answer = run(end)
    print_answer(answer, as_json, f"The invitation of {answer['email']} is {answer['status']}.")


@app.command("accept")
def accept(
    token: Annotated[str, typer.Argument(help="The token that was sent to you.")],
    register: Annotated[
        str | None, typer.Option("--register", help="Make an account with this address, which was invited.")
    ] = None,
    username: Annotated[str | None, typer.Option("--username", help="With --register: a name to log in by.")] = None,
    as_json: AsJson = False,
) -> None:
    """Join a tenant: as the user of the profile or of CASARE_USERNAME and CASARE_PASSWORD, or with --register as a new
    one.

    A new one is asked for a password, unless CASARE_PASSWORD has it.

    Example: casare-cloud members accept inv_Q2hhcmxlcyBCYWJiYWdl --register grace@example.com
    """
    answer = _registered(register, token, username) if register else call_client("accept_invitation", token)
    if as_json:
        print_json(answer)
        return
    say(f"You are a member of {answer['tenant_name']}.")
    if not register:
        note(f"Commands act in it with {profiles.how_to_act_in(answer['tenant_slug'])}.")


@app.command("role")
def set_role(
    who: Who,
    roles: Annotated[
        list[str], typer.Argument(help="What they are from now on, instead of before.", metavar="ROLE...")
    ],
    as_json: AsJson = False,
) -> None:
    """Give a member a role, or several, in the place of those before.

    Example: casare-cloud members role grace@example.com operator
    """
    _change(who, as_json, roles=roles)


@app.command("deactivate")
def deactivate(who: Who, as_json: AsJson = False) -> None:
    """Take a member's access away at once, and keep their name and roles.

    Example: casare-cloud members deactivate ada@example.com
    """
    _change(who, as_json, is_active=False)


@app.command("activate")
def activate(who: Who, as_json: AsJson = False) -> None:
    """Give a member who was deactivated their access back.

    Example: casare-cloud members activate ada@example.com
    """
    _change(who, as_json, is_active=True)


@app.command("remove")
def remove(who: Who, is_sure: IsSure = False, as_json: AsJson = False) -> None:
    """Remove a member: their access ends at once. What they made stays, the keys they made go on working.

    Example: casare-cloud members remove ada@example.com
    """
    confirmed(is_sure, f"Remove {who} from the tenant?")

    async def leave(client: "Client") -> Any:
        return await client.remove_member(await naming.member_id(client, who))

    answer = run(leave)
    if as_json:
        print_json(answer)
        return
    say(f"{who} is no member any more.")
    if answer["live_api_keys"]:
        note(f"Keys that they made and that still work: {', '.join(answer['live_api_keys'])}.")
        note("See whose they are with casare-cloud keys list; end one with casare-cloud keys revoke.")


def _change(who: str, as_json: bool, **changes: Any) -> None:
    async def change(client: "Client") -> Any:
        return await client.update_member(await naming.member_id(client, who), **changes)

    answer = run(change)
    if as_json:
        print_json(answer)
    else:
        state = "" if answer["is_active"] else ", without access"
        say(f"{answer['email'] or answer['user_id']} is {_roles_of(answer) or 'without a role'}{state}.")


def _registered(email: str, token: str, username: str | None) -> dict[str, Any]:
    """Make an account and join with it: the tenant in the form of an acceptance."""
    import asyncio

    from casare_cloud.cli.session import environment
    from casare_cloud.client import Client
    from casare_cloud.client.signing_in import NotConfigured

    url = environment().get("ORCHESTRATOR_URL") or fail(str(NotConfigured("ORCHESTRATOR_URL")), 2)
    password = os.environ.get("CASARE_PASSWORD") or typer.prompt(
        "Password for the new account", hide_input=True, confirmation_prompt=True
    )
    more: dict[str, Any] = {} if username is None else {"username": username}

    async def join() -> dict[str, Any]:
        async with Client(url) as client:
            await client.register(email=email, password=password, invitation_token=token, **more)
            tenants = (await client.list_tenants())["tenants"]
        entered = next(tenant for tenant in tenants if tenant["is_current"])
        return {
            f"tenant_{name}": entered[key] for name, key in (("id", "tenant_id"), ("slug", "slug"), ("name", "name"))
        }

    with errors_as_sentences():
        return asyncio.run(join())


def _roles_of(member: dict[str, Any]) -> str:
    return ", ".join(role["slug"] for role in member["roles"])


def _name_of(member: dict[str, Any]) -> str | None:
    return " ".join(part for part in (member["first_name"], member["last_name"]) if part) or None
