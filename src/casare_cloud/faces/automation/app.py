"""The automation face's ASGI app: what it is named, which resources it has, and how its paths may be spelled."""

from collections.abc import Mapping
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar

from casare_cloud.config import Settings
from casare_cloud.errors import NotFound
from casare_cloud.faces.automation import probes
from casare_cloud.faces.automation.envelope import AutomationEnvelope
from casare_cloud.faces.automation.figures import CONTENT_TYPE, Figures
from casare_cloud.faces.kit.app import App
from casare_cloud.faces.kit.edge import FORM_BYTES, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from casare_cloud.domain.triggers.receiving import Receiver
    from casare_cloud.faces.kit.refusals import Responses

# First segment of the path under /api/v1 → the module in this folder whose `router` serves it.
RESOURCES = {
    "activity": "activity.routes",
    "admin": "admin.routes",
    "agent-tasks": "agents.tasks",
    "agents": "agents.routes",
    "ai": "later.routes",
    "analytics": "analytics.routes",
    "api-keys": "api_keys.routes",
    "audit-logs": "audit_logs.routes",
    "auth": "auth.routes",
    "bulk": "bulk.routes",
    "credentials": "later.routes",
    "dashboard": "dashboard.routes",
    "executions": "executions.routes",
    "export": "export.routes",
    "integrations": "later.routes",
    "notifications": "notifications.routes",
    "plugins": "later.routes",
    "storage": "storage.routes",
    "schedules": "schedules.routes",
    "task-types": "task_types.routes",
    "templates": "later.routes",
    "triggers": "triggers.routes",
    "user-roles": "user_roles.routes",
    "users": "users.routes",
    "workflow-variables": "workflow_variables.routes",
    "workflows": "workflows.routes",
}

BODY_LIMITS = {"/auth/": FORM_BYTES}  # who sends it is not known yet
_SENDERS = "/api/v1/triggers/webhooks/"


class Automation(App):
    """The API of document 004, and what its web client calls besides."""

    name = "automation"
    service = "rpa-automation-engine"
    title = "RPA Automation Engine API"
    description = (
        "Workflows, executions and agents of an organization. Base path /api/v1; each path may end in a slash or not."
    )
    address = "AUTOMATION_URL"
    package = __package__
    resources = RESOURCES
    envelope = AutomationEnvelope()
    body_limits = BODY_LIMITS
    probes = probes.PROBES
    answer_headers: ClassVar[Mapping[str, str]] = {"X-Process-Time": "How long the request took: `12.34ms`."}

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.figures = Figures()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Measure each request, for the header and for /metrics."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        began_at, status = perf_counter(), 0

        async def timed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                taken = f"{(perf_counter() - began_at) * 1000:.2f}ms".encode()
                message = {**message, "headers": [*message.get("headers", ()), (b"x-process-time", taken)]}
            await send(message)

        try:
            await super().__call__(scope, receive, timed_send)
        finally:
            if status:
                self.figures.count(scope["method"], status, perf_counter() - began_at)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer /metrics as text, and everything else as a face does."""
        if self.path_of(scope["path"]) == "/metrics" and scope["method"] == "GET":
            content = self.figures.render()
            headers = [(b"content-type", CONTENT_TYPE.encode()), (b"cache-control", b"no-store")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": content})
            return
        path = self.path_of(scope["path"])
        if path.startswith(_SENDERS):
            await self._serve_sender(path, scope, receive, send)
            return
        await super().serve(scope, receive, send)

    async def _serve_sender(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """A sender to a trigger: it is known by its proof, and by no token."""
        from casare_cloud.faces.kit.senders import serve_sender, target_of

        target = target_of(path)
        if target is None:
            raise NotFound("NOT_FOUND", "There is nothing at this address.")
        await serve_sender(self.receiver, {**scope, "path": path}, receive, send, target)

    @cached_property
    def receiver(self) -> "Receiver":
        """Who takes deliveries to triggers."""
        from casare_cloud.domain.triggers.receiving import Receiver
        from casare_cloud.key_ring import KeyRing

        return Receiver(self.database, KeyRing.read(self.settings.secret_keys))

    def body_limit(self, path: str) -> int:
        """1 MB of a sender, else as any face."""
        if self.path_of(path).startswith(_SENDERS):
            from casare_cloud.faces.kit.senders import SENDER_BYTES

            return SENDER_BYTES
        return super().body_limit(path)

    def path_of(self, path: str) -> str:
        """Without the last slash, and with the base once: clients send both spellings, and some put it in twice."""
        if path.startswith(f"{self.base}{self.base}/"):
            path = path.removeprefix(self.base)
        return path.rstrip("/") or "/"

    def probe_prefixes(self) -> tuple[str, ...]:
        """Document 004 has its probes below /api; platforms look for them at the root."""
        return "/api", self.base, ""

    def probe_responses(self) -> "dict[str, Responses]":
        """Those of the kit, and the three of document 004."""
        from casare_cloud.faces.automation.probe_shapes import responses_of

        return super().probe_responses() | responses_of(self.refusals.any_other)


def create_app(settings: Settings | None = None) -> Automation:
    """The face as an ASGI app, from `settings` or from the environment. It opens nothing yet."""
    return Automation(settings or Settings.from_environment())
