"""`casare-cloud calendars …`: when the tenant works, for schedules to heed."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from casare_cloud.cli import naming
from casare_cloud.cli.calls import AlsoJson, AsJson, call_client
from casare_cloud.cli.output import Columns, fail, note, print_answer, print_json, print_list

app = typer.Typer(help="Business calendars: working hours, holidays, blackouts.", no_args_is_help=True)

CalendarId = Annotated[
    str, typer.Argument(help="The calendar's name or id.", metavar="NAME", callback=naming.by(naming.calendar_id))
]
Country = Annotated[str | None, typer.Option("--country", help="Its public holidays are closed days: DE; '' is none.")]
Subdivision = Annotated[str | None, typer.Option("--subdivision", help="A part of the country: BY.")]
Hours = Annotated[
    list[str] | None, typer.Option("--hours", help="mon=09:00-17:00; once for each working day, the others are closed.")
]
Rules = Annotated[
    str | None,
    typer.Option("--rules", help='Own days, as JSON: [{"type": "easter", "offset": 1, "name": "Easter Monday"}].'),
]
Blackouts = Annotated[
    str | None, typer.Option("--blackouts", help='As JSON: [{"starts_at": "…", "ends_at": "…", "reason": "…"}].')
]


@app.command("list")
def list_calendars(as_json: AsJson = False) -> None:
    """List the calendars by name.

    Example: casare-cloud calendars list
    """
    answer = call_client("list_calendars")
    columns = {
        "calendar": "calendar_id",
        "name": "name",
        "country": "country",
        "part": "subdivision",
        "holidays until": "holidays_until",
        "schedules": "schedules",
    }
    print_list(answer, as_json, answer["calendars"], columns)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    country: Country = None,
    subdivision: Subdivision = None,
    hours: Hours = None,
    rules: Rules = None,
    blackouts: Blackouts = None,
    as_json: AsJson = False,
) -> None:
    """Make a calendar: Monday to Friday, unless --hours says otherwise.

    Example: casare-cloud calendars create Munich --country DE --subdivision BY
    """
    calendar = call_client("create_calendar", name, **_said(country, subdivision, hours, rules, blackouts))
    print_answer(calendar, as_json, f"calendar {calendar['calendar_id']}")


@app.command("get")
def get(calendar_id: CalendarId, as_json: AlsoJson = False) -> None:
    """Print a calendar as JSON.

    Example: casare-cloud calendars get Munich
    """
    print_json(call_client("get_calendar", calendar_id))


@app.command("days")
def days(
    calendar_id: CalendarId,
    year: Annotated[int, typer.Argument(help="2027", min=1970, max=2199)],
    as_json: AsJson = False,
) -> None:
    """Show the days of a year on which a calendar differs from its week.

    Example: casare-cloud calendars days Munich 2027
    """
    answer = call_client("list_calendar_days", calendar_id, year)
    columns: Columns = {
        "day": "day",
        "is": lambda row: "work" if row["is_working"] else "closed",
        "name": "name",
    }
    print_list(answer, as_json, answer["days"], columns)


@app.command("update")
def update(
    calendar_id: CalendarId,
    name: Annotated[str | None, typer.Option("--name", help="What people call it.")] = None,
    country: Country = None,
    subdivision: Subdivision = None,
    hours: Hours = None,
    rules: Rules = None,
    blackouts: Blackouts = None,
    as_json: AsJson = False,
) -> None:
    """Change a calendar; what is not given stays, and --hours, --rules and --blackouts replace what is there.

    Example: casare-cloud calendars update Munich --hours mon=09:00-17:00
    """
    changes = _said(country, subdivision, hours, rules, blackouts)
    if name is not None:
        changes["name"] = name
    if not changes:
        fail("Say what is to change: --name, --country, --subdivision, --hours, --rules or --blackouts.", 2)
    answer = call_client("update_calendar", calendar_id, **changes)
    print_answer(answer, as_json, f"calendar {answer['name']} is changed")


@app.command("refresh")
def refresh(calendar_id: CalendarId, as_json: AsJson = False) -> None:
    """Look the country's holidays up again, for five years ahead: each year, or when calendar.expiring says so.

    Example: casare-cloud calendars refresh Munich
    """
    answer = call_client("refresh_calendar", calendar_id)
    print_answer(answer, as_json, f"holidays until {answer['holidays_until'] or '- (no country)'}")


@app.command("import")
def import_calendar(
    calendar_id: CalendarId,
    file: Annotated[Path, typer.Argument(help="An iCalendar file.", exists=True, dir_okay=False, metavar="FILE")],
    as_json: AsJson = False,
) -> None:
    """Add the events of an iCalendar file: those of whole days as closed days, others as blackouts.

    Example: casare-cloud calendars import Munich closed.ics
    """
    answer = call_client("import_calendar", calendar_id, file.name, file.read_bytes())
    added = f"added {answer['added_days']} days and {answer['added_blackouts']} blackouts"
    print_answer(answer, as_json, added)
    if answer["ignored_events"]:
        note(f"ignored {answer['ignored_events']} events that could not be read, or repeat too often")


@app.command("delete")
def delete(calendar_id: CalendarId, as_json: AsJson = False) -> None:
    """Delete a calendar that no schedule heeds.

    Example: casare-cloud calendars delete Munich
    """
    print_answer(call_client("delete_calendar", calendar_id), as_json, "deleted")


def _said(
    country: str | None, subdivision: str | None, hours: list[str] | None, rules: str | None, blackouts: str | None
) -> dict[str, Any]:
    said: dict[str, Any] = {"country": country, "subdivision": subdivision}
    if hours:
        spans = [entry.partition("=") for entry in hours]
        said["working_hours"] = {day: span.split("-") for day, _, span in spans}
    for option, text in (("rules", rules), ("blackouts", blackouts)):
        if text is not None:
            try:
                said[option] = json.loads(text)
            except ValueError as problem:
                fail(f"--{option} is not JSON: {problem}", 2)
    return {name: value for name, value in said.items() if value is not None}
