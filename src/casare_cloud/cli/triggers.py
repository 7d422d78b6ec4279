"""`casare-cloud triggers …`: make, look at, change and fire triggers."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli import naming
from casare_cloud.cli.calls import AlsoJson, AsJson, call_client, run
from casare_cloud.cli.output import Columns, fail, print_answer, print_json, print_list, say

if TYPE_CHECKING:
    from casare_cloud.client import Client

app = typer.Typer(help="Run workflows when something happens: webhooks, other workflows, events.", no_args_is_help=True)

TriggerId = Annotated[
    str, typer.Argument(help="The trigger's name or id.", metavar="NAME", callback=naming.by(naming.trigger_id))
]
WorkflowOf = Annotated[
    str | None,
    typer.Option("--workflow", help="Only those of this workflow.", callback=naming.by(naming.workflow_id)),
]
Config = Annotated[str, typer.Option("--config", help="What its type allows, as JSON: see `triggers types`.")]


@app.command("create")
def create(
    workflow: Annotated[str, typer.Argument(help="The workflow's name or id.", metavar="WORKFLOW")],
    trigger_type: Annotated[str, typer.Argument(help="webhook, manual, workflow_call …", metavar="TYPE")] = "webhook",
    name: Annotated[str, typer.Option("--name", help="What people call it.")] = "Trigger",
    config: Config = "{}",
    disabled: Annotated[bool, typer.Option("--disabled", help="Make it, and do not let it fire yet.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a trigger of a workflow; a webhook's secret is shown this once.

    Example: casare-cloud triggers create invoices webhook --config '{"auth": "github"}'
    """
    settings = _read(config)

    async def make(client: "Client") -> dict[str, Any]:
        workflow_id = await naming.workflow_id(client, workflow)
        return await client.create_trigger(workflow_id, name, trigger_type, settings, is_enabled=not disabled)

    trigger = run(make)
    if as_json:
        print_json(trigger)
        return
    say(f"trigger {trigger['trigger_id']}")
    if trigger["webhook_url"]:
        say(f"url     {trigger['webhook_url']}")
        if trigger["path_url"] != trigger["webhook_url"]:
            say(f"or      {trigger['path_url']}   (for a body without event_type)")
    if trigger["secret"]:
        say(f"secret  {trigger['secret']}   (shown this once)")


@app.command("list")
def list_triggers(
    workflow_id: WorkflowOf = None,
    trigger_type: Annotated[str | None, typer.Option("--type", help="Only those of this type.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List triggers, newest first.

    Example: casare-cloud triggers list --type webhook
    """
    answer = call_client("list_triggers", workflow_id=workflow_id, trigger_type=trigger_type, limit=limit)
    columns = {
        "trigger": "trigger_id",
        "name": "name",
        "type": "trigger_type",
        "enabled": "is_enabled",
        "jobs": "trigger_count",
        "last": "last_triggered_at",
        "error": "error_message",
    }
    print_list(answer, as_json, answer["triggers"], columns)


@app.command("types")
def types(as_json: AsJson = False) -> None:
    """List the kinds of triggers; --json shows what their configurations may hold.

    Example: casare-cloud triggers types
    """
    answer = run(lambda client: client.list_trigger_types())
    columns: Columns = {
        "type": "type",
        "name": "name",
        "what fires it": lambda row: row["unavailable_reason"] or row["description"],
    }
    print_list(answer, as_json, answer["types"], columns)


@app.command("get")
def get(trigger_id: TriggerId, as_json: AlsoJson = False) -> None:
    """Print a trigger as JSON.

    Example: casare-cloud triggers get 019a…
    """
    print_json(run(lambda client: client.get_trigger(trigger_id)))


@app.command("update")
def update(
    trigger_id: TriggerId,
    name: Annotated[str | None, typer.Option("--name", help="What people call it.")] = None,
    config: Annotated[
        str | None,
        typer.Option("--config", help="What is to change in the configuration, as JSON; null takes a name away."),
    ] = None,
    workflow_id: Annotated[
        str | None,
        typer.Option("--workflow", help="The workflow that it runs.", callback=naming.by(naming.workflow_id)),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change a trigger; what is not given stays as it is, also within --config.

    Example: casare-cloud triggers update 019a… --config '{"cooldown_seconds": 60, "payload_filter": null}'
    """
    changes = {"name": name, "config": None if config is None else _read(config), "workflow_id": workflow_id}
    if all(value is None for value in changes.values()):
        fail("Say what is to change: --name, --config or --workflow.", 2)
    trigger = call_client("update_trigger", trigger_id, **changes)
    print_answer(trigger, as_json, f"{trigger['name']}: {json.dumps(trigger['config'])}")


@app.command("enable")
def enable(trigger_id: TriggerId, as_json: AsJson = False) -> None:
    """Let a trigger fire again.

    Example: casare-cloud triggers enable 019a…
    """
    answer = call_client("enable_trigger", trigger_id)
    print_answer(answer, as_json, f"{answer['name']} is enabled")


@app.command("disable")
def disable(trigger_id: TriggerId, as_json: AsJson = False) -> None:
    """Keep a trigger from firing.

    Example: casare-cloud triggers disable 019a…
    """
    answer = call_client("disable_trigger", trigger_id)
    print_answer(answer, as_json, f"{answer['name']} is disabled")


@app.command("fire")
def fire(
    trigger_id: TriggerId,
    payload: Annotated[str, typer.Option("--payload", help="What it is fired with, as JSON.")] = "{}",
    as_json: AsJson = False,
) -> None:
    """Queue a job of a trigger now.

    Example: casare-cloud triggers fire 019a… --payload '{"order": 7}'
    """
    given = _read(payload, "--payload")
    answer = run(lambda client: client.fire_trigger(trigger_id, given))
    print_answer(answer, as_json, f"{answer['message']}\njob {answer['job_id']}")


@app.command("rotate")
def rotate(
    trigger_id: TriggerId,
    overlap: Annotated[int, typer.Option("--overlap", min=0, max=691200, help="Seconds the old one holds.")] = 86400,
    as_json: AsJson = False,
) -> None:
    """Give a webhook a new secret; the old one holds for a while.

    Example: casare-cloud triggers rotate 019a… --overlap 3600
    """
    answer = run(lambda client: client.rotate_trigger_secret(trigger_id, overlap_seconds=overlap))
    shown = f"secret {answer['secret']}   (shown this once)"
    ends = f"the one before holds for {answer['overlap_seconds']} s more; older ones hold no longer"
    print_answer(answer, as_json, f"{shown}\n{ends}")


@app.command("deliveries")
def deliveries(
    trigger_id: TriggerId,
    outcome: Annotated[
        str | None, typer.Option("--outcome", help="accepted, duplicate, filtered, rejected or limited.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what came to a trigger, newest first.

    Example: casare-cloud triggers deliveries 019a… --outcome rejected
    """
    answer = call_client("list_deliveries", trigger_id, outcome=outcome, limit=limit)
    columns = {
        "time": "received_at",
        "outcome": "outcome",
        "status": "status_code",
        "job": "job_id",
        "delivery": "delivery_id",
        "reason": "reason",
    }
    print_list(answer, as_json, answer["deliveries"], columns)


@app.command("replay")
def replay(
    trigger_id: TriggerId,
    delivery_id: Annotated[str, typer.Argument(help="The delivery's id.", metavar="DELIVERY")],
    as_json: AsJson = False,
) -> None:
    """Let a delivery come again.

    Example: casare-cloud triggers replay 019a… 019b…
    """
    answer = run(lambda client: client.replay_delivery(trigger_id, delivery_id))
    print_answer(answer, as_json, f"{answer['message']}\njob {answer['job_id']}")


@app.command("delete")
def delete(trigger_id: TriggerId, as_json: AsJson = False) -> None:
    """Delete a trigger; the jobs that it queued stay.

    Example: casare-cloud triggers delete 019a…
    """
    answer = call_client("delete_trigger", trigger_id)
    print_answer(answer, as_json, answer["message"])


def _read(text: str, option: str = "--config") -> Any:
    try:
        value = json.loads(text)
    except ValueError as problem:
        fail(f"{option} is not JSON: {problem}", 2)
    if not isinstance(value, dict):
        fail(f"{option} must be a JSON object, such as {{}}.", 2)
    return value
