"""Which path is which socket. Every one is also there under /api/v1."""

import re
from collections.abc import Mapping

from casare_cloud.gateway.calls import Handler
from casare_cloud.gateway.dashboards.routes import SOCKETS as DASHBOARDS
from casare_cloud.gateway.robots.socket import serve_robot

# A path, with {names} for what lies between two slashes → who talks with whoever opens it. The first that fits serves.
SOCKETS: Mapping[str, Handler] = {
    "/": serve_robot,
    "/ws/robot": serve_robot,
    "/ws/robot/{robot_id}": serve_robot,
    **DASHBOARDS,
}

_BASE = "/api/v1"


def find(path: str) -> tuple[Handler, dict[str, str]] | None:
    """Who serves a path, and the names in it; None when nobody does."""
    path = path.removeprefix(_BASE) if path.startswith(f"{_BASE}/") else path
    path = path.rstrip("/") or "/"
    for pattern, handler in _PATTERNS:
        if found := pattern.fullmatch(path):
            return handler, found.groupdict()
    return None


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]{1,255})", path))


_PATTERNS = [(_pattern(path), handler) for path, handler in SOCKETS.items()]
