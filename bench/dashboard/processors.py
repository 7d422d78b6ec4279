"""Which part of the whole used the machine's processors."""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.stack import BenchStack
from casare_cloud.local.state import StateFolder

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Processors:
    """What each part of the stack, the browser and the bench itself have used since this was made, in cores."""

    stack: BenchStack
    began: float = field(default_factory=time.monotonic)
    before: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.before = self._seconds()

    def used(self) -> dict[str, float]:
        """Cores, on average, of every part that did something."""
        took = time.monotonic() - self.began
        cores = {name: (seconds - self.before.get(name, 0.0)) / took for name, seconds in self._seconds().items()}
        return {name: value for name, value in cores.items() if value >= 0.01}

    def _seconds(self) -> dict[str, float]:
        parts = {part["pid"]: part["name"] for part in StateFolder(self.stack.home).read_info()["parts"]}
        roots = {**parts, os.getpid(): "the bench itself"}
        parents, seconds = {}, {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:  # it has ended
                continue
            parents[int(entry.name)] = int(fields[1])
            seconds[int(entry.name)] = (int(fields[11]) + int(fields[12])) / TICKS
        total: dict[str, float] = {}
        for pid, own in seconds.items():
            root = pid
            while root not in roots and root in parents:
                root = parents[root]
            if root in roots:
                name = "the browser" if root == os.getpid() and pid != root else roots[root]
                total[name] = total.get(name, 0.0) + own
        return total
