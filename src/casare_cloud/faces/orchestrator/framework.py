"""The FastAPI app inside the orchestrator, without resources: those are included when they are first asked for."""

import warnings
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from pydantic.warnings import UnsupportedFieldAttributeWarning

from casare_cloud.config import Settings
from casare_cloud.database import Database
from casare_cloud.faces.kit import problems
from casare_cloud.faces.kit.refusals import declare_body_refusals, declare_headers
from casare_cloud.faces.kit.routing import Services
from casare_cloud.faces.orchestrator import health
from casare_cloud.faces.orchestrator.health_shapes import RESPONSES
from casare_cloud.faces.orchestrator.rate_limits import limit_of, unlimited
from casare_cloud.identity import Verifier
from casare_cloud.preflight.auth_faults import AuthFaults
from casare_cloud.preflight.readiness import Readiness

# FastAPI silences this about its own body fields while it builds them; our shapes are built later, on first use.
warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)


_OPEN: dict[str, Any] = {"security": []}
_TOKEN = "A robot's key, or a token that was imported, where ROBOT_AUTH_ENABLED is true."  # a sentence, no secret


def create_framework(
    settings: Settings, database: Database, auth_faults: AuthFaults, readiness: Readiness, version: str
) -> FastAPI:
    """An app that answers every error in the orchestrator's shape and documents itself at /openapi.json."""
    app = FastAPI(
        title="CasareRPA Orchestrator API",
        version=version,
        description="Workflows, jobs and robots of a tenant. Base path /api/v1.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = Services(
        settings, database, Verifier(settings), auth_faults, limit_of if settings.rate_limits else unlimited
    )
    problems.install(app)
    for path, probe in health.PROBES.items():
        for prefix in ("", "/api/v1"):
            app.add_api_route(
                prefix + path,
                _route_of(probe, database, readiness),
                name=probe.__name__,
                description=probe.__doc__ or "",
                responses=RESPONSES[path],
                response_class=JSONResponse,
                tags=["health"],
                openapi_extra=_OPEN,
            )
    _complete_the_document(app)
    return app


def _complete_the_document(app: FastAPI) -> None:
    """What no route says: how large bodies may be, what headers answers have, and the credentials.

    These are asked for where no `security: []` stands.
    """
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        document = describe()
        document.setdefault("components", {})["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer", "description": "An access token, or a key of sk_live_…"},
            "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "A robot's key, crpa_…"},
            "token": {"type": "apiKey", "in": "header", "name": "X-Api-Token", "description": _TOKEN},
        }
        declare_body_refusals(document)
        declare_headers(document)
        document["security"] = [{"bearer": []}, {"key": []}, {"token": []}]
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _route_of(probe: health.Probe, database: Database, readiness: Readiness) -> Callable[[], Awaitable[JSONResponse]]:
    """A probe as a route, for the OpenAPI document; requests are answered before they get here."""

    async def route() -> JSONResponse:
        status, body = await probe(lambda: database, readiness)
        return JSONResponse(body, status)

    return route
