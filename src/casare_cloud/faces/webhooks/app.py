"""The ASGI app of webhooks: a few routes, without a web framework, so that a delivery costs a round trip or two.

The framework only describes them: /openapi.json, and the page /docs.
"""

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from casare_cloud.config import ConfigurationError, Settings
from casare_cloud.errors import ApiError, NotFound
from casare_cloud.faces.kit.edge import Edge, Receive, Scope, Send, send_json
from casare_cloud.faces.kit.senders import SENDER_BYTES, serve_sender, target_of
from casare_cloud.faces.webhooks.envelope import WebhooksEnvelope
from casare_cloud.key_ring import KeyRing

if TYPE_CHECKING:
    from fastapi import FastAPI

    from casare_cloud.database import Database
    from casare_cloud.domain.triggers.receiving import Receiver

PING_SECONDS = 1.5
_PAGES = ("openapi.json", "docs", "redoc")


class Webhooks(Edge):
    """`POST /webhook/{trigger_id}`, `/hooks/{trigger_id}` and `/webhooks/{path}`, probes and docs. One per process."""

    service = "casare-rpa-webhooks"
    envelope = WebhooksEnvelope()

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.trusted_proxies)
        self.settings = settings
        self._ring = KeyRing.read(settings.secret_keys)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a probe or a sender."""
        path: str = scope["path"]
        if path in _PROBES and scope["method"] == "GET":
            status, answer = await _PROBES[path](self)
            await send_json(send, status, answer, {"Cache-Control": "no-store"})
            return
        if path.split("/")[1] in _PAGES:
            await self.framework(scope, receive, send)
            return
        target = target_of(path)
        if target is None:
            raise NotFound("NOT_FOUND", "There is nothing at this address")
        await serve_sender(self.receiver, scope, receive, send, target)

    @cached_property
    def database(self) -> "Database":
        """The database, with a pool that opens on its first use."""
        from casare_cloud.database import Database

        return Database(self.settings)

    @cached_property
    def framework(self) -> "FastAPI":
        """What describes the routes; it is imported when somebody first asks for that."""
        from casare_cloud.faces.webhooks.description import create_framework

        return create_framework(self)

    @cached_property
    def receiver(self) -> "Receiver":
        """Who takes deliveries, and remembers the webhooks that they came to."""
        from casare_cloud.domain.triggers.receiving import Receiver

        return Receiver(self.database, self._ring)

    def body_limit(self, path: str) -> int:
        """1 MB, wherever it goes."""
        return SENDER_BYTES

    async def close(self) -> None:
        """Close the connections of this event loop."""
        if "database" in self.__dict__:
            await self.database.close()


async def _health(app: Webhooks) -> tuple[int, dict[str, Any]]:
    return 200, {"status": "healthy", "service": app.service}


async def _live(_: Webhooks) -> tuple[int, dict[str, Any]]:
    return 200, {"alive": True}


async def _ready(app: Webhooks) -> tuple[int, dict[str, Any]]:
    try:
        await app.database.ping(PING_SECONDS)
    except (ApiError, ConfigurationError):
        return 503, {"ready": False, "reason": "Database unhealthy"}
    return 200, {"ready": True}


_PROBES: dict[str, Callable[[Webhooks], Awaitable[tuple[int, dict[str, Any]]]]] = {
    "/health": _health,
    "/health/live": _live,
    "/health/ready": _ready,
}


def create_app(settings: Settings | None = None) -> Webhooks:
    """The receiver as an ASGI app, from `settings` or from the environment. It opens nothing yet."""
    return Webhooks(settings or Settings.from_environment())
