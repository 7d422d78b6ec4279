"""The probes of document 004 beside those of every face: light, so that a cold process answers at once."""

import platform
import time
from datetime import UTC, datetime

from casare_cloud import __version__
from casare_cloud.faces.kit.health import PROBES as KIT_PROBES
from casare_cloud.faces.kit.health import Answer, Probe, Probed, database_problem

APP = "RPA Automation Engine"
NO_REDIS = "not used"  # Postgres is queue and scheduler, Realtime the push

_began_at, _began = time.monotonic(), datetime.now(UTC)


async def info(app: Probed) -> Answer:
    """Which program answers, in which version; nothing else is looked at."""
    return 200, {"app": APP, "version": __version__, "status": "ok", "service": app.service}


async def check(app: Probed) -> Answer:
    """Whether the database answers within 1.5 s: 200 healthy, or 503 with `detail`. There is no Redis here."""
    is_healthy = await database_problem(app) is None
    status, checks = _word(is_healthy), {"database": "ok" if is_healthy else "unavailable", "redis": NO_REDIS}
    if is_healthy:
        return 200, {"status": status, **checks}
    return 503, {"detail": {"status": status, "checks": checks}}


async def status(app: Probed) -> Answer:
    """Since when this process runs, and what it depends on; 200 whatever the database does."""
    seconds = time.monotonic() - _began_at
    minutes, rest = divmod(int(seconds), 60)
    is_healthy = await database_problem(app) is None
    return 200, {
        "app": APP,
        "version": __version__,
        "environment": "development" if app.settings.is_local else "production",
        "started_at": _began.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "uptime": f"{minutes // 60}h {minutes % 60}m {rest}s",
        "uptime_seconds": round(seconds, 1),
        "python": {"version": platform.python_version(), "platform": platform.system()},
        "components": {
            "api": "running",
            "database": "ok" if is_healthy else "unavailable",
            "redis": NO_REDIS,
            "celery": NO_REDIS,
            "websocket": "Supabase Realtime",
        },
    }


def _word(is_healthy: bool) -> str:
    return "healthy" if is_healthy else "unhealthy"


PROBES: dict[str, Probe] = {**KIT_PROBES, "/health": info, "/health/health": check, "/health/status": status}
