"""A client for people's programs: submit workflows, create jobs, follow them, manage robots, keys and limits.

    async with Client("https://…", api_key="sk_live_…") as cloud:
        job = await cloud.create_job("invoices", {"month": "2026-11"})
        done = await cloud.wait_for_job(job["job_id"])
        async for failed in cloud.iterate(cloud.list_jobs, status="failed"):
            print(failed["job_id"])

Every method returns the decoded answer of the orchestrator (documents 000, 002, 003) and raises `ApiError`. What only
robots call is in `casare_cloud.robot`, over the same `HttpClient`.
"""

from casare_cloud.client.calendars import CalendarCalls
from casare_cloud.client.fleet import FleetCalls
from casare_cloud.client.jobs import FINISHED
from casare_cloud.client.session import Answer
from casare_cloud.client.team import TeamCalls
from casare_cloud.client.tenant import TenantCalls
from casare_cloud.client.triggers import TriggerCalls
from casare_cloud.client.watching import WatchCalls
from casare_cloud.client.workflows import WorkflowCalls

__all__ = ["FINISHED", "Answer", "Client"]


class Client(WorkflowCalls, TriggerCalls, CalendarCalls, WatchCalls, FleetCalls, TeamCalls, TenantCalls):
    """Talks to one orchestrator, as a service key or, after `login` or `register`, as a user.

    A user's token is refreshed shortly before it ends. Calls are tried again when the network or the service fails, or
    when there were too many, after the time that `Retry-After` says. Creating calls carry an `Idempotency-Key`, so that
    a try that is repeated because the answer was lost makes nothing twice; while the first one still runs, it waits.
    """
