"""The ASGI app of a face: a light dispatcher that imports the web framework and a resource when first asked.

A cold process therefore answers health probes at once and pays, on its first request, for one resource and not for all.
"""

import importlib
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from casare_cloud.config import Settings
from casare_cloud.faces.kit.edge import BODY_BYTES, Edge, Receive, Scope, Send, send_json
from casare_cloud.faces.kit.health import PROBES, Probe
from casare_cloud.preflight.auth_faults import AuthFaults
from casare_cloud.preflight.readiness import Readiness

if TYPE_CHECKING:
    from fastapi import FastAPI

    from casare_cloud.database import Database
    from casare_cloud.domain.jobs.doorbells import Doorbells
    from casare_cloud.faces.kit.rate_limits import RateLimits
    from casare_cloud.faces.kit.refusals import Refusals, Responses

_PAGES = ("docs", "redoc")
# Sentences, and no secrets.
_ROBOT_KEY = "A robot's key, crpa_…, or a token that was imported, where ROBOT_AUTH_ENABLED is true."


class App(Edge):
    """A face derives from it and says what is its own: names, a table of resources, an envelope.

    Three modules in its package say the rest when the framework is built: `refusals` has REFUSALS, what OpenAPI says of
    the answers of `envelope`, `rate_limits` has RATE_LIMITS, and `tags` has TAGS, what its groups are about.
    There is one app per process; it keeps the pool, and Auth's keys and faults.
    """

    name: ClassVar[str]  # of the face, short: two faces may have one path, and each counts its own requests
    service: str  # what its probes call it
    title: ClassVar[str]
    description: ClassVar[str]
    address: ClassVar[str]  # the setting that says where the face is, for the lines of curl in its OpenAPI document
    base: ClassVar[str] = "/api/v1"
    package: ClassVar[str]  # where the modules of the face lie
    # First segment of the path under the base → the module in the package whose `router` serves it.
    resources: ClassVar[Mapping[str, str]]
    body_limits: ClassVar[Mapping[str, int]] = {}  # path under the base, or `/resource/` → bytes that a body may have
    probes: ClassVar[Mapping[str, Probe]] = PROBES
    answer_headers: ClassVar[Mapping[str, str]] = {}  # what each answer of the face carries besides, for OpenAPI
    # What OpenAPI names as ways to say who one is; the verifier takes each of these at every face.
    credentials: ClassVar[Mapping[str, dict[str, Any]]] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An access token, or a key of sk_live_…"},
        "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": _ROBOT_KEY},
        "token": {"type": "apiKey", "in": "header", "name": "X-Api-Token", "description": _ROBOT_KEY},
    }

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.trusted_proxies, settings.allowed_origins)
        self.settings = settings
        self.auth_faults = AuthFaults()
        self.readiness = Readiness(settings, self.auth_faults)
        self._loaded: set[str] = set()

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a probe, or load what the path needs and hand over to FastAPI."""
        path = self.path_of(scope["path"])
        scope = {**scope, "path": path}
        under_base = self._under_base(path)
        probe = self._probe_at(path)
        if probe is not None and scope["method"] == "GET":
            status, body = await probe(self)
            await send_json(send, status, body, {"Cache-Control": "no-store"})
            return
        if path == "/openapi.json":
            self._load_probes()
            for module in self.resources.values():
                self._load(module)
        elif path.split("/")[1] in _PAGES:
            self._load_page()
        elif probe is not None:
            self._load_probes()
        elif under_base is not None:
            self._load(self.resources.get(under_base.split("/")[1]))
        await self.framework(scope, receive, send)

    def path_of(self, path: str) -> str:
        """The path that is meant by this one, where a face has several spellings."""
        return path

    def probe_prefixes(self) -> tuple[str, ...]:
        """Where the probes lie: below each of these."""
        return "", self.base

    def probe_responses(self) -> "dict[str, Responses]":
        """What OpenAPI says of the answers of the probes, by path."""
        from casare_cloud.faces.kit.health_shapes import responses_of

        return responses_of(self.service, self.refusals.any_other)

    @cached_property
    def database(self) -> "Database":
        """The database, with a pool that opens on its first use."""
        from casare_cloud.database import Database

        return Database(self.settings)

    @cached_property
    def doorbells(self) -> "Doorbells":
        """The bells of robots that wait here for jobs."""
        from casare_cloud.domain.jobs.doorbells import Doorbells

        return Doorbells(self.settings)

    @cached_property
    def framework(self) -> "FastAPI":
        """The FastAPI app with the resources that were loaded so far."""
        from casare_cloud.faces.kit.framework import create_framework

        return create_framework(self)

    @property
    def refusals(self) -> "Refusals":
        """What OpenAPI says of the face's refusals."""
        found: Refusals = self._module("refusals").REFUSALS
        return found

    @property
    def rate_limits(self) -> "RateLimits":
        """How often each endpoint may be called."""
        found: RateLimits = self._module("rate_limits").RATE_LIMITS
        return found

    @property
    def tags(self) -> dict[str, str]:
        """What the groups of operations are about."""
        found: dict[str, str] = self._module("tags").TAGS
        return found

    def body_limit(self, path: str) -> int:
        """How many bytes the body of a request to this path may have: 10 MB, or what the table says."""
        under_base = self._under_base(self.path_of(path)) or ""
        first, _, _ = under_base[1:].partition("/")
        return self.body_limits.get(under_base, self.body_limits.get(f"/{first}/", BODY_BYTES))

    async def close(self) -> None:
        """Close the connections of this event loop."""
        if "database" in self.__dict__:
            await self.database.close()
        if "doorbells" in self.__dict__:
            await self.doorbells.close()

    def _under_base(self, path: str) -> str | None:
        return path[len(self.base) :] if path.startswith(self.base + "/") else None

    def _probe_at(self, path: str) -> Probe | None:
        found = (self.probes.get(path[len(p) :]) for p in self.probe_prefixes() if path.startswith(f"{p}/"))
        return next(filter(None, found), None)

    def _module(self, name: str) -> Any:
        return importlib.import_module(f"{self.package}.{name}")

    def _load(self, module: str | None) -> None:
        if module is not None and module not in self._loaded:
            self._loaded.add(module)
            self._include(self._module(module).router, self.base)

    def _load_probes(self) -> None:
        if "/health" not in self._loaded:
            from casare_cloud.faces.kit.framework import probe_router

            self._loaded.add("/health")
            self._include(probe_router(self), "")

    def _load_page(self) -> None:
        if "/docs" not in self._loaded:
            from casare_cloud.faces.kit.docs_page import router_of

            self._loaded.add("/docs")
            self._include(router_of(self.title), "")

    def _include(self, router: Any, prefix: str) -> None:
        self.framework.include_router(router, prefix=prefix)
        self.framework.openapi_schema = None
