"""`casare-cloud purge`: delete finished jobs before their time is over."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli import naming
from casare_cloud.cli.calls import AsJson, IsSure, confirmed, run
from casare_cloud.cli.output import print_json, say

if TYPE_CHECKING:
    from casare_cloud.client import Client

_PAGE = 5000
_COUNTED = ("purged", "dead_letters", "log_entries")


class End(StrEnum):
    """How a job ended."""

    completed = "completed"
    cancelled = "cancelled"
    failed = "failed"
    timeout = "timeout"


def purge(
    status: Annotated[
        list[End] | None,
        typer.Option("--status", help="completed, cancelled, failed or timeout; repeat. Default: the first two."),
    ] = None,
    before: Annotated[
        str | None, typer.Option("--before", help="Only those that finished before this: 2026-01-01T00:00:00Z.")
    ] = None,
    workflow: Annotated[str | None, typer.Option("--workflow", help="Only those of this workflow: name or id.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many, and delete nothing.")] = False,
    is_sure: IsSure = False,
    as_json: AsJson = False,
) -> None:
    """Delete finished jobs with their logs, results and dead letters, for good. Says how many there are, and asks.

    Example: casare-cloud purge --status completed --before 2026-01-01T00:00:00Z --dry-run
    """

    async def wanted(client: "Client") -> dict[str, Any]:
        chosen: dict[str, Any] = {"finished_before": before}
        if status:
            chosen["status"] = [item.value for item in status]
        if workflow:
            chosen["workflow_id"] = await naming.workflow_id(client, workflow)
        return chosen

    async def go_through(client: "Client", is_dry: bool) -> dict[str, int]:
        """All pages, counted or deleted."""
        chosen, after, done = await wanted(client), None, dict.fromkeys(_COUNTED, 0)
        while True:
            page = await client.purge_jobs(**chosen, dry_run=is_dry, limit=_PAGE, after=after)
            done = {name: done[name] + page[name] for name in _COUNTED}
            if (after := page["next_after"]) is None:
                return done

    done = run(lambda client: go_through(client, True))
    if not dry_run and done["purged"]:
        confirmed(is_sure, f"Delete {_sentence(done)} for good?")
        done = run(lambda client: go_through(client, False))
    if as_json:
        print_json({"dry_run": dry_run, **done})
    else:
        say(f"{'Would delete' if dry_run else 'Deleted'} {_sentence(done)}.")


def _sentence(done: dict[str, int]) -> str:
    return (
        f"{done['purged']:,} jobs with {done['log_entries']:,} lines of logs and {done['dead_letters']:,} dead letters"
    )
