"""The ASGI app of the dashboard: a page and its files, without a web framework and without a database."""

import re
from functools import cached_property
from typing import Any

from casare_cloud.config import Settings
from casare_cloud.errors import ApiError, NotFound
from casare_cloud.faces.dashboard.envelope import DashboardEnvelope
from casare_cloud.faces.dashboard.files import File, Files
from casare_cloud.faces.kit.edge import Edge, Receive, Scope, Send, send_json

_PROBES: dict[str, dict[str, Any]] = {
    "/health": {"status": "healthy", "service": "casare-rpa-dashboard"},
    "/health/live": {"alive": True},
    "/health/ready": {"ready": True},
}
_FOREVER = b"public, max-age=31536000, immutable"


class Dashboard(Edge):
    """`GET /dashboard/`, and the files under `/dashboard/{version}/`; both also without `/dashboard`, and probes."""

    envelope = DashboardEnvelope()

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.trusted_proxies)
        self._settings = settings

    @cached_property
    def files(self) -> Files:
        """The files, read on first use."""
        return Files(self._settings)

    def body_limit(self, path: str) -> int:
        """Nobody sends anything here."""
        return 0

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a probe or a browser."""
        path: str = scope["path"]
        if scope["method"] != "GET":
            raise ApiError(405, "METHOD_NOT_ALLOWED", "The dashboard takes GET", {"Allow": "GET, HEAD"})
        if path in _PROBES:
            await send_json(send, 200, _PROBES[path], {"Cache-Control": "no-store"})
        elif path == "/dashboard":  # so that what the page names without a slash lies below it
            headers = [(b"location", b"/dashboard/"), (b"content-length", b"0"), (b"cache-control", b"no-cache")]
            await send({"type": "http.response.start", "status": 308, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._serve_file(path.removeprefix("/dashboard").removeprefix("/"), scope, send)

    async def _serve_file(self, path: str, scope: Scope, send: Send) -> None:
        if path in ("", "index.html"):
            await _send_file(send, scope, self.files.page, b"no-cache", self.files.policy)
            return
        version, _, name = path.partition("/")
        file = self.files.by_path.get(name)
        if version != self.files.version or file is None:
            raise NotFound("NOT_FOUND", "There is no such file, or no longer: load the page again")
        await _send_file(send, scope, file, _FOREVER, self.files.policy)


async def _send_file(send: Send, scope: Scope, file: File, caching: bytes, policy: str) -> None:
    asked = {name: value.decode("latin-1") for name, value in scope["headers"]}
    headers = [
        (b"content-type", file.content_type.encode()),
        (b"etag", file.etag.encode()),
        (b"cache-control", caching),
        (b"vary", b"Accept-Encoding"),
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
    ]
    known = asked.get(b"if-none-match", "")
    status, content = 200, file.content
    if file.etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
        status, content = 304, b""
    elif re.search(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", asked.get(b"accept-encoding", "")):
        content = file.compressed
        headers.append((b"content-encoding", b"gzip"))
    if status == 200:
        headers.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def create_app(settings: Settings | None = None) -> Dashboard:
    """The dashboard as an ASGI app, from `settings` or from the environment."""
    return Dashboard(settings or Settings.from_environment())
