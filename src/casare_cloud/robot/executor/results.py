"""The bound of a result's size: it is stored whole, or the job fails and names the largest part."""

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from casare_cloud.robot.executor.errors import ResultTooLarge

MAX_RESULT_BYTES = 10 * 2**20 - 1_024  # what the service takes, less the rest of the request

MAX_SHOWN_BYTES = 256 * 2**10  # of one step's input or output


def check_size(result: Mapping[str, Any]) -> None:
    """Raises `ResultTooLarge`, which names the largest part, when the result is larger than the service keeps."""
    total = 0
    largest = ("", 0)
    for name, value in _parts(result):
        size = size_of(value)
        total += size + len(name.encode()) + 4
        largest = max(largest, (name, size), key=lambda part: part[1])
        if total > MAX_RESULT_BYTES:  # what comes after it is not looked at: it may be as large again
            raise ResultTooLarge(
                f"the result is too large to keep: {largest[0]} alone has {largest[1]:,} bytes of JSON, and all of it "
                f"together may have {MAX_RESULT_BYTES:,}; set variables that nobody reads to null before the end"
            )


def largest_part(result: Mapping[str, Any]) -> str:
    """Which part of a result is the largest, and how large, in words."""
    size, name = max(((size_of(value), name) for name, value in _parts(result)), default=(0, "the result"))
    return f"{name} has {size:,} bytes of JSON"


def refuse_endless(value: Any, most: int = MAX_RESULT_BYTES) -> None:
    """Raises `ResultTooLarge` for a value that cannot be written out: its JSON is too long whatever its texts are.

    Lists that hold one another twice are small in memory, and each level doubles what is written.
    """
    try:
        size = _least_size(value, {})
    except RecursionError as error:
        raise ResultTooLarge("a value holds itself, or is nested too deeply") from error
    if size > most:
        raise ResultTooLarge(f"a value has more than {most:,} bytes of JSON when it is written out")


def _least_size(value: Any, known: dict[int, int]) -> int:
    """At least so many characters its JSON has; each list and map is looked at once."""
    if isinstance(value, str):
        return len(value)
    if not isinstance(value, dict | list | tuple | set):
        return 1
    size = known.get(id(value))
    if size is None:
        items = chain(value, value.values()) if isinstance(value, dict) else value
        size = known[id(value)] = 1 + sum(1 + _least_size(item, known) for item in items)
    return size


def shown(value: Any) -> Any:
    """The value as the record of a step has it: a large one is only described."""
    try:
        size = size_of(value)
    except (TypeError, ValueError, RecursionError):
        return None
    return value if size <= MAX_SHOWN_BYTES else f"left out: {size:,} bytes of JSON"


def size_of(value: Any) -> int:
    """Bytes of the value's JSON, as it is sent."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace"))


def _parts(result: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    variables = result.get("variables")
    if isinstance(variables, Mapping):
        yield from ((f"variable {name}", value) for name, value in variables.items())
    yield from ((name, value) for name, value in result.items() if name != "variables")
