"""The FastAPI app inside a face, without resources and probes: those are included when they are first asked for."""

import warnings
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from pydantic.warnings import UnsupportedFieldAttributeWarning

from casare_cloud import __version__
from casare_cloud.faces.kit import openapi, problems
from casare_cloud.faces.kit.health import Probe
from casare_cloud.faces.kit.routing import Services
from casare_cloud.identity import Verifier

if TYPE_CHECKING:
    from casare_cloud.faces.kit.app import App

# FastAPI silences this about its own body fields while it builds them; our shapes are built later, on first use.
warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)

_OPEN: dict[str, Any] = {"security": []}


def create_framework(face: "App") -> FastAPI:
    """An app that answers every error in the face's envelope and documents itself at /openapi.json."""
    app = FastAPI(
        title=face.title,
        version=__version__,
        description=face.description,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = Services(
        face.settings,
        face.database,
        Verifier(face.settings),
        face.auth_faults,
        face.name,
        face.base,
        face.rate_limits,
        face.doorbells,
    )
    problems.install(app, face.envelope)
    describe = app.openapi
    app.openapi = lambda: openapi.complete(describe(), face)  # type: ignore[method-assign]
    return app


def probe_router(face: "App") -> APIRouter:
    """The probes as routes, for the OpenAPI document and for other methods: GET is answered without them."""
    router = APIRouter(tags=["health"])
    responses = face.probe_responses()
    for path, probe in face.probes.items():
        for prefix in dict.fromkeys(face.probe_prefixes()):
            router.add_api_route(
                prefix + path,
                _route_of(probe, face),
                name=probe.__name__,
                description=probe.__doc__ or "",
                responses=responses.get(path),
                response_class=JSONResponse,
                openapi_extra=_OPEN,
            )
    return router


def _route_of(probe: Probe, face: "App") -> Callable[[], Awaitable[JSONResponse]]:
    async def route() -> JSONResponse:
        status, body = await probe(face)
        return JSONResponse(body, status)

    return route
