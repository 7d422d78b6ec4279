"""`casare-cloud workflows …`."""

import difflib
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli import naming, running
from casare_cloud.cli.calls import AlsoJson, AsJson, IsSure, call_client, confirmed, run
from casare_cloud.cli.completing import workflow_names
from casare_cloud.cli.files import read_object
from casare_cloud.cli.output import Columns, print_fields, print_json, print_list, print_table, say

if TYPE_CHECKING:
    from casare_cloud.client import Client

app = typer.Typer(help="Check, publish, list, show, compare, run and delete workflows.", no_args_is_help=True)
app.command("run")(running.run_job)

WorkflowName = Annotated[
    str, typer.Argument(help="The workflow's name or id.", metavar="NAME", autocompletion=workflow_names)
]


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
    columns = {
        "workflow": "workflow_id",
        "name": "workflow_name",
        "version": "version",
        "status": "status",
        "updated": "updated_at",
    }
    print_list(answer, as_json, answer["workflows"], columns)


@app.command("show")
def show_workflow(workflow: WorkflowName, as_json: AsJson = False) -> None:
    """Show a workflow and what its nodes are, without its whole definition.

    Example: casare-cloud workflows show invoices
    """
    answer = run(lambda client: _get(client, workflow, None))
    if as_json:
        print_json(answer)
        return
    names = ("workflow_id", "workflow_name", "version", "status", "description", "node_count", "created_at")
    print_fields({name: answer[name] for name in (*names, "updated_at")})
    nodes = answer["workflow_json"].get("nodes") or answer["workflow_json"].get("steps") or {}
    listed = [(key, node) for key, node in nodes.items()] if isinstance(nodes, dict) else [(None, n) for n in nodes]
    rows = [[key or node.get("id"), node.get("type")] for key, node in listed if isinstance(node, dict)]
    if rows:
        say("")
        print_table(("node", "type"), rows)


@app.command("get")
def get_workflow(
    workflow: WorkflowName,
    version: Annotated[int | None, typer.Option("--version", min=1, help="An older version of it.")] = None,
    as_json: AlsoJson = False,
) -> None:
    """Print a workflow with its definition as JSON.

    Example: casare-cloud workflows get invoices --version 3
    """
    print_json(run(lambda client: _get(client, workflow, version)))


async def _get(client: "Client", workflow: str, version: int | None) -> dict[str, Any]:
    workflow_id = await naming.workflow_id(client, workflow)
    if version is None:
        return await client.get_workflow(workflow_id)
    return await client.get_workflow_version(workflow_id, version)


@app.command("publish")
def publish(
    file: running.WorkflowFile,
    name: running.WorkflowName = None,
    workflow: running.WorkflowId = None,
    is_new: running.IsNew = False,
    strict: running.Strict = True,
    as_json: AsJson = False,
) -> None:
    """Store the workflow in FILE, as the next version of the one of its name if there is one, and run nothing.

    Example: casare-cloud workflows publish invoices.json
    """
    definition = read_object(file)

    async def store(client: "Client") -> dict[str, Any]:
        return await running.store(
            client, file, definition, name=name, workflow=workflow, is_new=is_new, strict=strict, run=False
        )

    answer = run(store)
    if as_json:
        print_json(answer)
        return
    running.show_warnings(answer)
    say(f"{answer['message']}\nworkflow {answer['workflow_id']}")


@app.command("versions")
def list_versions(
    workflow: WorkflowName,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the versions of a workflow, newest first.

    Example: casare-cloud workflows versions invoices
    """

    async def ask(client: "Client") -> dict[str, Any]:
        return await client.list_workflow_versions(await naming.workflow_id(client, workflow), limit=limit)

    answer = run(ask)
    columns: Columns = {
        "version": "version",
        "current": lambda row: "yes" if row["is_current"] else "",
        "nodes": "node_count",
        "bytes": "definition_bytes",
        "made": "created_at",
    }
    print_list(answer, as_json, answer["versions"], columns)


@app.command("diff")
def diff(
    workflow: WorkflowName,
    old: Annotated[int, typer.Argument(help="A version.", min=1, metavar="VERSION")],
    new: Annotated[
        int | None, typer.Argument(help="Another one; default: the current one.", min=1, metavar="[VERSION]")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what differs between two versions of a workflow, as a diff; exit code 0 whether something does or not.

    Examples: casare-cloud workflows diff invoices 3 · casare-cloud workflows diff invoices 3 5
    """

    async def read(client: "Client") -> tuple[dict[str, Any], dict[str, Any]]:
        return await _get(client, workflow, old), await _get(client, workflow, new)

    before, after = run(read)
    old_lines, new_lines = (
        json.dumps(each["workflow_json"], indent=2, sort_keys=True).splitlines() for each in (before, after)
    )
    names = [f"version {each['version']}" for each in (before, after)]
    lines = list(difflib.unified_diff(old_lines, new_lines, names[0], names[1], lineterm=""))
    if as_json:
        print_json({"old": before["version"], "new": after["version"], "is_same": not lines, "diff": lines})
    else:
        say("\n".join(lines) if lines else f"{names[0]} and {names[1]} are the same.")


@app.command("delete")
def delete_workflow(workflow: WorkflowName, is_sure: IsSure = False, as_json: AsJson = False) -> None:
    """Delete a workflow with its schedules; its waiting jobs are cancelled, many of them within minutes. It asks first.

    Example: casare-cloud workflows delete invoices --yes
    """
    found = run(lambda client: _get(client, workflow, None))
    name = found["workflow_name"]
    confirmed(is_sure, f"Delete the workflow {name}, its schedules and versions, and cancel its waiting jobs?")
    answer = call_client("delete_workflow", found["workflow_id"])
    if as_json:
        print_json(answer)
        return
    say(answer["message"])
    done, left = answer["cancelled_jobs"], answer["cancelling_jobs"]
    if done or left:
        say(f"Waiting jobs that are cancelled: {done}" + (f"; {left} more will be within minutes." if left else "."))
    if answer["disabled_triggers"]:
        say(f"Triggers that are disabled now: {answer['disabled_triggers']}.")
