"""`casare-cloud jobs …`: submit, watch and manage jobs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli.calls import AsJson, run
from casare_cloud.cli.output import fail, make_console, note, print_json, print_table, say

if TYPE_CHECKING:
    from casare_cloud.client import Client

app = typer.Typer(help="Submit, watch and manage jobs.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(help="The job's id.", metavar="ID")]
JobIds = Annotated[list[str], typer.Argument(help="Ids of jobs, 1,000 at most.", metavar="ID...")]


@app.command("submit")
def submit(
    file: Annotated[Path, typer.Argument(help="A workflow as JSON (`nodes` or `steps`).", exists=True, dir_okay=False)],
    name: Annotated[str | None, typer.Option("--name", help="Default: the file's name without .json.")] = None,
    priority: Annotated[int, typer.Option("--priority", min=0, max=20, help="0 is the most urgent.")] = 10,
    pool: Annotated[str | None, typer.Option("--pool", help="Robots of this shared pool run it: name or id.")] = None,
    workflow_id: Annotated[
        str | None, typer.Option("--workflow", help="Store it as the next version of this workflow (an id).")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict/--no-strict", help="Refuse a workflow with mistakes, or take it with warnings.")
    ] = True,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow the job until it is finished.")] = False,
    as_json: AsJson = False,
) -> None:
    """Store the workflow in FILE, as a new one unless --workflow names one, and run it once.

    Example: casare-cloud jobs submit examples/basket.json --watch
    """
    try:
        definition = json.loads(file.read_text())
    except ValueError as problem:
        fail(f"{file} is not JSON: {problem}", 2)

    async def work(client: "Client") -> dict[str, Any]:
        more: dict[str, Any] = {"priority": priority, **({"pool": pool} if pool else {})}
        if workflow_id:
            more["workflow_id"] = workflow_id
        submitted = await client.submit_workflow(name or file.stem, definition, strict=strict, **more)
        for warning in submitted.get("warnings", ()) if watch or not as_json else ():
            typer.echo(f"warning: {warning}", err=True)
        if not watch:
            return submitted
        if not as_json:
            say(f"job {submitted['job_id']}")
        return await _follow(client, submitted["job_id"], as_json)

    answer = run(work)
    if as_json:
        print_json(answer)
    elif not watch:
        say(f"{answer['message']}\njob {answer['job_id']}")
    _exit_by_status(answer if watch else {})


@app.command("watch")
def watch(
    job_id: Annotated[str | None, typer.Argument(help="The job's id; none: all jobs.", metavar="ID")] = None,
    as_json: AsJson = False,
) -> None:
    """Follow a job live until it is finished; exit code 1 unless it completed. Without ID: all jobs, until Ctrl-C."""
    if job_id is None:
        from casare_cloud.cli.watching import follow_events

        follow_events("job.", as_json)
        return

    async def work(client: "Client") -> dict[str, Any]:
        return await _follow(client, job_id, as_json)

    job = run(work)
    if as_json:
        print_json(job)
    _exit_by_status(job)


@app.command("list")
def list_jobs(
    status: Annotated[str | None, typer.Option("--status", help="pending, running, completed, failed …")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 20,
    search: Annotated[
        str | None, typer.Option("--search", help="Part of the workflow's name, the error or a key of the job.")
    ] = None,
    error_type: Annotated[str | None, typer.Option("--error-type", help="Only jobs whose error has this type.")] = None,
    trigger: Annotated[str | None, typer.Option("--trigger", help="manual, scheduled, retry, webhook …")] = None,
    before: Annotated[str | None, typer.Option("--before", help="The jobs before this one (an id).")] = None,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first.

    Example: casare-cloud jobs list --status failed --error-type TimeoutError
    """
    filters: dict[str, Any] = {
        "limit": limit,
        "status": status,
        "search": search,
        "error_type": error_type,
        "trigger_type": trigger,
        "before": before,
    }
    answer = run(lambda client: client.list_jobs(**filters))
    if as_json:
        print_json(answer)
        return
    head = ("job", "workflow", "status", "robot", "created")
    names = ("job_id", "workflow_name", "status", "robot_id", "created_at")
    print_table(head, [[job[name] for name in names] for job in answer["jobs"]])
    if answer["next"] is not None and (answer["total_is_capped"] or answer["total"] > len(answer["jobs"])):
        note(f"older ones: --before {answer['next']}")


@app.command("reasons")
def reasons(as_json: AsJson = False) -> None:
    """Say how many jobs wait for which reason, and what to do about it."""
    answer = run(lambda client: client.list_waiting_reasons())
    if as_json:
        print_json(answer)
        return
    more = "+" if answer["is_capped"] else ""
    say(f"waiting for a robot: {answer['waiting']}{more}, for a time: {answer['scheduled']}{more}")
    for reason in answer["reasons"]:
        say(f"\n{reason['jobs']}{'+' if reason['is_capped'] else ''} {reason['reason_code']}: {reason['sentence']}")
        say(f"  what to do: {reason['next_step']}\n  for example: job {reason['job_id']}")
    if answer["others"]:
        say(f"\n{answer['others']} more wait for other reasons.")


@app.command("get")
def get(job_id: JobId) -> None:
    """Print a job as JSON."""
    print_json(run(lambda client: client.get_job(job_id)))


@app.command("logs")
def logs(
    job_id: JobId,
    last: Annotated[int | None, typer.Option("--last", min=1, max=1000, help="Only the newest lines.")] = None,
    level: Annotated[str | None, typer.Option("--level", help="debug, info, warning, error or critical.")] = None,
    after: Annotated[str | None, typer.Option("--after", help="Only lines after the one with this id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print what the robots logged while running a job, 100 lines unless --last says how many of the newest."""
    filters: dict[str, Any] = {"level": level, "after": after}
    if last is not None:
        filters |= {"limit": last, "order": "newest"}
    answer = run(lambda client: client.get_job_logs(job_id, **filters))
    if as_json:
        print_json(answer)
        return
    for entry in answer["logs"] if last is None else reversed(answer["logs"]):
        node = f" [{entry['node_id']}]" if entry.get("node_id") else ""
        say(f"{entry['timestamp']} {entry['level']:<8}{node} {entry['message']}")


@app.command("nodes")
def nodes(job_id: JobId, as_json: AsJson = False) -> None:
    """Show when each node of each attempt of a job began, and for how long it ran."""
    answer = run(lambda client: client.list_job_nodes(job_id))
    if as_json:
        print_json(answer)
        return
    head = ("attempt", "node", "type", "status", "started", "ms", "runs")
    names = ("node_id", "node_type", "status", "started_at", "duration_ms", "runs")
    rows = [[each["attempt"], *(node[name] for name in names)] for each in answer["attempts"] for node in each["nodes"]]
    print_table(head, rows)


@app.command("explain")
def explain(job_id: JobId, as_json: AsJson = False) -> None:
    """Say why a job waits, who holds it or how it ended, in words that can be sent to a customer."""
    from casare_cloud.cli.explaining import print_explanation

    answer = run(lambda client: client.explain_job(job_id))
    if as_json:
        print_json(answer)
    else:
        print_explanation(answer)


@app.command("cancel")
def cancel(
    job_ids: JobIds,
    reason: Annotated[str | None, typer.Option("--reason")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Take them from robots that were asked to stop a minute ago and did not.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Cancel jobs: at once while they wait, by asking their robots when they run.

    Exit code 1 if one was refused or had ended before.
    """

    def told(result: dict[str, Any]) -> str:
        if result["cancel_requested"]:
            return "its robot was asked to stop it"
        return "cancelled" if result["cancelled"] else f"is {result['previous_status']} already"

    async def work(client: "Client") -> dict[str, Any]:
        return await (_cancel_by_force(client, job_ids, reason) if force else client.cancel_jobs(job_ids, reason))

    answer = run(work)
    _show(answer, as_json, told)
    if not all(result["cancelled"] or result["cancel_requested"] for result in answer["results"]):
        raise SystemExit(1)


@app.command("retry")
def retry(
    job_ids: JobIds,
    input_file: Annotated[
        Path | None,
        typer.Option("--input", help="A JSON object to begin with instead; one job only.", exists=True, dir_okay=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run failed, cancelled or timed-out jobs again, as new jobs; exit code 1 if one was refused.

    With --input, a completed job as well.
    """
    if input_file is not None:
        _retry_with_input(job_ids, input_file, as_json)
        return
    answer = run(lambda client: client.retry_jobs(job_ids))
    _show(answer, as_json, lambda result: f"queued again as {result['new_job_id']}")


def _retry_with_input(job_ids: list[str], input_file: Path, as_json: bool) -> None:
    if len(job_ids) != 1:
        fail("--input goes with one job.", 2)
    try:
        job_input = json.loads(input_file.read_text())
    except ValueError as problem:
        fail(f"{input_file} is not JSON: {problem}", 2)
    answer = run(lambda client: client.retry_job(job_ids[0], job_input))
    if as_json:
        print_json(answer)
    else:
        say(f"{job_ids[0]}: queued again as {answer['new_job_id']}")


async def _cancel_by_force(client: "Client", job_ids: list[str], reason: str | None) -> dict[str, Any]:
    """As the batch answers, which cannot force: one request for each job."""
    from casare_cloud.errors import ApiError

    results: list[dict[str, Any]] = []
    for job_id in job_ids:
        try:
            results.append({"detail": None, **await client.cancel_job(job_id, reason, force=True)})
        except ApiError as problem:
            if problem.status not in (404, 409, 503):
                raise
            results.append({"job_id": job_id, "error_code": problem.code, "detail": problem.message})
    failed = sum(result["detail"] is not None for result in results)
    return {"results": results, "succeeded": len(results) - failed, "failed": failed}


def _show(answer: dict[str, Any], as_json: bool, told: Callable[[dict[str, Any]], str]) -> None:
    if as_json:
        print_json(answer)
    else:
        for result in answer["results"]:
            say(f"{result['job_id']}: {result['detail'] or told(result)}")
    if answer["failed"]:
        raise SystemExit(1)


async def _follow(client: "Client", job_id: str, as_json: bool) -> dict[str, Any]:
    """The finished job; with `--json` standard output is left to it, and the progress is on standard error."""
    from casare_cloud.cli.session import environment
    from casare_cloud.cli.watching import follow_job, print_job_end

    job = await follow_job(client, job_id, environment(), make_console(stderr=as_json))
    if not as_json:
        print_job_end(job)
    return job


def _exit_by_status(job: dict[str, Any]) -> None:
    if job and job.get("status") != "completed":
        raise SystemExit(1)
