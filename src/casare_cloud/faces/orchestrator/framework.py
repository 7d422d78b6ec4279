"""The FastAPI app inside the orchestrator, without resources: those are included when they are first asked for."""

from fastapi import FastAPI

from casare_cloud.config import Settings
from casare_cloud.database import Database
from casare_cloud.faces.shared import problems
from casare_cloud.faces.shared.routing import Services
from casare_cloud.identity import Verifier


def create_framework(settings: Settings, database: Database, verifier: Verifier, version: str) -> FastAPI:
    """An app that answers every error in the orchestrator's shape and documents itself at /docs and /openapi.json."""
    app = FastAPI(
        title="CasareRPA Orchestrator API",
        version=version,
        description="Workflows, jobs and robots of a tenant. Base path /api/v1.",
    )
    app.state.services = Services(settings, database, verifier)
    problems.install(app)
    return app
