"""`casare-cloud whoami` and `casare-cloud tenants`: as whom commands act, and where."""

from typing import TYPE_CHECKING, Any

from casare_cloud.cli import profiles
from casare_cloud.cli.calls import AsJson, call_client, run
from casare_cloud.cli.output import note, print_json, print_table, say

if TYPE_CHECKING:
    from casare_cloud.client import Client


def whoami(as_json: AsJson = False) -> None:
    """Say as whom commands act, in which tenant, and what they may do.

    Example: casare-cloud whoami
    """

    async def ask(client: "Client") -> tuple[dict[str, Any], dict[str, Any]]:
        return await client.me(), await client.list_tenants()

    me, tenants = run(ask)
    current = next(tenant for tenant in tenants["tenants"] if tenant["is_current"])
    if as_json:
        print_json({**me, "tenant_name": current["name"], "tenant_slug": current["slug"]})
        return
    say(f"{me['email'] or me['username'] or me['user_id']} ({me['principal']})")
    say(f"tenant {current['name']} ({current['slug']})")
    if me["roles"]:
        say(f"roles {', '.join(me['roles'])}")
    say(f"permissions {', '.join(me['permissions'])}")


def tenants(as_json: AsJson = False) -> None:
    """List the tenants that you belong to, and in which of them commands act.

    Example: casare-cloud tenants --json
    """
    answer = call_client("list_tenants")
    if as_json:
        print_json(answer)
        return
    rows = [
        [row["slug"], row["name"], row["tenant_id"], "yes" if row["is_current"] else "no"] for row in answer["tenants"]
    ]
    print_table(("tenant", "name", "id", "in use"), rows)
    if not rows:
        note(
            "You belong to none: ask somebody for an invitation, and accept it with casare-cloud members accept TOKEN."
        )
    elif len(rows) > 1:
        note(f"Act in another one with {profiles.how_to_act_in('<tenant>')}.")
