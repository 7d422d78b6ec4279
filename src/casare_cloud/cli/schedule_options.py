"""What several commands of `casare-cloud schedules` may be told of a schedule."""

import json
from typing import Annotated, Any

import typer

from casare_cloud.cli import naming
from casare_cloud.cli.output import fail

Timezone = Annotated[str | None, typer.Option("--timezone", help="Europe/Berlin; default: the tenant's.")]
Every = Annotated[str | None, typer.Option("--every", help="An interval of real time: 15m, 1h30m, 90s.")]
At = Annotated[str | None, typer.Option("--at", help="Once, at this time: 2027-01-01T09:00+01:00 (no offset: UTC).")]
Frequency = Annotated[
    str | None, typer.Option("--frequency", help="hourly, daily, weekly or monthly, at the time of --starts-at.")
]
StartsAt = Annotated[str | None, typer.Option("--starts-at", help="No run before this time (no offset: UTC).")]
EndsAt = Annotated[str | None, typer.Option("--ends-at", help="No run after this time (no offset: UTC).")]
PausedUntil = Annotated[
    str | None, typer.Option("--paused-until", help="No run before this time, for now (no offset: UTC).")
]
CalendarId = Annotated[
    str | None,
    typer.Option(
        "--calendar",
        help="The business calendar that it heeds, by name or id.",
        callback=naming.by(naming.calendar_id),
    ),
]
OnClosedDay = Annotated[
    str | None, typer.Option("--on-closed-day", help="What becomes of a run on a closed day: skip, next, previous.")
]
Jitter = Annotated[
    int | None, typer.Option("--jitter", min=0, help="Run up to so many seconds later, always the same.")
]
Misfire = Annotated[str | None, typer.Option("--misfire", help="Of missed due times, make up for: skip, once, all.")]
MisfireCap = Annotated[int | None, typer.Option("--misfire-cap", min=1, max=100, help="How many, with --misfire all.")]
Overlap = Annotated[
    str | None, typer.Option("--overlap", help="While a job of it is unfinished: allow, skip, queue, cancel_previous.")
]
MaxFailures = Annotated[
    int | None, typer.Option("--max-failures", min=0, help="So many failures in a row disable it; 0: never.")
]
Priority = Annotated[int | None, typer.Option("--priority", min=0, max=20, help="0 is the most urgent; default 10.")]
Environment = Annotated[str | None, typer.Option("--environment", help="Robots of this environment; *: of any.")]
Capabilities = Annotated[
    list[str] | None, typer.Option("--capability", help="Its robot must have this; may be given several times.")
]
Robot = Annotated[str | None, typer.Option("--robot", help="This robot runs it: its id or external id.")]
Pool = Annotated[str | None, typer.Option("--pool", help="Robots of this shared pool run it: name or id.")]
DedupeKey = Annotated[str | None, typer.Option("--dedupe-key", help="No job while an unfinished one has this key.")]
InputJson = Annotated[str | None, typer.Option("--input", help="What its jobs start with, as JSON.")]


def said(**options: Any) -> dict[str, Any]:
    """Options under their names in REST, without those that were not given."""
    every, input_json = options.pop("every", None), options.pop("input_json", None)
    if every is not None:
        if options.get("cron_expression") is not None:
            fail("Say either a cron expression or --every.", 2)
        options["cron_expression"] = f"@every {every}"
    if input_json is not None:
        options["input"] = _read(input_json)
    return {name: value for name, value in options.items() if value is not None}


def when(schedule: dict[str, Any]) -> str:
    """When a schedule runs, in a word or two."""
    if schedule["frequency"] == "once":
        return f"once, {schedule['run_at']}"
    if schedule["frequency"] == "interval":
        return f"every {schedule['interval_seconds']} s"
    return str(schedule["cron_expression"])


def next_run(schedule: dict[str, Any]) -> str:
    """The next run of a schedule, or why there is none."""
    if schedule["enabled"]:
        return schedule["next_run"] or "-"
    return "- (disabled after failures)" if schedule["auto_disabled_at"] else "- (disabled)"


def _read(input_json: str) -> Any:
    try:
        return json.loads(input_json)
    except ValueError as problem:
        fail(f"--input is not JSON: {problem}", 2)
