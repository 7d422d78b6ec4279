"""`casare-cloud limits …` and `casare-cloud shares …`: how much of the robots something may have."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli import naming
from casare_cloud.cli.calls import AsJson, call_client, run
from casare_cloud.cli.output import fail, print_answer, print_json, print_list, print_table

if TYPE_CHECKING:
    from casare_cloud.client import Client

app = typer.Typer(help="Bound how many jobs run at once.", no_args_is_help=True)
shares = typer.Typer(help="Weigh workflows that share the robots in turn.", no_args_is_help=True)


class Collision(StrEnum):
    """What happens when a job of a full key becomes ready."""

    queue = "queue"
    cancel_newest = "cancel_newest"
    cancel_running = "cancel_running"


Workflow = Annotated[str | None, typer.Option("--workflow", help="The limit of this workflow: name or id.")]
Key = Annotated[str | None, typer.Option("--key", help="The limit of this concurrency key.")]
Most = Annotated[int, typer.Option("--limit", min=1, max=1000)]


@app.command("list")
def list_limits(limit: Most = 100, as_json: AsJson = False) -> None:
    """List the limits that were set, and how many jobs count towards each now.

    Example: casare-cloud limits list
    """
    answer = call_client("list_limits", limit=limit)
    if as_json:
        print_json(answer)
        return
    rows = [
        [_name_of(row), row["running"], row["max_running"], row["on_collision"] if row["scope"] == "key" else None]
        for row in answer["limits"]
    ]
    print_table(("limit of", "running", "max", "when full"), rows)


@app.command("set")
def set_limit(
    max_running: Annotated[int, typer.Argument(help="At once; 0: nothing is started.", min=0, metavar="MAX")],
    workflow: Workflow = None,
    key: Key = None,
    on_collision: Annotated[
        Collision, typer.Option("--on-collision", help="With --key: what becomes of a job when the key is full.")
    ] = Collision.queue,
    as_json: AsJson = False,
) -> None:
    """Set how many jobs may run at once: of all, of a workflow, or of a concurrency key.

    Examples: casare-cloud limits set 50 · casare-cloud limits set 1 --key sap-login --on-collision cancel_newest
    """
    answer = _of_one("set_limit", workflow, key, max_running=max_running, on_collision=on_collision.value)
    print_answer(
        answer, as_json, f"{_name_of(answer)}: at most {answer['max_running']} at once; {answer['running']} running"
    )


@app.command("remove")
def remove(workflow: Workflow = None, key: Key = None, as_json: AsJson = False) -> None:
    """Take a limit away: the one of all jobs, of a workflow, or of a concurrency key.

    Example: casare-cloud limits remove --key sap-login
    """
    answer = _of_one("remove_limit", workflow, key)
    print_answer(answer, as_json, f"{_name_of(answer)}: no limit any more; {answer['running']} running")


@shares.command("list")
def list_shares(limit: Most = 100, as_json: AsJson = False) -> None:
    """List what the workflows have had of the robots lately, and their weights.

    Example: casare-cloud shares list
    """
    answer = call_client("list_shares", limit=limit)
    columns = {
        "workflow": "workflow_id",
        "name": "workflow_name",
        "weight": "weight",
        "load": "load",
        "running": "running",
    }
    print_list(answer, as_json, answer["shares"], columns)


@shares.command("set")
def set_share(
    workflow: Annotated[str, typer.Argument(help="The workflow's name or id.", metavar="WORKFLOW")],
    weight: Annotated[int, typer.Argument(help="Twice the weight: twice the robot-seconds.", min=1, max=100)],
    as_json: AsJson = False,
) -> None:
    """Set the weight of a workflow; it counts where the tenant's settings turn fair share on.

    Example: casare-cloud shares set invoices 2
    """

    async def weigh(client: "Client") -> Any:
        return await client.set_share(await naming.workflow_id(client, workflow), weight)

    answer = run(weigh)
    print_answer(answer, as_json, f"{answer['workflow_name']}: weight {answer['weight']}, load {answer['load']}")


def _of_one(method: str, workflow: str | None, key: str | None, **options: Any) -> dict[str, Any]:
    """Call a method for the limit that the options name."""
    if workflow and key:
        fail("Give --workflow or --key, not both.", 2)
    scope = "workflow" if workflow else "key" if key else "tenant"

    async def call(client: "Client") -> Any:
        workflow_id = await naming.workflow_id(client, workflow) if workflow else None
        call_it = getattr(client, method)
        return await call_it(scope=scope, workflow_id=workflow_id, concurrency_key=key, **options)

    answer: dict[str, Any] = run(call)
    return answer


def _name_of(limit: dict[str, Any]) -> str:
    which = limit["workflow_id"] or limit["concurrency_key"]
    return f"{limit['scope']} {which}" if which else "all jobs"
