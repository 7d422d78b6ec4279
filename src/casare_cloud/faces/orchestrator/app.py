"""The orchestrator's ASGI app: a light dispatcher that imports the web framework and a resource when first asked.

A cold process therefore answers health probes at once and pays, on its first request, for one resource and not for all.
"""

import importlib
from typing import TYPE_CHECKING, Any

from casare_cloud import __version__
from casare_cloud.config import Settings
from casare_cloud.database import Database
from casare_cloud.faces.orchestrator import health
from casare_cloud.faces.shared.edge import BODY_BYTES, UPLOAD_BYTES, App, Edge, Receive, Scope, Send, send_json
from casare_cloud.identity import Verifier

if TYPE_CHECKING:
    from fastapi import FastAPI

BASE = "/api/v1"

# First segment of the path under /api/v1 → the module in this folder whose `router` serves it.
RESOURCES = {
    "auth": "auth",
}

_DOCUMENTS = ("/openapi.json", "/docs", "/redoc", f"{BASE}/openapi.json")


class Orchestrator:
    """Dispatches on the first segment of the path. One per process; it keeps the pool and the keys of Auth."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings)
        self.verifier = Verifier(settings)
        self._loaded: set[str] = set()
        self._framework: FastAPI | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"The orchestrator does not speak {scope['type']}.")
        path: str = scope["path"]
        under_base = path.removeprefix(BASE) if path.startswith(BASE + "/") else None
        probe = health.PROBES.get(path if under_base is None else under_base)
        if probe is not None and scope["method"] in ("GET", "HEAD"):
            status, body = await probe(self.database)
            await send_json(send, status, body, {"Cache-Control": "no-store"})
            return
        if path in _DOCUMENTS:
            for segment in RESOURCES:
                self._load(segment)
        elif under_base is not None:
            self._load(under_base.split("/")[1])
        await self.framework(scope, receive, send)

    @property
    def framework(self) -> "FastAPI":
        """The FastAPI app with the resources that were loaded so far."""
        if self._framework is None:
            from casare_cloud.faces.orchestrator.framework import create_framework

            self._framework = create_framework(self.settings, self.database, self.verifier, __version__)
        return self._framework

    def _load(self, segment: str) -> None:
        module = RESOURCES.get(segment)
        if module is None or module in self._loaded:
            return
        self._loaded.add(module)
        router: Any = importlib.import_module(f"casare_cloud.faces.orchestrator.{module}").router
        self.framework.include_router(router, prefix=BASE)
        self.framework.openapi_schema = None

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.database.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def create_app(settings: Settings | None = None) -> App:
    """The orchestrator as an ASGI app, from `settings` or from the environment. It opens nothing yet."""
    settings = settings or Settings.from_environment()
    return Edge(Orchestrator(settings), settings.trusted_proxies, _body_limit)


def _body_limit(path: str) -> int:
    return UPLOAD_BYTES if path == f"{BASE}/workflows/upload" else BODY_BYTES
