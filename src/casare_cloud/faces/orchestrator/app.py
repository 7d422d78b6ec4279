"""The orchestrator's ASGI app: what it is named, which resources it has, how large their bodies may be."""

from casare_cloud.config import Settings
from casare_cloud.faces.kit.app import App
from casare_cloud.faces.kit.edge import FORM_BYTES, UPLOAD_BYTES
from casare_cloud.faces.orchestrator.envelope import OrchestratorEnvelope

# First segment of the path under /api/v1 → the module in this folder whose `router` serves it.
RESOURCES = {
    "api-keys": "api_keys.routes",
    "audit": "audit.routes",
    "auth": "auth.routes",
    "calendars": "calendars.routes",
    "dlq": "dead_letters.routes",
    "events": "events.routes",
    "invitations": "invitations.routes",
    "jobs": "jobs.routes",
    "limits": "limits.routes",
    "shares": "shares.routes",
    "members": "members.routes",
    "metrics": "metrics.routes",
    "pools": "pools.routes",
    "purges": "purges.routes",
    "queue": "queue.routes",
    "robot-api-keys": "robot_keys.routes",
    "robots": "robots.routes",
    "roles": "roles.routes",
    "schedules": "schedules.routes",
    "settings": "settings.routes",
    "triggers": "triggers.routes",
    "watches": "watches.routes",
    "workflows": "workflows.routes",
}

# 50 MB for an upload (documents 000 and 002); 64 KB where anybody may send it.
BODY_LIMITS = {"/auth/": FORM_BYTES, "/workflows/upload": UPLOAD_BYTES}


class Orchestrator(App):
    """The API of documents 000 and 002, and what goes beyond them."""

    name = "orchestrator"
    service = "casare-rpa-monitoring"  # the name that document 000 publishes
    title = "CasareRPA Orchestrator API"
    description = "Workflows, jobs and robots of a tenant. Base path /api/v1."
    address = "ORCHESTRATOR_URL"
    package = __package__
    resources = RESOURCES
    envelope = OrchestratorEnvelope()
    body_limits = BODY_LIMITS


def create_app(settings: Settings | None = None) -> Orchestrator:
    """The orchestrator as an ASGI app, from `settings` or from the environment. It opens nothing yet."""
    return Orchestrator(settings or Settings.from_environment())
