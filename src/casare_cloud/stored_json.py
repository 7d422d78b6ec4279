"""JSON as the database gives it back, fit for an answer whatever was stored: an answer that cannot be written is a 500.

New values are not as deep (`private.is_deep_json`); values that were stored before that rule, or past it, may be.
"""

import json
from typing import Any

from pydantic_core import from_json

LEVELS = 200  # that from_json reads; pydantic writes 255, and an answer has some of its own around the value

_CONTAINERS = (dict, list)


def loads(text: str | bytes) -> Any:
    """The value. What lies deeper than `LEVELS` is left out, and a number of more digits than Python reads is null."""
    try:
        return from_json(text)
    except ValueError:
        return _read_what_can_be_read(text)


def _read_what_can_be_read(text: str | bytes) -> Any:
    try:
        value = json.loads(text, parse_int=_read_integer)
    except RecursionError:
        return {}
    layer = [value] if isinstance(value, _CONTAINERS) else []
    for _ in range(LEVELS):
        children = (child for item in layer for child in (item.values() if isinstance(item, dict) else item))
        layer = [child for child in children if isinstance(child, _CONTAINERS)]
    for item in layer:
        item.clear()
    return value


def _read_integer(digits: str) -> int | None:
    try:
        return int(digits)
    except ValueError:
        return None
