"""`casare-cloud metrics …`: how the fleet does."""

from enum import StrEnum
from typing import Annotated

import typer

from casare_cloud.cli.calls import AsJson, call_client
from casare_cloud.cli.output import print_json, print_table, say

app = typer.Typer(help="Show how the fleet does and how jobs ended.", no_args_is_help=True)


@app.command("fleet")
def show_fleet(as_json: AsJson = False) -> None:
    """Show robots by state, jobs in hand and waiting, and the day so far.

    Example: casare-cloud metrics fleet
    """
    fleet = call_client("get_fleet_metrics")
    if as_json:
        print_json(fleet)
        return
    print_table(("", "now"), [(name.replace("_", " "), value) for name, value in fleet.items()])


class Interval(StrEnum):
    """How long a row of a series is."""

    minute = "minute"
    hour = "hour"
    day = "day"


@app.command("series")
def show_series(
    interval: Annotated[Interval, typer.Option("--interval", help="How long a row is.")] = Interval.hour,
    count: Annotated[
        int | None, typer.Option("--count", min=1, max=1440, help="How many: 60 minutes, 24 hours, 30 days.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", help="Whose days they are, Europe/Berlin; default: the tenant's.")
    ] = None,
    robot: Annotated[str | None, typer.Option("--robot", help="Only jobs that this robot had.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how many jobs began and how they ended in each of the last minutes, hours or days.

    Example: casare-cloud metrics series --interval day --count 7
    """
    asked = {"interval": interval.value, "count": count, "timezone": timezone}
    answer = call_client("get_robot_series", robot, **asked) if robot else call_client("get_series", **asked)
    if as_json:
        print_json(answer)
        return
    names = ["completed", "failed", "timed_out", "cancelled"]
    if not robot:
        names = ["created", *names, "unfinished"]
    head = ("from", *(name.replace("_", " ") for name in names), "average")
    print_table(
        head,
        [
            [point["starts_at"], *(point[name] for name in names), _seconds(point["average_duration_ms"])]
            for point in answer["points"]
        ],
    )


@app.command("analytics")
def show_analytics(
    days: Annotated[int, typer.Option("--days", min=1, max=90, help="How far back, in days of 24 hours.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Show how the jobs of the last days ended, how long they took, and what went wrong.

    Example: casare-cloud metrics analytics --days 30
    """
    analytics = call_client("get_analytics", days)
    if as_json:
        print_json(analytics)
        return
    healing = analytics["self_healing_success_rate"]
    rows = [
        ("jobs that ended", analytics["total_jobs"]),
        ("completed", f"{analytics['completed_jobs']} ({analytics['success_rate']:g} %)"),
        ("failed", f"{analytics['failed_jobs']} ({analytics['failure_rate']:g} %)"),
        ("cancelled", analytics["cancelled_jobs"]),
        ("average duration", _seconds(analytics["average_duration_ms"])),
        *((f"{name} duration", _seconds(analytics[f"{name}_duration_ms"])) for name in ("p50", "p90", "p99")),
        ("nodes healed", None if healing is None else f"{healing:g} %"),
    ]
    print_table((f"since {analytics['since']}", ""), rows)
    if analytics["slowest_workflows"]:
        say("")
        slowest = [
            (item["workflow_name"], _seconds(item["average_duration_ms"])) for item in analytics["slowest_workflows"]
        ]
        print_table(("slowest workflows", "average"), slowest)
    if analytics["error_counts"]:
        say("")
        print_table(("errors", "jobs"), [(item["error_type"], item["count"]) for item in analytics["error_counts"]])


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:g} s"
