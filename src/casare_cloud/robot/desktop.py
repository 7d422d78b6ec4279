"""The desktop session that a robot's program runs in, where the machine has one and says whether it is locked."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from getpass import getuser
from pathlib import Path
from typing import Any

_SECONDS = 2.0
_FRAME_BUFFER = Path("/sys/class/graphics/fb0/virtual_size")


def read_session(env: Mapping[str, str] = os.environ) -> dict[str, Any] | None:
    """`{user, interactive, locked, width, height}`; None: there is none, or nobody can say whether it is locked."""
    if sys.platform == "win32":
        return _windows_session()
    if not (env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")):
        return None
    is_locked = _is_locked(env.get("XDG_SESSION_ID"))
    if is_locked is None:
        return None
    return {"user": _user(), "interactive": True, "locked": is_locked, **_size()}


def _is_locked(session_id: str | None) -> bool | None:
    """Of a session that logind manages, as logind says; a display without one (Xvfb, say) has nothing that locks it."""
    if not session_id:
        return False
    if (loginctl := shutil.which("loginctl")) is None:
        return None
    try:
        answer = subprocess.run(
            [loginctl, "show-session", session_id, "--property=LockedHint", "--value"],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return {"yes": True, "no": False}.get(answer.stdout.strip())


def _user() -> str:
    with suppress(OSError, KeyError, ImportError):
        return getuser()[:256]
    return ""


def _size() -> dict[str, int]:
    with suppress(OSError, ValueError):
        width, height = _FRAME_BUFFER.read_text(encoding="ascii").split(",")
        return {"width": int(width), "height": int(height)}
    return {}


def _windows_session() -> dict[str, Any] | None:
    """A service (session 0) has no desktop; of a locked one the input desktop cannot be opened."""
    import ctypes

    windll = getattr(ctypes, "windll")  # noqa: B009 - only there on Windows
    number = ctypes.c_ulong()
    if not windll.kernel32.ProcessIdToSessionId(os.getpid(), ctypes.byref(number)) or number.value == 0:
        return None
    desktop = windll.user32.OpenInputDesktop(0, False, 0x0100)  # to switch to it
    if desktop:
        windll.user32.CloseDesktop(desktop)
    width, height = windll.user32.GetSystemMetrics(0), windll.user32.GetSystemMetrics(1)
    return {"user": _user(), "interactive": True, "locked": not desktop, "width": width, "height": height}
