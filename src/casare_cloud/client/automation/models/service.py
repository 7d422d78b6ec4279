"""The state of the service. Ids are UUIDs, times ISO 8601."""

from typing import NotRequired, TypedDict


class Alive(TypedDict):
    """The process runs."""

    alive: bool


class HealthInfo(TypedDict):
    """Which program answers."""

    app: str
    version: str
    status: str
    service: str


class Healthy(TypedDict):
    """The database answers."""

    database: str
    redis: str
    status: str


class Ready(TypedDict):
    """Requests can be served."""

    ready: bool
    warnings: NotRequired[list[str] | None]


class DatabaseHealth(TypedDict):
    """The database as this process sees it: both numbers are 0 when it does not answer."""

    healthy: bool
    pool_size: int
    pool_free: int
    error: str | None


class Dependencies(TypedDict):
    """What the process depends on."""

    database: DatabaseHealth


class ServiceHealth(TypedDict):
    """The process and what it depends on."""

    status: str
    service: str
    dependencies: Dependencies


class PythonFacts(TypedDict):
    """What the process runs on."""

    version: str
    platform: str


class Components(TypedDict):
    """The parts of the service; those that document 004 names and that are not needed here say so."""

    database: str
    redis: str
    api: str
    celery: str
    websocket: str


class ServiceStatus(TypedDict):
    """Since when the process runs, and what it depends on."""

    app: str
    version: str
    environment: str
    started_at: str
    uptime: str
    uptime_seconds: float
    python: PythonFacts
    components: Components
