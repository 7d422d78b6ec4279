"""`casare-cloud jobs …`: submit, watch and manage jobs."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli import job_files, job_logs, running
from casare_cloud.cli.calls import AlsoJson, AsJson, run
from casare_cloud.cli.completing import words
from casare_cloud.cli.files import read_input
from casare_cloud.cli.following import exit_by_status, follow
from casare_cloud.cli.last_job import JobId, JobIds, OptionalJobId, keep_last_job
from casare_cloud.cli.output import fail, note, print_answer, print_json, print_list, print_table, say

if TYPE_CHECKING:
    from casare_cloud.client import Client

app = typer.Typer(help="Run, submit, watch and manage jobs.", no_args_is_help=True)

STATES = ("pending", "queued", "claimed", "running", "completed", "failed", "cancelled", "timeout")

app.command("run")(running.run_job)
app.command("submit")(running.submit)
app.command("logs")(job_logs.logs)
app.command("events")(job_logs.events)
app.command("files")(job_files.files)


@app.command("watch")
def watch(
    job_id: OptionalJobId = None,
    as_json: AsJson = False,
) -> None:
    """Follow a job live until it is finished; exit code 1 unless it completed. Without ID: all jobs, until Ctrl-C.

    Example: casare-cloud jobs watch @last
    """
    if job_id is None:
        from casare_cloud.cli.watching import follow_events

        follow_events("job.", as_json)
        return

    async def work(client: "Client") -> dict[str, Any]:
        return await follow(client, job_id, as_json)

    job = run(work)
    if as_json:
        print_json(job)
    exit_by_status(job)


@app.command("list")
def list_jobs(
    status: Annotated[
        str | None,
        typer.Option("--status", help="pending, running, completed, failed …", autocompletion=words(*STATES)),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 20,
    search: Annotated[
        str | None, typer.Option("--search", help="Part of the workflow's name, the error or a key of the job.")
    ] = None,
    error_type: Annotated[str | None, typer.Option("--error-type", help="Only jobs whose error has this type.")] = None,
    trigger: Annotated[str | None, typer.Option("--trigger", help="manual, scheduled, retry, webhook …")] = None,
    before: Annotated[str | None, typer.Option("--before", help="The jobs before this one (an id).")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say why each job that waits does, and how each other one ended.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first.

    Examples: casare-cloud jobs list --status failed --error-type TimeoutError ·
    casare-cloud jobs list --status pending --explain
    """
    filters: dict[str, Any] = {
        "limit": limit,
        "status": status,
        "search": search,
        "error_type": error_type,
        "trigger_type": trigger,
        "before": before,
    }

    async def ask(client: "Client") -> dict[str, Any]:
        found = await client.list_jobs(**filters)
        for job in found["jobs"] if explain else ():
            job["why"] = await _why(client, job)
        return found

    answer = run(ask)
    columns = {
        "job": "job_id",
        "workflow": "workflow_name",
        "status": "status",
        "robot": "robot_id",
        "created": "created_at",
        **({"why": "why"} if explain else {}),
    }
    print_list(answer, as_json, answer["jobs"], columns)
    if answer["next"] is not None and (answer["total_is_capped"] or answer["total"] > len(answer["jobs"])):
        note(f"older ones: --before {answer['next']}")


async def _why(client: "Client", job: dict[str, Any]) -> str:
    """Why a job is where it is, in a sentence; that it completed says enough."""
    if job["status"] == "completed":
        return ""
    return str((await client.explain_job(job["job_id"]))["sentence"])


@app.command("reasons")
def reasons(as_json: AsJson = False) -> None:
    """Say how many jobs wait for which reason, and what to do about it.

    Example: casare-cloud jobs reasons
    """
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
def get(job_id: JobId, as_json: AlsoJson = False) -> None:
    """Print a job with its input, result or error as JSON; on standard error, where its files are on this machine.

    Example: casare-cloud jobs get @last
    """
    job = run(lambda client: client.get_job(job_id))
    print_json(job)
    job_files.note_files(job)


@app.command("nodes")
def nodes(job_id: JobId, as_json: AsJson = False) -> None:
    """Show when each node of each attempt of a job began, and for how long it ran.

    Example: casare-cloud jobs nodes @last
    """
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
    """Say why a job waits, who holds it or how it ended, in words that can be sent to a customer.

    Example: casare-cloud jobs explain @last
    """
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

    Example: casare-cloud jobs cancel @last --reason "wrong month"
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
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input", "-i", help="Begin with this instead: key=value, @file or - (JSON); repeat. One job only."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run failed, cancelled or timed-out jobs again, as new jobs; exit code 1 if one was refused.

    With --input, a completed job as well.

    Example: casare-cloud jobs retry @last --input month=2
    """
    if inputs:
        _retry_with_input(job_ids, inputs, as_json)
        return
    answer = run(lambda client: client.retry_jobs(job_ids))
    _show(answer, as_json, lambda result: f"queued again as {result['new_job_id']}")


def _retry_with_input(job_ids: list[str], inputs: list[str], as_json: bool) -> None:
    if len(job_ids) != 1:
        fail("--input goes with one job.", 2)
    job_input = read_input(inputs)
    answer = run(lambda client: client.retry_job(job_ids[0], job_input))
    keep_last_job(answer["new_job_id"])
    print_answer(answer, as_json, f"{job_ids[0]}: queued again as {answer['new_job_id']}")


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
