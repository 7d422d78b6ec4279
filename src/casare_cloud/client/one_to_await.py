"""`Client`: every method of the orchestrator's client, to be awaited."""

from casare_cloud.client.calendars import CalendarCalls
from casare_cloud.client.pages import PageCalls
from casare_cloud.client.team import TeamCalls
from casare_cloud.client.tenant import TenantCalls
from casare_cloud.client.triggers import TriggerCalls


class Client(PageCalls, TriggerCalls, CalendarCalls, TeamCalls, TenantCalls):
    """Talks to one orchestrator, as a service key or, after `login` or `register`, as a user.

    A user's token is refreshed shortly before it ends. Calls are tried again when the network or the service fails, or
    when there were too many, after the time that `Retry-After` says. Creating calls carry an `Idempotency-Key`, so that
    a try that is repeated because the answer was lost makes nothing twice; while the first one still runs, it waits.
    """
