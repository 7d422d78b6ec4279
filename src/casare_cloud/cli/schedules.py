"""`casare-cloud schedules …`: make, look at, change and trigger schedules."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli import naming
from casare_cloud.cli import schedule_options as opt
from casare_cloud.cli.calls import AlsoJson, AsJson, call_client, run
from casare_cloud.cli.output import Columns, fail, print_answer, print_json, print_list, say

if TYPE_CHECKING:
    from casare_cloud.client import Client

app = typer.Typer(help="Run workflows by the clock.", no_args_is_help=True)

ScheduleId = Annotated[
    str, typer.Argument(help="The schedule's name or id.", metavar="NAME", callback=naming.by(naming.schedule_id))
]
Cron = Annotated[
    str | None, typer.Argument(help="Five fields in quotes, '0 9 * * MON-FRI', or @daily.", metavar="CRON")
]


@app.command("create")
def create(
    workflow: Annotated[str, typer.Argument(help="The workflow's name or id.", metavar="WORKFLOW")],
    cron: Cron = None,
    name: Annotated[str, typer.Option("--name", help="What people call it.")] = "Schedule",
    every: opt.Every = None,
    at: opt.At = None,
    frequency: opt.Frequency = None,
    timezone: opt.Timezone = None,
    starts_at: opt.StartsAt = None,
    ends_at: opt.EndsAt = None,
    paused_until: opt.PausedUntil = None,
    calendar: opt.CalendarId = None,
    on_closed_day: opt.OnClosedDay = None,
    jitter: opt.Jitter = None,
    misfire: opt.Misfire = None,
    misfire_cap: opt.MisfireCap = None,
    overlap: opt.Overlap = None,
    max_failures: opt.MaxFailures = None,
    priority: opt.Priority = None,
    environment: opt.Environment = None,
    capabilities: opt.Capabilities = None,
    robot: opt.Robot = None,
    pool: opt.Pool = None,
    dedupe_key: opt.DedupeKey = None,
    input_json: opt.InputJson = None,
    disabled: Annotated[bool, typer.Option("--disabled", help="Make it, and do not run it yet.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a workflow by the clock: at the times of a cron expression, every so often, or once.

    Example: casare-cloud schedules create invoices '0 9 * * MON-FRI' --name 'Daily report' --overlap skip
    """
    more = opt.said(
        cron_expression=cron, every=every, run_at=at, frequency=frequency, timezone=timezone, starts_at=starts_at,
        ends_at=ends_at, paused_until=paused_until, calendar_id=calendar,
        on_closed_day=on_closed_day, jitter_seconds=jitter, misfire_policy=misfire,
        misfire_cap=misfire_cap, overlap_policy=overlap, max_consecutive_failures=max_failures, priority=priority,
        environment=environment, required_capabilities=capabilities or None, robot_id=robot, pool=pool,
        dedupe_key=dedupe_key, input_json=input_json, enabled=not disabled,
    )  # fmt: skip

    async def make(client: "Client") -> dict[str, Any]:
        return await client.create_schedule(await naming.workflow_id(client, workflow), name, **more)

    schedule = run(make)
    print_answer(schedule, as_json, f"schedule {schedule['schedule_id']}\nnext run {opt.next_run(schedule)}")


@app.command("list")
def list_schedules(
    workflow_id: Annotated[
        str | None,
        typer.Option("--workflow", help="Only those of this workflow.", callback=naming.by(naming.workflow_id)),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List schedules with their next runs, newest first.

    Example: casare-cloud schedules list --workflow 019a…
    """
    filters: dict[str, Any] = {"limit": limit, **({"workflow_id": workflow_id} if workflow_id else {})}
    schedules = run(lambda client: client.list_schedules(**filters))
    columns: Columns = {
        "schedule": "schedule_id",
        "name": "schedule_name",
        "when": opt.when,
        "timezone": "timezone",
        "next run": opt.next_run,
        "runs": "run_count",
        "failed in a row": "consecutive_failures",
    }
    print_list(schedules, as_json, schedules, columns)


@app.command("upcoming")
def upcoming(
    limit: Annotated[int, typer.Option("--limit", min=1, max=100)] = 20,
    as_json: AsJson = False,
) -> None:
    """List what runs next, the soonest first.

    Example: casare-cloud schedules upcoming --limit 5
    """
    runs = run(lambda client: client.list_upcoming_runs(limit=limit))
    columns = {"next run": "next_run", "schedule": "schedule_name", "workflow": "workflow_name", "id": "schedule_id"}
    print_list(runs, as_json, runs, columns)


@app.command("get")
def get(schedule_id: ScheduleId, as_json: AlsoJson = False) -> None:
    """Print a schedule as JSON.

    Example: casare-cloud schedules get 019a…
    """
    print_json(run(lambda client: client.get_schedule(schedule_id)))


@app.command("fires")
def fires(
    schedule_id: ScheduleId,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what a schedule did at its due times, newest first.

    Example: casare-cloud schedules fires 019a…
    """
    answer = run(lambda client: client.list_schedule_fires(schedule_id, limit=limit))
    columns = {"time": "fire_time", "outcome": "outcome", "job": "job_id", "reason": "reason"}
    print_list(answer, as_json, answer["fires"], columns)


@app.command("missed")
def missed(
    since: Annotated[str | None, typer.Option("--since", help="ISO 8601; default: a day ago.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 100,
    as_json: AsJson = False,
) -> None:
    """List due times of all schedules that nobody served and that were not made up for, newest first.

    Example: casare-cloud schedules missed --since 2026-11-01T00:00:00Z
    """
    answer = run(lambda client: client.list_missed_fires(since=since, limit=limit))
    columns = {"schedule": "schedule_name", "from": "fire_time", "until": "missed_until", "reason": "reason"}
    print_list(answer, as_json, answer["missed"], columns)


@app.command("explain")
def explain(
    schedule_id: ScheduleId,
    at: Annotated[
        str, typer.Argument(help="The time, to the minute: 2026-12-25T09:00+01:00 (no offset: UTC).", metavar="AT")
    ],
    as_json: AsJson = False,
) -> None:
    """Say why a schedule ran at a time, or did not, or will not.

    Example: casare-cloud schedules explain 019a… 2026-12-25T09:00
    """
    answer = call_client("explain_schedule", schedule_id, at)
    if as_json:
        print_json(answer)
        return
    say(f"{answer['verdict']}: {answer['reason']}")
    say(f"next due {answer['next_due'] or '-'}")


@app.command("simulate")
def simulate(
    cron: Cron = None,
    every: opt.Every = None,
    at: opt.At = None,
    frequency: opt.Frequency = None,
    timezone: opt.Timezone = None,
    starts_at: opt.StartsAt = None,
    ends_at: opt.EndsAt = None,
    calendar: opt.CalendarId = None,
    on_closed_day: opt.OnClosedDay = None,
    overlap: opt.Overlap = None,
    after: Annotated[str | None, typer.Option("--after", help="Runs after this time; default: now.")] = None,
    expected: Annotated[float | None, typer.Option("--expected", min=0, help="A job takes so many seconds.")] = None,
    count: Annotated[int, typer.Option("--count", min=1, max=100)] = 10,
    as_json: AsJson = False,
) -> None:
    """Show when a schedule would run and what would keep it from running; nothing is made.

    Example: casare-cloud schedules simulate '30 2 * * *' --timezone Europe/Berlin
    """
    described = opt.said(
        cron_expression=cron, every=every, run_at=at, frequency=frequency, timezone=timezone, starts_at=starts_at,
        ends_at=ends_at, calendar_id=calendar,
        on_closed_day=on_closed_day, overlap_policy=overlap, after=after, expected_seconds=expected, count=count,
    )  # fmt: skip
    answer = call_client("simulate_schedule", **described)
    print_list(answer, as_json, answer["runs"], {"time": "time", "verdict": "verdict", "reason": "reason"})


@app.command("update")
def update(
    schedule_id: ScheduleId,
    cron: Annotated[str | None, typer.Option("--cron", help="Five fields in quotes, or @daily.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="What people call it.")] = None,
    every: opt.Every = None,
    at: opt.At = None,
    frequency: opt.Frequency = None,
    timezone: opt.Timezone = None,
    starts_at: opt.StartsAt = None,
    ends_at: opt.EndsAt = None,
    paused_until: opt.PausedUntil = None,
    calendar: opt.CalendarId = None,
    on_closed_day: opt.OnClosedDay = None,
    jitter: opt.Jitter = None,
    misfire: opt.Misfire = None,
    misfire_cap: opt.MisfireCap = None,
    overlap: opt.Overlap = None,
    max_failures: opt.MaxFailures = None,
    priority: opt.Priority = None,
    environment: opt.Environment = None,
    capabilities: opt.Capabilities = None,
    robot: opt.Robot = None,
    pool: opt.Pool = None,
    dedupe_key: opt.DedupeKey = None,
    input_json: opt.InputJson = None,
    as_json: AsJson = False,
) -> None:
    """Change a schedule; what is not given stays as it is, and '' takes a time, a robot, a pool or a key away.

    Example: casare-cloud schedules update 019a… --cron '0 7 * * MON-FRI' --paused-until ''
    """
    changes: dict[str, Any] = opt.said(
        cron_expression=cron, schedule_name=name, every=every, run_at=at, frequency=frequency, timezone=timezone,
        starts_at=starts_at, ends_at=ends_at, paused_until=paused_until, calendar_id=calendar,
        on_closed_day=on_closed_day, jitter_seconds=jitter,
        misfire_policy=misfire, misfire_cap=misfire_cap, overlap_policy=overlap,
        max_consecutive_failures=max_failures, priority=priority, environment=environment,
        required_capabilities=capabilities or None, robot_id=robot, pool=pool, dedupe_key=dedupe_key,
        input_json=input_json,
    )  # fmt: skip
    if not changes:
        fail("Say what is to change: --cron, --name, --timezone, --priority, --input … (see --help).", 2)
    schedule = call_client("update_schedule", schedule_id, **changes)
    when = f"{opt.when(schedule)} ({schedule['timezone']})"
    print_answer(schedule, as_json, f"{schedule['schedule_name']}: {when}\nnext run {opt.next_run(schedule)}")


@app.command("enable")
def enable(schedule_id: ScheduleId, as_json: AsJson = False) -> None:
    """Let a schedule run again.

    Example: casare-cloud schedules enable 019a…
    """
    answer = call_client("enable_schedule", schedule_id)
    print_answer(answer, as_json, f"next run {answer['next_run']}")


@app.command("disable")
def disable(schedule_id: ScheduleId, as_json: AsJson = False) -> None:
    """Keep a schedule from running.

    Example: casare-cloud schedules disable 019a…
    """
    answer = call_client("disable_schedule", schedule_id)
    print_answer(answer, as_json, f"{answer['schedule_name']} is disabled")


@app.command("trigger")
def trigger(schedule_id: ScheduleId, as_json: AsJson = False) -> None:
    """Queue a job of a schedule now.

    Example: casare-cloud schedules trigger 019a…
    """
    answer = run(lambda client: client.trigger_schedule(schedule_id))
    print_answer(answer, as_json, f"{answer['message']}\njob {answer['job_id']}")


@app.command("delete")
def delete(schedule_id: ScheduleId, as_json: AsJson = False) -> None:
    """Delete a schedule; the jobs that it queued stay.

    Example: casare-cloud schedules delete 019a…
    """
    answer = call_client("delete_schedule", schedule_id)
    print_answer(answer, as_json, answer["message"])
