"""Shapes of the probes of document 004, for the OpenAPI document."""

from typing import Literal

from casare_cloud import __version__
from casare_cloud.faces.automation.probes import APP, NO_REDIS
from casare_cloud.faces.kit.examples import Example, showing
from casare_cloud.faces.kit.refusals import Responses
from casare_cloud.faces.kit.shapes import Answer

_CHECKS: Example = {"database": "ok", "redis": NO_REDIS}
_BROKEN: Example = {"database": "unavailable", "redis": NO_REDIS}
_INFO: Example = {"app": APP, "version": __version__, "status": "ok", "service": "rpa-automation-engine"}
_PYTHON: Example = {"version": "3.13.1", "platform": "Linux"}
_COMPONENTS: Example = {**_CHECKS, "api": "running", "celery": NO_REDIS, "websocket": "Supabase Realtime"}


class InfoAnswer(Answer):
    """Which program answers."""

    model_config = showing(_INFO)

    app: str
    version: str
    status: Literal["ok"]
    service: str


class Checks(Answer):
    """What was looked at."""

    model_config = showing(_CHECKS)

    database: Literal["ok", "unavailable"]
    redis: str


class HealthyAnswer(Checks):
    """The database answers."""

    model_config = showing({"status": "healthy", **_CHECKS})

    status: Literal["healthy"]


class Unhealthy(Answer):
    """What does not answer."""

    model_config = showing({"status": "unhealthy", "checks": _BROKEN})

    status: Literal["unhealthy"]
    checks: Checks


class UnhealthyAnswer(Answer):
    """The database does not answer."""

    model_config = showing({"detail": {"status": "unhealthy", "checks": _BROKEN}})

    detail: Unhealthy


class Python(Answer):
    """What the process runs on."""

    model_config = showing(_PYTHON)

    version: str
    platform: str


class Components(Checks):
    """The parts of the service; those that document 004 names and that are not needed here say so."""

    model_config = showing(_COMPONENTS)

    api: str
    celery: str
    websocket: str


class StatusAnswer(Answer):
    """Since when the process runs, and what it depends on."""

    model_config = showing(
        {
            "app": APP,
            "version": __version__,
            "environment": "production",
            "started_at": "2025-12-01T10:00:00Z",
            "uptime": "0h 30m 0s",
            "uptime_seconds": 1800.0,
            "python": _PYTHON,
            "components": _COMPONENTS,
        }
    )

    app: str
    version: str
    environment: Literal["development", "production"]
    started_at: str
    uptime: str
    uptime_seconds: float
    python: Python
    components: Components


def responses_of(any_other: Responses) -> dict[str, Responses]:
    """The `responses` of each of them; `any_other` is that of every route of the face."""

    def answers(shape: type[Answer]) -> Responses:
        return {200: {"model": shape, "description": "Successful Response"}, **any_other}

    unhealthy: Responses = {503: {"model": UnhealthyAnswer, "description": "The database does not answer."}}
    return {
        "/health": answers(InfoAnswer),
        "/health/health": {**answers(HealthyAnswer), **unhealthy},
        "/health/status": answers(StatusAnswer),
    }
