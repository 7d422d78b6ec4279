"""`casare-cloud workflows …`."""

from typing import Annotated

import typer

from casare_cloud.cli.calls import AsJson, call_client
from casare_cloud.cli.output import print_json, print_table, say

app = typer.Typer(help="Check, list, show and delete workflows.", no_args_is_help=True)


@app.command("validate")
def validate_workflows(
    files: Annotated[list[str], typer.Argument(help="Workflows as JSON; - is standard input.", metavar="FILE...")],
    warnings_fail: Annotated[
        bool, typer.Option("--fail-on-warnings", "-W", help="Exit code 1 for warnings, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with workflows before they run, by node and key. Needs no service.

    Exit code 0: a robot would run them; 1: a mistake was found; 2: a file cannot be read or is not JSON.

    Example: casare-cloud workflows validate examples/*.json
    """
    from casare_cloud.cli.validating import validate

    if code := validate(files, as_json=as_json, warnings_fail=warnings_fail):
        raise SystemExit(code)


@app.command("list")
def list_workflows(
    search: Annotated[str | None, typer.Option("--search", help="Part of the name.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 50,
    as_json: AsJson = False,
) -> None:
    """List workflows, newest first.

    Example: casare-cloud workflows list --search invoice
    """
    answer = call_client("list_workflows", search=search, limit=limit)
    if as_json:
        print_json(answer)
        return
    head = ("workflow", "name", "version", "status", "updated")
    names = ("workflow_id", "workflow_name", "version", "status", "updated_at")
    print_table(head, [[row[name] for name in names] for row in answer["workflows"]])


@app.command("get")
def get_workflow(
    workflow_id: str,
    version: Annotated[int | None, typer.Option("--version", min=1, help="An older version of it.")] = None,
) -> None:
    """Print a workflow with its definition as JSON."""
    if version is None:
        print_json(call_client("get_workflow", workflow_id))
    else:
        print_json(call_client("get_workflow_version", workflow_id, version))


@app.command("versions")
def list_versions(
    workflow_id: str, limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 50, as_json: AsJson = False
) -> None:
    """List the versions of a workflow, newest first."""
    answer = call_client("list_workflow_versions", workflow_id, limit=limit)
    if as_json:
        print_json(answer)
        return
    head = ("version", "current", "nodes", "bytes", "made")
    rows = [
        [
            row["version"],
            "yes" if row["is_current"] else "",
            row["node_count"],
            row["definition_bytes"],
            row["created_at"],
        ]
        for row in answer["versions"]
    ]
    print_table(head, rows)


@app.command("delete")
def delete_workflow(workflow_id: str) -> None:
    """Delete a workflow; its waiting jobs are cancelled, many of them within minutes."""
    answer = call_client("delete_workflow", workflow_id)
    say(answer["message"])
    done, left = answer["cancelled_jobs"], answer["cancelling_jobs"]
    if done or left:
        say(f"Waiting jobs that are cancelled: {done}" + (f"; {left} more will be within minutes." if left else "."))
    if answer["disabled_triggers"]:
        say(f"Triggers that are disabled now: {answer['disabled_triggers']}.")
