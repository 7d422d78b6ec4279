"""A job from its id to its end, for commands with `--watch`."""

from typing import TYPE_CHECKING, Any

from casare_cloud.cli.output import make_console

if TYPE_CHECKING:
    from casare_cloud.client import Client


async def follow(client: "Client", job_id: str, as_json: bool) -> dict[str, Any]:
    """The finished job; with `--json` standard output is left to it, and the progress is on standard error."""
    from casare_cloud.cli.session import environment
    from casare_cloud.cli.watching import follow_job, print_job_end

    job = await follow_job(client, job_id, environment(), make_console(stderr=as_json))
    if not as_json:
        print_job_end(job)
    return job


def exit_by_status(job: dict[str, Any]) -> None:
    """End with exit code 1 for a job that did not complete."""
    if job and job.get("status") != "completed":
        raise SystemExit(1)
