"""Small facts about processes and ports of this machine."""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def free_port() -> int:
    """A port of 127.0.0.1 that is free now, and that no outgoing connection is given before somebody listens there."""
    while not port_is_free(port := 20_000 + secrets.randbelow(12_000)):
        pass
    return port


def port_is_free(port: int) -> bool:
    """Whether a server could listen on a port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def is_postgres_of(pid: int, data_dir: Path) -> bool:
    """Whether a process is the server of a data folder: a process id alone may have been given to another program."""
    try:
        words = os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        if Path("/proc/self").exists():
            return False
        command = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
        words = subprocess.run(command, text=True, capture_output=True, check=False).stdout
    return "postgres" in words and str(data_dir) in words


def server_of(data_dir: Path) -> int | None:
    """The process of the server that runs on a data folder; None when there is none."""
    try:
        first = (data_dir / "postmaster.pid").read_bytes().split(b"\n", 1)[0].strip()
    except FileNotFoundError:
        return None
    return int(first) if first.isdigit() and is_postgres_of(int(first), data_dir) else None


def end_server_of(data_dir: Path) -> None:
    """Deals with the lock of a server that was not stopped: ends the server if it lives, else removes the lock."""
    if (pid := server_of(data_dir)) is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        wait_until(lambda: not is_postgres_of(pid, data_dir), 15)
    if server_of(data_dir) is None:
        (data_dir / "postmaster.pid").unlink(missing_ok=True)


def kill_orphans_in(data_dir: Path) -> None:
    """Ends server processes that outlived their postmaster and still hold its memory (where /proc tells them)."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if Path(os.readlink(entry / "cwd")) == data_dir and (entry / "cmdline").read_bytes().startswith(
                b"postgres:"
            ):
                os.kill(int(entry.name), signal.SIGKILL)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Asks often, from every 2 to every 50 milliseconds, until the condition holds; False when the time is over."""
    deadline = time.monotonic() + seconds
    pause = 0.002
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    return True


def environment_for_postgres() -> dict[str, str]:
    """This environment without what would change where PostgreSQL's programs connect or how they speak."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**keep, "LC_ALL": "C", "HOME": "/"}
