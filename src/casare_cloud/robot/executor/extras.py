"""What a robot can do only where an optional part of this package is installed: capabilities that it advertises."""

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

EXTRAS = {"browser": "playwright", "pdf": "pypdf"}
"""The capability, which is the name of the extra too, and the library that it brings."""

_OF_THE_SYSTEM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def is_installed(capability: str) -> bool:
    return find_spec(EXTRAS[capability]) is not None


def capabilities() -> list[str]:
    """What this installation can do besides what every robot can."""
    return [name for name in EXTRAS if is_installed(name) and (name != "browser" or _has_browser())]


def chromium_of_the_system() -> str | None:
    """The path of a Chromium that Playwright has not installed."""
    return next(filter(None, map(shutil.which, _OF_THE_SYSTEM)), None)


def _has_browser() -> bool:
    """Whether there is a browser to drive; Playwright's own are looked for where it puts them, without starting it."""
    if chromium_of_the_system():
        return True
    if (written := os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "")) == "0":
        spec = find_spec(EXTRAS["browser"])
        folder = Path(spec.origin if spec and spec.origin else "").parent / "driver" / "package" / ".local-browsers"
    elif written:
        folder = Path(written)
    elif sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "ms-playwright"
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Caches" / "ms-playwright"
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ms-playwright"
    return any(any(folder.glob(f"{kind}*-*")) for kind in ("chromium", "firefox", "webkit"))


def lacking(capability: str) -> str:
    """How to install what a node needs; empty when it is there, or nothing is needed."""
    if not capability or is_installed(capability):
        return ""
    return f"pip install 'casare-cloud[{capability}]'"
