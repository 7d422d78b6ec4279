"""The orchestrator's ASGI app: a light dispatcher that imports the web framework and a resource when first asked.

A cold process therefore answers health probes at once and pays, on its first request, for one resource and not for all.
"""

import importlib
from functools import cached_property
from typing import TYPE_CHECKING, Any

from casare_cloud import __version__
from casare_cloud.config import Settings
from casare_cloud.faces.kit.edge import BODY_BYTES, FORM_BYTES, UPLOAD_BYTES, Edge, Receive, Scope, Send, send_json
from casare_cloud.faces.orchestrator import health
from casare_cloud.preflight.auth_faults import AuthFaults
from casare_cloud.preflight.readiness import Readiness

if TYPE_CHECKING:
    from fastapi import FastAPI

    from casare_cloud.database import Database

BASE = "/api/v1"

# First segment of the path under /api/v1 → the module in this folder whose `router` serves it.
RESOURCES = {
    "api-keys": "api_keys.routes",
    "auth": "auth.routes",
    "calendars": "calendars.routes",
    "dlq": "dead_letters.routes",
    "events": "events.routes",
    "jobs": "jobs.routes",
    "limits": "limits.routes",
    "shares": "shares.routes",
    "metrics": "metrics.routes",
    "pools": "pools.routes",
    "robot-api-keys": "robot_keys.routes",
    "robots": "robots.routes",
    "schedules": "schedules.routes",
    "workflows": "workflows.routes",
}

_DOCUMENT = ("/openapi.json", f"{BASE}/openapi.json")
_PAGES = ("docs", "redoc")


class Orchestrator(Edge):
    """Dispatches on the first segment of the path. One per process; it keeps the pool, and Auth's keys and faults."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.trusted_proxies, settings.allowed_origins)
        self.settings = settings
        self.auth_faults = AuthFaults()
        self.readiness = Readiness(settings, self.auth_faults)
        self._loaded: set[str] = set()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a probe, or load what the path needs and hand over to FastAPI."""
        path: str = scope["path"]
        under_base = path.removeprefix(BASE) if path.startswith(BASE + "/") else None
        probe = health.PROBES.get(path if under_base is None else under_base)
        if probe is not None and scope["method"] == "GET":
            status, body = await probe(lambda: self.database, self.readiness)
            await send_json(send, status, body, {"Cache-Control": "no-store"})
            return
        if path in _DOCUMENT:
            for module in RESOURCES.values():
                self._load(module)
        elif path.split("/")[1] in _PAGES:
            self._load("api_page", prefix="")
        elif under_base is not None:
            self._load(RESOURCES.get(under_base.split("/")[1]))
        await self.framework(scope, receive, send)

    @cached_property
    def database(self) -> "Database":
        """The database, with a pool that opens on its first use."""
        from casare_cloud.database import Database

        return Database(self.settings)

    @cached_property
    def framework(self) -> "FastAPI":
        """The FastAPI app with the resources that were loaded so far."""
        from casare_cloud.faces.orchestrator.framework import create_framework

        return create_framework(self.settings, self.database, self.auth_faults, self.readiness, __version__)

    def _load(self, module: str | None, prefix: str = BASE) -> None:
        if module is None or module in self._loaded:
            return
        self._loaded.add(module)
        router: Any = importlib.import_module(f"casare_cloud.faces.orchestrator.{module}").router
        self.framework.include_router(router, prefix=prefix)
        self.framework.openapi_schema = None

    def body_limit(self, path: str) -> int:
        """10 MB, 50 MB for an upload (documents 000 and 002); 64 KB where anybody may send it."""
        if path.startswith(f"{BASE}/auth/"):
            return FORM_BYTES
        return UPLOAD_BYTES if path == f"{BASE}/workflows/upload" else BODY_BYTES

    async def close(self) -> None:
        """Close the connections of this event loop."""
        if "database" in self.__dict__:
            await self.database.close()


def create_app(settings: Settings | None = None) -> Orchestrator:
    """The orchestrator as an ASGI app, from `settings` or from the environment. It opens nothing yet."""
    return Orchestrator(settings or Settings.from_environment())
