"""`casare-cloud schedules …`: make, look at, change and trigger schedules."""

import json
from typing import Annotated, Any

import typer

from casare_cloud.cli.calls import AsJson, call_client, run
from casare_cloud.cli.output import fail, print_json, print_table, say

app = typer.Typer(help="Run workflows by the clock.", no_args_is_help=True)

ScheduleId = Annotated[str, typer.Argument(help="The schedule's id.", metavar="ID")]
Timezone = Annotated[str | None, typer.Option("--timezone", help="Europe/Berlin; default: the tenant's.")]
Cron = Annotated[str, typer.Argument(help="Five fields in quotes, '0 9 * * MON-FRI', or @daily.", metavar="CRON")]


@app.command("create")
def create(
    workflow_id: Annotated[str, typer.Argument(help="The workflow's id.", metavar="WORKFLOW")],
    cron: Cron,
    name: Annotated[str, typer.Option("--name", help="What people call it.")] = "Schedule",
    timezone: Timezone = None,
    priority: Annotated[int, typer.Option("--priority", min=0, max=20, help="0 is the most urgent.")] = 10,
    input_json: Annotated[str, typer.Option("--input", help="What its jobs start with, as JSON.")] = "{}",
    pool: Annotated[str | None, typer.Option("--pool", help="Robots of this shared pool run it: name or id.")] = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Make it, and do not run it yet.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a workflow at the times of a cron expression.

    Example: casare-cloud schedules create 019a… '0 9 * * MON-FRI' --name 'Daily report'
    """
    more: dict[str, Any] = {
        "timezone": timezone, "priority": priority, "input": _read(input_json), "pool": pool, "enabled": not disabled
    }  # fmt: skip
    schedule = run(lambda client: client.create_schedule(workflow_id, name, cron, **more))
    if as_json:
        print_json(schedule)
    else:
        say(f"schedule {schedule['schedule_id']}\nnext run {schedule['next_run'] or '- (disabled)'}")


@app.command("list")
def list_schedules(
    workflow_id: Annotated[str | None, typer.Option("--workflow", help="Only those of this workflow.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List schedules with their next runs, newest first."""
    filters: dict[str, Any] = {"limit": limit, **({"workflow_id": workflow_id} if workflow_id else {})}
    schedules = run(lambda client: client.list_schedules(**filters))
    if as_json:
        print_json(schedules)
        return
    head = ("schedule", "name", "cron", "timezone", "next run", "runs", "failures")
    names = ("schedule_id", "schedule_name", "cron_expression", "timezone", "next_run", "run_count", "failure_count")
    print_table(head, [[row[name] for name in names] for row in schedules])


@app.command("upcoming")
def upcoming(
    limit: Annotated[int, typer.Option("--limit", min=1, max=100)] = 20,
    as_json: AsJson = False,
) -> None:
    """List what runs next, the soonest first."""
    runs = run(lambda client: client.list_upcoming_runs(limit=limit))
    if as_json:
        print_json(runs)
        return
    names = ("next_run", "schedule_name", "workflow_name", "schedule_id")
    print_table(("next run", "schedule", "workflow", "id"), [[row[name] for name in names] for row in runs])


@app.command("get")
def get(schedule_id: ScheduleId) -> None:
    """Print a schedule as JSON."""
    print_json(run(lambda client: client.get_schedule(schedule_id)))


@app.command("fires")
def fires(
    schedule_id: ScheduleId,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what a schedule did at its due times, newest first."""
    answer = run(lambda client: client.list_schedule_fires(schedule_id, limit=limit))
    if as_json:
        print_json(answer)
        return
    names = ("fire_time", "outcome", "job_id", "reason")
    print_table(("time", "outcome", "job", "reason"), [[row[name] for name in names] for row in answer["fires"]])


@app.command("simulate")
def simulate(
    cron: Cron,
    timezone: Timezone = None,
    count: Annotated[int, typer.Option("--count", min=1, max=100)] = 10,
    as_json: AsJson = False,
) -> None:
    """Show when a cron expression would run; nothing is made.

    Example: casare-cloud schedules simulate '30 2 * * *' --timezone Europe/Berlin
    """
    answer = run(lambda client: client.simulate_schedule(cron, timezone=timezone, count=count))
    if as_json:
        print_json(answer)
        return
    print_table(("time", "verdict", "reason"), [[run["time"], run["verdict"], run["reason"]] for run in answer["runs"]])


@app.command("update")
def update(
    schedule_id: ScheduleId,
    cron: Annotated[str | None, typer.Option("--cron", help="Five fields in quotes, or @daily.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="What people call it.")] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", help="Europe/Berlin.")] = None,
    priority: Annotated[int | None, typer.Option("--priority", min=0, max=20, help="0 is the most urgent.")] = None,
    input_json: Annotated[str | None, typer.Option("--input", help="What its jobs start with, as JSON.")] = None,
    pool: Annotated[str | None, typer.Option("--pool", help="Robots of this shared pool run it; '': its own.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change a schedule; what is not given stays as it is.

    Example: casare-cloud schedules update 019a… --cron '0 7 * * MON-FRI'
    """
    changes = {"cron_expression": cron, "schedule_name": name, "timezone": timezone, "priority": priority, "pool": pool}
    if input_json is not None:
        changes["input"] = _read(input_json)
    if all(value is None for value in changes.values()):
        fail("Say what is to change: --cron, --name, --timezone, --priority, --input or --pool.", 2)
    schedule = call_client("update_schedule", schedule_id, **changes)
    if as_json:
        print_json(schedule)
    else:
        say(f"{schedule['schedule_name']}: {schedule['cron_expression']} ({schedule['timezone']})")
        say(f"next run {schedule['next_run'] or '- (disabled)'}")


@app.command("enable")
def enable(schedule_id: ScheduleId) -> None:
    """Let a schedule run again."""
    say(f"next run {run(lambda client: client.enable_schedule(schedule_id))['next_run']}")


@app.command("disable")
def disable(schedule_id: ScheduleId) -> None:
    """Keep a schedule from running."""
    say(f"{run(lambda client: client.disable_schedule(schedule_id))['schedule_name']} is disabled")


@app.command("trigger")
def trigger(schedule_id: ScheduleId) -> None:
    """Queue a job of a schedule now."""
    answer = run(lambda client: client.trigger_schedule(schedule_id))
    say(f"{answer['message']}\njob {answer['job_id']}")


@app.command("delete")
def delete(schedule_id: ScheduleId) -> None:
    """Delete a schedule; the jobs that it queued stay."""
    say(run(lambda client: client.delete_schedule(schedule_id))["message"])


def _read(input_json: str) -> Any:
    try:
        return json.loads(input_json)
    except ValueError as problem:
        fail(f"--input is not JSON: {problem}", 2)
