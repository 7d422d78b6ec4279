"""Names where a path wants an id: people say `invoices` or `ada@example.com`, and never copy what they can say."""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

import typer

from casare_cloud.cli.calls import run
from casare_cloud.cli.output import fail

if TYPE_CHECKING:
    from casare_cloud.client import Client

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def by(find: "Callable[[Client, str], Awaitable[str]]") -> Callable[[typer.Context, str | None], str | None]:
    """The callback of an argument or option that takes an id, or what `find` finds one by."""

    def found(context: typer.Context, said: str | None) -> str | None:
        if not said or _UUID.fullmatch(said) or context.resilient_parsing:  # a shell that completes asks nothing
            return said
        return str(run(lambda client: find(client, said)))

    return found


async def member_id(client: "Client", who: str) -> str:
    """The id of a member by id, user name or address."""
    if _UUID.fullmatch(who):
        return who
    found = [row async for row in client.iterate(client.list_members, search=who)]
    same = [row for row in found if who.lower() in ((row["username"] or "").lower(), (row["email"] or "").lower())]
    return _only("member", who, same, "user_id", "members list")


async def workflow_id(client: "Client", name: str) -> str:
    """The id of a workflow by id or name."""
    if _UUID.fullmatch(name):
        return name
    found = [row async for row in client.iterate(client.list_workflows, search=name)]
    same = [row for row in found if row["workflow_name"] == name]
    return _only("workflow", name, same, "workflow_id", "workflows list")


async def newest_workflow_id(client: "Client", name: str) -> str | None:
    """The id of the newest workflow of that name, which is the one that a job by name runs; None: there is none."""
    if _UUID.fullmatch(name):
        return name
    async for row in client.iterate(client.list_workflows, search=name):
        if row["workflow_name"] == name:
            return str(row["workflow_id"])
    return None


async def schedule_id(client: "Client", name: str) -> str:
    """The id of a schedule by its name."""
    same = [row async for row in client.schedules() if row["schedule_name"] == name]
    return _only("schedule", name, same, "schedule_id", "schedules list")


async def trigger_id(client: "Client", name: str) -> str:
    """The id of a trigger by its name."""
    same = [row async for row in client.iterate(client.list_triggers) if row["name"] == name]
    return _only("trigger", name, same, "trigger_id", "triggers list")


async def calendar_id(client: "Client", name: str) -> str:
    """The id of a calendar by its name."""
    same = [row for row in (await client.list_calendars())["calendars"] if row["name"] == name]
    return _only("calendar", name, same, "calendar_id", "calendars list")


async def key_id(client: "Client", name: str, kind: Any) -> str:
    """The id of a key that is not revoked, by id or name."""
    if _UUID.fullmatch(name):
        return name
    found = [row async for row in client.iterate(client.list_keys, kind)]
    same = [row for row in found if row["name"] == name and row["status"] != "revoked"]
    return _only("key", name, same, "api_key_id", f"keys list --kind {kind}")


async def invitation_id(client: "Client", email: str) -> str:
    """The id of an invitation by id, or of the open one of an address."""
    if _UUID.fullmatch(email):
        return email
    found = [row async for row in client.iterate(client.list_invitations, status="open")]
    same = [row for row in found if row["email"] == email.strip().lower()]
    return _only("open invitation", email, same, "invitation_id", "members invitations")


async def role_id(client: "Client", slug: str) -> str:
    """The id of a role by id or slug."""
    if _UUID.fullmatch(slug):
        return slug
    found = (await client.list_roles())["roles"]
    return _only("role", slug, [row for row in found if row["slug"] == slug.lower()], "role_id", "roles list")


def _only(what: str, name: str, rows: Iterable[dict[str, Any]], key: str, command: str) -> str:
    """The id of the only row; ends the command when there is none, or more than one."""
    ids = [str(row[key]) for row in rows]
    if not ids:
        fail(f"There is no {what} {name}: casare-cloud {command} shows what is there.")
    if len(ids) > 1:
        fail(f"{len(ids)} have the name {name}; say which by its id: {', '.join(ids[:10])}.", 2)
    return ids[0]
