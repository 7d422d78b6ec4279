"""`casare-cloud dlq …`: jobs that ended badly for good."""

from typing import Annotated, Any

import typer

from casare_cloud.cli.calls import AsJson, IsSure, call_client, confirmed
from casare_cloud.cli.output import print_json, print_list, say

app = typer.Typer(help="List, queue again and delete dead letters.", no_args_is_help=True)

JobIds = Annotated[list[str], typer.Argument(help="Ids of dead-lettered jobs.", metavar="ID...")]


@app.command("list")
def list_dead_letters(
    reason: Annotated[
        str | None,
        typer.Option("--reason", help="attempts_exhausted, not_retryable, lease_lost, timeout, no_progress or poison."),
    ] = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Those that were queued again.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 50,
    as_json: AsJson = False,
) -> None:
    """List dead letters, the newest job first.

    Example: casare-cloud dlq list --reason poison
    """
    answer = call_client("list_dead_letters", reason=reason, resolved=resolved, limit=limit)
    columns = {
        "job": "job_id",
        "workflow": "workflow_name",
        "reason": "reason",
        "attempts": "attempts",
        "ended": "dead_lettered_at",
        "error": "error_message",
    }
    print_list(answer, as_json, answer["dead_letters"], columns)


@app.command("retry")
def retry(job_ids: JobIds, as_json: AsJson = False) -> None:
    """Queue dead-lettered jobs again, as new jobs; exit code 1 if one was refused.

    Example: casare-cloud dlq retry 019a…
    """
    _show(call_client("requeue_dead_letters", job_ids), as_json)


@app.command("delete")
def delete(job_ids: JobIds, is_sure: IsSure = False, as_json: AsJson = False) -> None:
    """Take dead letters away for good; exit code 1 if one was refused.

    Example: casare-cloud dlq delete 019a…
    """
    confirmed(is_sure, f"Delete for good: {len(job_ids)} dead letter{'s' if len(job_ids) > 1 else ''}?")
    _show(call_client("delete_dead_letters", job_ids), as_json)


def _show(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
    else:
        for result in answer["results"]:
            done = f"queued again as {result['new_job_id']}" if result["new_job_id"] else result["status"]
            say(f"{result['job_id']}: {done or result['detail']}")
    if answer["failed"]:
        raise SystemExit(1)
