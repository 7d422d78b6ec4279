"""Text that no database keeps: NUL, and half of a pair of surrogates. JSON can say both, by `\\u0000` and `\\ud800`.

In requests of people and programs it is refused, with the place. In a robot's reports U+FFFD takes its place: a robot
must always be able to report a failure.
"""

import re
from typing import Any

RULE = "must not hold a NUL character or half a pair of surrogates"
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
_MAY_STAND_FOR_IT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def may_hold_unstorable(text: str) -> bool:
    """Whether a JSON text must be looked at closely: most say neither, and their values need no walk."""
    return _MAY_STAND_FOR_IT.search(text) is not None


def is_storable(value: Any) -> bool:
    """Whether a JSON value has no such text in it, keys included, however deep."""
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            if _NOT_STORABLE.search(item):
                return False
        elif isinstance(item, dict):
            left += (*item, *item.values())
        elif isinstance(item, list):
            left += item
    return True


def repaired(value: Any) -> Any:
    """The JSON value with U+FFFD for each such character."""
    if isinstance(value, str):
        return _NOT_STORABLE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {repaired(key): repaired(item) for key, item in value.items()}
    if isinstance(value, list):
        return [repaired(item) for item in value]
    return value


def place_of_unstorable(value: Any) -> str | None:
    """The first field of an object that holds such text or is named so; "": another value is it; None: nothing is."""
    if not isinstance(value, dict):
        return None if is_storable(value) else ""
    return next((repaired(name)[:64] for name, item in value.items() if not is_storable([name, item])), None)
