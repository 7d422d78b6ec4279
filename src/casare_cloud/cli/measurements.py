"""Draws what a robot measured of its machine: a line a figure, as long as a terminal is wide."""

from collections.abc import Sequence
from typing import Any

from casare_cloud.cli.output import print_table

FIGURES = {
    "cpu_percent": "processor %",
    "memory_percent": "memory %",
    "memory_mb": "memory MB",
    "disk_percent": "disk %",
}
_BLOCKS = "▁▂▃▄▅▆▇█"
_GAP = "·"
_CELLS = 48


def print_measurements(answer: dict[str, Any]) -> None:
    """Print each figure that heartbeats said: its course, its last value, its average and its highest."""
    points = answer["points"]
    rows = []
    for name, words in FIGURES.items():
        values = [point[name] for point in points]
        said = [value for value in values if value is not None]
        highest = max((point[f"{name}_max"] for point in points if point[f"{name}_max"] is not None), default=None)
        average = round(sum(said) / len(said), 1) if said else None
        top = 100 if name.endswith("percent") else max(said, default=0)
        rows.append((words, draw(values, top), said[-1] if said else None, average, highest))
    print_table(("", f"from {answer['since']} to {answer['until']}", "last", "average", "highest"), rows)


def draw(values: Sequence[float | None], top: float) -> str:
    """Values as blocks of eight heights, several in one where there are too many; a dot where there is none."""
    size = -(-len(values) // _CELLS)
    cells = [[v for v in values[at : at + size] if v is not None] for at in range(0, len(values), size)]
    return "".join(_block(sum(cell) / len(cell), top) if cell else _GAP for cell in cells)


def _block(value: float, top: float) -> str:
    return _BLOCKS[min(int(value / top * len(_BLOCKS)), len(_BLOCKS) - 1)] if top else _BLOCKS[0]
