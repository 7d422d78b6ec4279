"""Shapes of the health probes, for the OpenAPI document; the probes themselves do without a web framework."""

from typing import Annotated, Literal

from pydantic import Field

from casare_cloud.faces.kit.examples import Example, showing
from casare_cloud.faces.kit.refusals import Responses
from casare_cloud.faces.kit.shapes import Answer

_DATABASE: Example = {"healthy": True, "pool_size": 10, "pool_free": 8, "error": None}


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


def responses_of(service: str, any_other: Responses) -> dict[str, Responses]:
    """The `responses` of each probe; `any_other` is that of every route of the face."""
    example: Example = {"status": "healthy", "service": service}

    class HealthAnswer(Answer):
        """The process answers."""

        model_config = showing(example)

        status: Literal["healthy"]
        service: str

    class DetailedHealthAnswer(Answer):
        """The process and what it depends on."""

        model_config = showing({**example, "dependencies": {"database": _DATABASE}})

        status: Literal["healthy", "degraded"]
        service: str
        dependencies: Dependencies

    def answers(shape: type[Answer]) -> Responses:
        return {200: {"model": shape, "description": "Successful Response"}, **any_other}

    return {
        "/health": answers(HealthAnswer),
        "/health/detailed": answers(DetailedHealthAnswer),
        "/health/ready": {
            **answers(ReadyAnswer),
            503: {"model": NotReadyAnswer, "description": "Requests cannot be served now; `reason` says why."},
        },
        "/health/live": answers(LiveAnswer),
    }
