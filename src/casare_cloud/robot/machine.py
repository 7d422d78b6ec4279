"""What a robot can say of the machine it runs on, from the standard library and /proc alone."""

import os
import shutil
import socket
import time
from pathlib import Path
from typing import Any

from casare_cloud.robot.desktop import read_session


def hostname() -> str:
    """The machine's name, at most 256 characters."""
    return (socket.gethostname() or "unknown")[:256]


class MachineMetrics:
    """Reads CPU, memory and disk use; CPU is the mean since the reading before. What cannot be read is left out."""

    def __init__(self, work_dir: Path) -> None:
        self._work_dir = work_dir
        self._cpu_before = _cpu_times()
        self._own_before = (time.monotonic(), time.process_time())

    def read(self) -> dict[str, Any]:
        """The metrics of a heartbeat (document 002): `cpu_percent`, `memory_mb`, `memory_percent`, `disk_free_gb`.

        And `session`, where the machine has a desktop: see `desktop.read_session`.
        """
        metrics: dict[str, Any] = {"cpu_percent": self._cpu_percent()}
        session = read_session()
        if session is not None:
            metrics["session"] = session
        memory = _meminfo()
        if memory is not None:
            total_kb, available_kb = memory
            metrics["memory_mb"] = round((total_kb - available_kb) / 1024, 1)
            metrics["memory_percent"] = round(100 * (total_kb - available_kb) / total_kb, 1)
        try:
            disk = shutil.disk_usage(self._work_dir)
        except OSError:
            return metrics
        metrics["disk_free_gb"] = round(disk.free / 2**30, 1)
        metrics["disk_percent"] = round(100 * disk.used / disk.total, 1)
        return metrics

    def _cpu_percent(self) -> float:
        now = _cpu_times()
        if now is not None and self._cpu_before is not None:
            busy, total = now[0] - self._cpu_before[0], now[1] - self._cpu_before[1]
            self._cpu_before = now
            return round(100 * busy / total, 1) if total > 0 else 0.0
        wall, used = time.monotonic(), time.process_time()
        share = (used - self._own_before[1]) / max(wall - self._own_before[0], 1e-9)
        self._own_before = (wall, used)
        return round(100 * share / (os.cpu_count() or 1), 1)


def _cpu_times() -> tuple[int, int] | None:
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
        ticks = [int(word) for word in first.split()[1:9]]
    except (OSError, ValueError):
        return None
    total = sum(ticks)
    return total - ticks[3] - ticks[4], total  # idle and iowait are not busy


def _meminfo() -> tuple[int, int] | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        figures = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if rest}
        return figures["MemTotal"], figures["MemAvailable"]
    except (OSError, ValueError, KeyError, IndexError):
        return None
