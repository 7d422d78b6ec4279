"""`casare-cloud jobs logs` and `jobs events`: what robots said of a job, and what happened to it."""

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli.calls import AsJson, run
from casare_cloud.cli.completing import words
from casare_cloud.cli.last_job import JobId
from casare_cloud.cli.output import print_json, say
from casare_cloud.printing import one_line

if TYPE_CHECKING:
    from casare_cloud.client import Client

_POLL_SECONDS = 1.0
_PAGE = 1000


def logs(
    job_id: JobId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the job is finished.")] = False,
    last: Annotated[int | None, typer.Option("--last", min=1, max=1000, help="Only the newest lines.")] = None,
    level: Annotated[
        str | None,
        typer.Option(
            "--level",
            help="debug, info, warning, error or critical.",
            autocompletion=words("debug", "info", "warning", "error", "critical"),
        ),
    ] = None,
    after: Annotated[str | None, typer.Option("--after", help="Only lines after the one with this id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print what the robots logged while running a job, 100 lines unless --last says how many of the newest.

    Each line has its attempt and the robot that ran it. With --follow and --json: an object a line.

    Examples: casare-cloud jobs logs @last -f · casare-cloud jobs logs ID --last 20 --level error
    """
    filters: dict[str, Any] = {"level": level, "after": after}
    if last is not None:
        filters |= {"limit": last, "order": "newest"}
    if follow:
        with suppress(KeyboardInterrupt):
            run(lambda client: _follow(client, job_id, filters, as_json))
        return

    async def read(client: "Client") -> tuple[dict[str, Any], dict[int, str]]:
        answer = await client.get_job_logs(job_id, **filters)
        return answer, {} if as_json else await _robots(client, job_id)

    answer, robots = run(read)
    if as_json:
        print_json(answer)
        return
    for entry in answer["logs"] if last is None else reversed(answer["logs"]):
        say(_line(entry, robots))


async def _follow(client: "Client", job_id: str, filters: dict[str, Any], as_json: bool) -> None:
    """Print lines until the job is finished; what is written in its last moment is read after that."""
    from casare_cloud.client.jobs import FINISHED

    robots: dict[int, str] = {}
    is_first = True
    while True:
        is_finished = (await client.get_job(job_id))["status"] in FINISHED
        while True:
            page = await client.get_job_logs(job_id, **{"limit": _PAGE, **filters})
            entries = page["logs"]
            if is_first and filters.get("order") == "newest":
                entries = entries[::-1]
            if not as_json and any(entry["attempt"] not in robots for entry in entries):
                robots = await _robots(client, job_id)
            for entry in entries:
                say(json.dumps(entry) if as_json else _line(entry, robots))
            if is_first:
                filters = {"level": filters["level"], "after": filters["after"]}
                is_first = False
            if not entries:
                break
            filters["after"] = entries[-1]["id"]
        if is_finished:
            return
        await asyncio.sleep(_POLL_SECONDS)


async def _robots(client: "Client", job_id: str) -> dict[int, str]:
    """Which robot ran which attempt; nothing for those who may not read events."""
    from casare_cloud.errors import ApiError

    found: dict[int, str] = {}
    try:
        async for event in client.iterate_events(job_id=job_id):
            attempt = event["data"].get("attempt")
            if event["event_type"] == "job.claimed" and isinstance(attempt, int) and event["robot_external_id"]:
                found[attempt] = event["robot_external_id"]
    except ApiError as error:
        if error.status != 403:
            raise
    return found


def _line(entry: dict[str, Any], robots: dict[int, str]) -> str:
    robot = robots.get(entry["attempt"])
    who = f"#{entry['attempt']}" + (f" {robot}" if robot else "")
    node = f" [{entry['node_id']}]" if entry.get("node_id") else ""
    return one_line(f"{entry['timestamp']} {entry['level']:<8} {who}{node} {entry['message']}")


def events(
    job_id: JobId,
    after: Annotated[int, typer.Option("--after", min=0, help="Only those after the event with this number.")] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 100,
    as_json: AsJson = False,
) -> None:
    """Print what happened to a job, in sequence: queued, claimed by which robot, how each attempt ended.

    Example: casare-cloud jobs events @last
    """
    from casare_cloud.cli.watching import event_line

    answer = run(lambda client: client.list_job_events(job_id, after, limit))
    if as_json:
        print_json(answer)
        return
    for event in answer["events"]:
        say(one_line(event_line(event)))
    if len(answer["events"]) == limit:
        say(f"more: --after {answer['next']}")
