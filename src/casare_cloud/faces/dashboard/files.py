"""The files of the dashboard: read and compressed once, and served under a name that changes when one of them does."""

import gzip
import hashlib
import html
import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from casare_cloud.config import Settings

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".toml": "text/plain; charset=utf-8",
}


@dataclass(frozen=True)
class File:
    """One file: its type and its bytes, plain and compressed."""

    content_type: str
    content: bytes

    @cached_property
    def compressed(self) -> bytes:
        """The bytes, gzipped."""
        return gzip.compress(self.content, 9, mtime=0)

    @cached_property
    def etag(self) -> str:
        """Names the content."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:20]}"'


class Files:
    """What the page is made of. `version` names all of it; the page asks for `version/path`, which never changes."""

    def __init__(self, settings: Settings) -> None:
        paths = sorted(path for path in STATIC.rglob("*") if path.suffix in TYPES)
        self.by_path = {str(path.relative_to(STATIC)): File(TYPES[path.suffix], _served(path)) for path in paths}
        digest = hashlib.sha256()
        for name, file in self.by_path.items():
            digest.update(f"{name}\0{len(file.content)}\0".encode() + file.content)
        self.version = digest.hexdigest()[:12]
        self.policy = _policy(settings)
        self.page = self._page(settings)

    def _page(self, settings: Settings) -> File:
        """`index.html`, with where the API is and which version of the files is to be loaded."""
        config = {
            "orchestrator": settings.orchestrator_url,
            "supabase": settings.supabase_url,
            "key": settings.supabase_publishable_key,
        }
        template = self.by_path.pop("index.html")
        text = template.content.decode()
        text = text.replace("{version}", self.version).replace("{config}", html.escape(json.dumps(config)))
        return File(template.content_type, text.encode())


def _served(path: Path) -> bytes:
    """A file as browsers get it: lines that are nothing but a comment are empty, and the others keep their numbers."""
    content = path.read_bytes()
    if path.suffix not in (".js", ".css") or path.parent.name == "vendor":
        return content
    return re.sub(rb"(?m)^ *(//.*|/\*.*\*/)$", b"", content)


def _policy(settings: Settings) -> str:
    """The page's Content-Security-Policy: nothing but its own files, and no connection but to the API and Realtime."""
    supabase = _origin(settings.supabase_url)
    reached = ["'self'", _origin(settings.orchestrator_url), supabase, supabase.replace("http", "ws", 1)]
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            f"connect-src {' '.join(filter(None, reached))}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
