"""Memory of the running stack, part by part: proportional set size, so that shared pages count once; and a restart."""

import json
from pathlib import Path

from bench.report import table
from bench.stack import BenchStack


def run(stack: BenchStack) -> None:
    """Each part with all its descendants; then how soon the stack is back after a stop."""
    parts = json.loads((stack.home / "stack.json").read_text())
    children = _children()
    rows: list[tuple[str, float]] = [("supervisor", _mebibytes(parts["pid"]))]
    for part in parts["parts"]:
        rows.append((part["name"], sum(_mebibytes(pid) for pid in _family(part["pid"], children))))
    rows.append(("all", sum(size for _, size in rows)))
    table("Memory of the stack", ("part", "MiB"), rows)
    table("Later start", ("what", "seconds"), [("`casare-cloud up` until everything is ready", stack.restart())])


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        found.setdefault(parent, []).append(int(stat.parent.name))
    return found


def _family(pid: int, children: dict[int, list[int]]) -> list[int]:
    return [pid] + [each for child in children.get(pid, []) for each in _family(child, children)]


def _mebibytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0
