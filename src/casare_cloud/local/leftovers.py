"""What a stack that was killed left running, and its end: nothing is taken for the stack's that is not surely its own.

PostgreSQL is known by its data folder. Every other process of a stack carries the mark of the stack's folder in its
environment, which its own children inherit; no other account's processes are looked at.
"""

import os
import select
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from casare_cloud.local.pg_binaries import end_leftover_server, leftover_server
from casare_cloud.local.state import STACK_MARK, StateFolder

_PATIENCE_SECONDS = 10.0
_NAMES = {
    "casare_cloud.local.platform": "platform",
    "casare_cloud.local.one_port": "function",
    "functions_framework": "function",
    "gateway/main.py": "gateway",
    "robot\0run": "robot",
    "serve": "auth",
}


@dataclass(frozen=True)
class Leftovers:
    """Process ids; those of `processes` with what each is."""

    postgres: int | None = None
    processes: dict[int, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.postgres is not None or bool(self.processes)

    def as_json(self) -> dict[str, object]:
        """For `casare-cloud status -o json`; empty when nothing is left."""
        named = {"leftover_postgres": self.postgres, "leftover_processes": self.processes}
        return {name: value for name, value in named.items() if value}

    def __str__(self) -> str:
        named = {} if self.postgres is None else {self.postgres: "PostgreSQL"}
        return ", ".join(f"{name} (process {pid})" for pid, name in {**named, **self.processes}.items())


def find_leftovers(state: StateFolder) -> Leftovers:
    """What still runs of a stack that no longer does."""
    if not state.path.exists():
        return Leftovers()
    return Leftovers(leftover_server(state.postgres_data), _marked(state.mark()))


def end_leftovers(state: StateFolder) -> Leftovers:
    """End it, and say what there was; first with SIGTERM, then without asking. The caller holds the lock."""
    found = find_leftovers(state)
    _end(list(found.processes), state.mark())
    end_leftover_server(state.postgres_data)
    return found


def _marked(mark: str) -> dict[int, str]:
    """The processes that began with the mark in their environment, where /proc tells."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        if pid != os.getpid() and _has_mark(pid, mark):
            words = ""
            with suppress(OSError):
                words = os.fsdecode((entry / "cmdline").read_bytes())
            found[pid] = next((name for sign, name in _NAMES.items() if sign in words), "a program of it")
    return found


def _has_mark(pid: int, mark: str) -> bool:
    try:
        return f"{STACK_MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _end(pids: list[int], mark: str) -> None:
    handles = []
    for pid in pids:
        with suppress(OSError):
            handle = os.pidfd_open(pid)  # from here on the id cannot become another process's
            handles.append(handle)
            if not _has_mark(pid, mark):
                os.close(handles.pop())
    deadline = monotonic() + _PATIENCE_SECONDS
    for number in (signal.SIGTERM, signal.SIGKILL):
        for handle in handles:
            with suppress(OSError):
                signal.pidfd_send_signal(handle, number)
        while handles and monotonic() < deadline:
            ended, _, _ = select.select(handles, [], [], max(0.0, deadline - monotonic()))
            for handle in ended:
                handles.remove(handle)
                os.close(handle)
        deadline = monotonic() + _PATIENCE_SECONDS
    for handle in handles:
        os.close(handle)
