"""Shapes of the health probes, for the OpenAPI document; the probes themselves do without a web framework."""

from typing import Annotated, Literal

from pydantic import Field

from casare_cloud.faces.orchestrator.examples import Example, showing
from casare_cloud.faces.shared.refusals import ANY_OTHER, Responses
from casare_cloud.faces.shared.shapes import Answer

_SERVICE: Example = {"status": "healthy", "service": "casare-rpa-monitoring"}
_DATABASE: Example = {"healthy": True, "pool_size": 10, "pool_free": 8, "error": None}


class HealthAnswer(Answer):
    """The process answers."""

    model_config = showing(_SERVICE)

    status: Literal["healthy"]
    service: str


class DatabaseHealth(Answer):
    """The database as this process sees it: both numbers are 0 when it does not answer."""

    model_config = showing(_DATABASE)

    healthy: bool
    pool_size: Annotated[int, Field(description="How many connections this process may hold.")]
    pool_free: Annotated[int, Field(description="How many of them are free now.")]
    error: str | None


class Dependencies(Answer):
    """What the process depends on."""

    model_config = showing({"database": _DATABASE})

    database: DatabaseHealth


class DetailedHealthAnswer(Answer):
    """The process and what it depends on."""

    model_config = showing({**_SERVICE, "dependencies": {"database": _DATABASE}})

    status: Literal["healthy", "degraded"]
    service: str
    dependencies: Dependencies


class ReadyAnswer(Answer):
    """Requests can be served."""

    model_config = showing({"ready": True})

    ready: Literal[True]
    warnings: Annotated[
        list[str] | None,
        Field(description="What is away without keeping requests from being served; left out when nothing is."),
    ] = None


class NotReadyAnswer(Answer):
    """Requests cannot be served."""

    model_config = showing({"ready": False, "reason": "Database unhealthy"})

    ready: Literal[False]
    reason: str


class LiveAnswer(Answer):
    """The process runs."""

    model_config = showing({"alive": True})

    alive: Literal[True]


def _answers(shape: type[Answer]) -> Responses:
    return {200: {"model": shape, "description": "Successful Response"}, **ANY_OTHER}


RESPONSES: dict[str, Responses] = {
    "/health": _answers(HealthAnswer),
    "/health/detailed": _answers(DetailedHealthAnswer),
    "/health/ready": {
        **_answers(ReadyAnswer),
        503: {"model": NotReadyAnswer, "description": "Requests cannot be served now; `reason` says why."},
    },
    "/health/live": _answers(LiveAnswer),
}
