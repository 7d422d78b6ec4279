"""Probes of a face: at the root and under its base, open to anybody.

Plain functions to (status, body), so that a cold process answers before the web framework is imported; and before the
database driver is, which is why the app makes its database when a probe first asks for it.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from casare_cloud.config import ConfigurationError, Settings
from casare_cloud.errors import ApiError
from casare_cloud.preflight.readiness import Readiness

if TYPE_CHECKING:
    from casare_cloud.database import Database

PING_SECONDS = 1.5


class Probed(Protocol):
    """What a probe looks at: the app of a face."""

    service: str
    settings: Settings
    readiness: Readiness

    @property
    def database(self) -> "Database": ...


Answer = tuple[int, dict[str, Any]]
Probe = Callable[[Probed], Awaitable[Answer]]


async def health(app: Probed) -> Answer:
    """The process answers; nothing else is looked at."""
    return 200, {"status": "healthy", "service": app.service}


async def detailed(app: Probed) -> Answer:
    """The process and what it depends on: `degraded`, still 200, when the database does not answer within 1.5 s."""
    error = await database_problem(app)
    size, free = app.database.usage()
    state = {"healthy": error is None, "pool_size": size, "pool_free": free, "error": error and str(error)}
    if error is not None:
        state.update(pool_size=0, pool_free=0)
    status = "healthy" if error is None else "degraded"
    return 200, {"status": status, "service": app.service, "dependencies": {"database": state}}


async def ready(app: Probed) -> Answer:
    """Whether requests can be served: 200, or 503 with a reason: the database, what is wrong with the settings, or
    what a login has found wrong with Auth.

    The settings are looked at once a minute; the log says which variable it is, and what to do.
    """
    error = await database_problem(app)
    if error is not None:
        is_full = isinstance(error, ApiError) and error.code == "DATABASE_BUSY"
        return 503, {"ready": False, "reason": "No free connection" if is_full else "Database unhealthy"}
    if reasons := await app.readiness.reasons(PING_SECONDS):
        return 503, {"ready": False, "reason": "; ".join(reasons)}
    return 200, {"ready": True} | ({"warnings": app.readiness.warnings} if app.readiness.warnings else {})


async def live(app: Probed) -> Answer:
    """Whether the process runs; nothing else is looked at."""
    return 200, {"alive": True}


PROBES: dict[str, Probe] = {
    "/health": health,
    "/health/detailed": detailed,
    "/health/ready": ready,
    "/health/live": live,
}


async def database_problem(app: Probed) -> ApiError | ConfigurationError | None:
    """Why the database does not answer within 1.5 s; None when it does."""
    try:
        await app.database.ping(PING_SECONDS)
    except (ApiError, ConfigurationError) as error:
        return error
    return None
