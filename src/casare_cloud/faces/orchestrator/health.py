"""Health of the orchestrator (document 000, "Health Endpoints"): at the root and under `/api/v1`, open to anybody.

Plain functions from `Database` to (status, body): they answer before the web framework is imported.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from casare_cloud.config import ConfigurationError
from casare_cloud.database import Database
from casare_cloud.errors import ApiError

SERVICE = "casare-rpa-monitoring"  # the name that document 000 publishes
PING_SECONDS = 1.5

Answer = tuple[int, dict[str, Any]]


async def health(database: Database) -> Answer:
    """The process answers."""
    return 200, {"status": "healthy", "service": SERVICE}


async def detailed(database: Database) -> Answer:
    """The process and what it depends on: `degraded`, still 200, when the database does not answer within 1.5 s."""
    error = await _database_error(database)
    size, free = database.usage()
    state = {"healthy": error is None, "pool_size": size, "pool_free": free, "error": error}
    if error is not None:
        state.update(pool_size=0, pool_free=0)
    status = "healthy" if error is None else "degraded"
    return 200, {"status": status, "service": SERVICE, "dependencies": {"database": state}}


async def ready(database: Database) -> Answer:
    """Whether requests can be served: 200, or 503 with a reason."""
    if await _database_error(database) is not None:
        return 503, {"ready": False, "reason": "Database unhealthy"}
    return 200, {"ready": True}


async def live(database: Database) -> Answer:
    """Whether the process runs."""
    return 200, {"alive": True}


PROBES: dict[str, Callable[[Database], Awaitable[Answer]]] = {
    "/health": health,
    "/health/detailed": detailed,
    "/health/ready": ready,
    "/health/live": live,
}


async def _database_error(database: Database) -> str | None:
    try:
        await database.ping(PING_SECONDS)
    except ApiError as error:
        return error.message
    except ConfigurationError as error:
        return str(error)
    return None
