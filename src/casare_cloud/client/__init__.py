"""A client for people's programs: submit workflows, create jobs, follow them, manage robots, keys and limits.

    async with Client("https://…", api_key="sk_live_…") as cloud:
        job = await cloud.create_job("invoices", {"month": "2026-11"})
        done = await cloud.wait(job["job_id"], stream_logs=True)
        async for failed in cloud.jobs(status="failed"):
            print(failed["job_id"])

    with SyncClient("https://…", api_key="sk_live_…") as cloud:
        for robot in cloud.robots(status="offline"):
            print(robot["robot_id"])

Both have the same methods. Each returns the decoded answer of the orchestrator (documents 000, 002, 003). A refusal is
an `ApiError` of a class of its own (`NotThere`, `Conflicting` …), whose `hint` says what to do about it. What only
robots call is in `casare_cloud.robot`, over the same `HttpClient`.
"""

from casare_cloud.client.jobs import FINISHED
from casare_cloud.client.one_that_waits import SyncClient
from casare_cloud.client.one_to_await import Client
from casare_cloud.client.session import Answer
from casare_cloud.errors import ApiError
from casare_cloud.http import Unreachable
from casare_cloud.http_errors import (
    Conflicting,
    InvalidInput,
    NotAllowed,
    NotSignedIn,
    NotThere,
    Refused,
    ServiceAtFault,
    TooOften,
)

__all__ = [
    "FINISHED",
    "Answer",
    "ApiError",
    "Client",
    "Conflicting",
    "InvalidInput",
    "NotAllowed",
    "NotSignedIn",
    "NotThere",
    "Refused",
    "ServiceAtFault",
    "SyncClient",
    "TooOften",
    "Unreachable",
]
