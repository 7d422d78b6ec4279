"""`casare-cloud metrics …`: how the fleet does."""

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
