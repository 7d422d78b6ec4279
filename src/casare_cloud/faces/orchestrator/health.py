"""Health of the orchestrator (document 000, "Health Endpoints"): at the root and under `/api/v1`, open to anybody.

Plain functions to (status, body), so that a cold process answers before the web framework is imported; and before the
database driver is, which is why they get a way to the database and not the database.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from casare_cloud.config import ConfigurationError
from casare_cloud.errors import ApiError
from casare_cloud.preflight.readiness import Readiness

if TYPE_CHECKING:
    from casare_cloud.database import Database

SERVICE = "casare-rpa-monitoring"  # the name that document 000 publishes
PING_SECONDS = 1.5

Answer = tuple[int, dict[str, Any]]
GetDatabase = Callable[[], "Database"]
Probe = Callable[[GetDatabase, Readiness], Awaitable[Answer]]


async def health(database: GetDatabase, settings: Readiness) -> Answer:
    """The process answers; nothing else is looked at."""
    return 200, {"status": "healthy", "service": SERVICE}


async def detailed(database: GetDatabase, settings: Readiness) -> Answer:
    """The process and what it depends on: `degraded`, still 200, when the database does not answer within 1.5 s."""
    error = await _problem(database)
    size, free = database().usage()
    state = {"healthy": error is None, "pool_size": size, "pool_free": free, "error": error and str(error)}
    if error is not None:
        state.update(pool_size=0, pool_free=0)
    status = "healthy" if error is None else "degraded"
    return 200, {"status": status, "service": SERVICE, "dependencies": {"database": state}}


async def ready(database: GetDatabase, settings: Readiness) -> Answer:
    """Whether requests can be served: 200, or 503 with a reason: the database, what is wrong with the settings, or
    what a login has found wrong with Auth.

    The settings are looked at once a minute; the log says which variable it is, and what to do.
    """
    error = await _problem(database)
    if error is not None:
        is_full = isinstance(error, ApiError) and error.code == "DATABASE_BUSY"
        return 503, {"ready": False, "reason": "No free connection" if is_full else "Database unhealthy"}
    if reasons := await settings.reasons(PING_SECONDS):
        return 503, {"ready": False, "reason": "; ".join(reasons)}
    return 200, {"ready": True} | ({"warnings": settings.warnings} if settings.warnings else {})


async def live(database: GetDatabase, settings: Readiness) -> Answer:
    """Whether the process runs; nothing else is looked at."""
    return 200, {"alive": True}


PROBES: dict[str, Probe] = {
    "/health": health,
    "/health/detailed": detailed,
    "/health/ready": ready,
    "/health/live": live,
}


async def _problem(database: GetDatabase) -> ApiError | ConfigurationError | None:
    try:
        await database().ping(PING_SECONDS)
    except (ApiError, ConfigurationError) as error:
        return error
    return None
