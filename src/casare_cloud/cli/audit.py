"""`casare-cloud audit`: who changed what."""

import json
from typing import Annotated, Any

import typer

from casare_cloud.cli.calls import AsJson, call_client
from casare_cloud.cli.output import fail, note, print_json, print_table, write_out


def audit(
    who: Annotated[str | None, typer.Option("--who", help="An address, a user name, or an id.")] = None,
    action: Annotated[str | None, typer.Option("--action", help="create, update, delete or execute.")] = None,
    kind: Annotated[
        str | None, typer.Option("--of", help="Of what kind of thing, by its table: limits, workflows, memberships.")
    ] = None,
    resource_id: Annotated[str | None, typer.Option("--id", help="Of the thing with this id.")] = None,
    search: Annotated[str | None, typer.Option("--search", help="A part of the id or the action.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="ISO 8601, e.g. 2026-01-01T00:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="ISO 8601.")] = None,
    before: Annotated[
        str | None, typer.Option("--before", help="Go on behind this change, which the list before named.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, max=1000, help="Default: 50; with --csv: all, up to 1,000,000.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for a spreadsheet.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show who changed what, the newest first.

    Examples: casare-cloud audit --who ada@example.com --of limits · casare-cloud audit --csv > audit.csv
    """
    if as_csv and (as_json or before):
        fail("Give --csv without --json and --before.", 2)
    wanted = {
        "actor": who, "action": action, "resource_type": kind, "resource_id": resource_id, "search": search,
        "since": since, "until": until,
    }  # fmt: skip
    if as_csv:
        write_out(call_client("export_audit_log", **wanted, format="csv", limit=limit or 1_000_000))
        return
    answer = call_client("list_audit_log", **wanted, before=before, limit=limit or 50)
    if as_json:
        print_json(answer)
        return
    rows = [
        [
            row["created_at"], row["actor"] or row["actor_id"] or row["principal"], row["action"],
            row["resource_type"], row["resource_id"], _change_of(row),
        ]
        for row in answer["entries"]
    ]  # fmt: skip
    print_table(("when", "who", "did", "to", "id", "what"), rows)
    if answer["next"] and len(rows) < (limit or 50):
        note(f"Older changes than {answer['looked_back_to']} were not looked at: --before {answer['next']}")


def _change_of(entry: dict[str, Any]) -> str | None:
    """Old and new values of an update; what was made or deleted is named by its id."""
    if entry["action"] != "update":
        return None
    old, new = entry["old_values"] or {}, entry["new_values"] or {}
    return "; ".join(f"{name}: {json.dumps(old.get(name))} -> {json.dumps(value)}" for name, value in new.items())
