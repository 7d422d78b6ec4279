"""A client for programs that speak document 004, the automation face: workflows, executions, agents and the rest.

    async with AutomationClient("https://…", api_key="sk_live_…") as cloud:
        run = await cloud.execute_workflow(workflow_id, {"month": "2026-11"})
        done = await cloud.wait(run["id"])
        async for failed in cloud.iterate_executions(status="failed"):
            print(failed["id"], failed["error_message"])

    with SyncAutomationClient("https://…") as cloud:
        cloud.login("ada@example.com", "…")
        for workflow in cloud.iterate_workflows(search="invoices"):
            print(workflow["name"])

Both have the same methods, one for each endpoint; answers are `TypedDict`s (in `models`). A refusal is an
`AutomationError` of a class of its own (`NotThere`, `WrongState` …), whose `hint` says what to do about it.
"""

from casare_cloud.client.automation.client import FINISHED, AutomationClient
from casare_cloud.client.automation.errors import (
    AlreadyThere,
    AutomationError,
    ComesLater,
    InvalidInput,
    NotAllowed,
    NotSignedIn,
    NotThere,
    ServiceDown,
    TooOften,
    WrongState,
)
from casare_cloud.client.automation.one_that_waits import SyncAutomationClient

__all__ = [
    "FINISHED",
    "AlreadyThere",
    "AutomationClient",
    "AutomationError",
    "ComesLater",
    "InvalidInput",
    "NotAllowed",
    "NotSignedIn",
    "NotThere",
    "ServiceDown",
    "SyncAutomationClient",
    "TooOften",
    "WrongState",
]
