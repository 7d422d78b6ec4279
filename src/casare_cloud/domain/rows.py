"""Rows of a page as the paged queries return them: each carries the total, and an empty page is one empty row."""

from collections.abc import Iterable, Mapping
from typing import Any

Row = Mapping[str, Any]


def split_page(rows: Iterable[Row], key: str) -> tuple[list[dict[str, Any]], int]:
    """(the rows without their total, the total). A row whose `key` is null stands for "none on this page"."""
    items: list[dict[str, Any]] = []
    total = 0
    for row in rows:
        item = dict(row)
        total = item.pop("total")
        if item[key] is not None:
            items.append(item)
    return items, total
