"""Templates: `{{variable}}`, `{{node.port}}`, `{{user.address.city}}`, `{{orders[0].id}}`, `{{$currentDate}}`.

A string that is one template takes the type of what it names; inside other text the value is written as text. What
names nothing stays as it was written, as the published product does.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.results import refuse_endless

MAX_TEXT = 10_000_000
# Each place of a text is looked at a bounded number of times, whatever gaps it has: a search stops the whole process.
TEMPLATE = re.compile(r"\{\{\s*+([^\s{}](?:[^{}]{0,498}[^\s{}])?)\s*+\}\}")
_SEGMENT = re.compile(r"\.?([^.\[\]]+)|\[\s*(?:(-?\d+)|\"([^\"]*)\"|'([^']*)')\s*\]")


class Missing:
    """What a path that names nothing resolves to."""


MISSING = Missing()

Lookup = Callable[[str], Any]
"""Finds the value of a path such as `user.name`; `MISSING` when there is none."""


def render(value: Any, lookup: Lookup) -> Any:
    """`value` with every template in it replaced, in lists and maps too. Shared values are not copied."""
    if isinstance(value, str):
        return render_text(value, lookup) if "{{" in value else value
    if isinstance(value, Mapping):
        return {
            render(key, lookup) if isinstance(key, str) else key: render(item, lookup) for key, item in value.items()
        }
    if isinstance(value, list):
        return [render(item, lookup) for item in value]
    return value


def render_text(text: str, lookup: Lookup) -> Any:
    """The value of a string with templates: typed when it is exactly one template, else text."""
    whole = TEMPLATE.fullmatch(text.strip())
    if whole:
        found = lookup(whole[1])
        return text if found is MISSING else found

    def replace(match: re.Match[str]) -> str:
        found = lookup(match[1])
        return match[0] if found is MISSING else as_text(found)

    rendered = TEMPLATE.sub(replace, text)
    if len(rendered) > MAX_TEXT:
        raise NodeInputError(f"a text would have {len(rendered):,} characters; at most {MAX_TEXT:,} are allowed")
    return rendered


def is_template(text: str) -> bool:
    """Whether the text is exactly one template: then it stands for a value of any type."""
    return TEMPLATE.fullmatch(text.strip()) is not None


def names_in(value: Any) -> Iterator[str]:
    """Every path that the templates in `value` name."""
    if isinstance(value, str):
        yield from (match[1] for match in TEMPLATE.finditer(value))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from names_in(key)
            yield from names_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from names_in(item)


def as_text(value: Any) -> str:
    """A value as it reads in text: JSON for lists and maps, nothing for None, `true`/`false` for booleans."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict | tuple):
        refuse_endless(value, 10 * MAX_TEXT)
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def split_path(path: str) -> list[str | int] | None:
    """`orders[0].id` as `["orders", 0, "id"]`; None when it is not a path."""
    segments: list[str | int] = []
    position = 0
    while position < len(path):
        match = _SEGMENT.match(path, position)
        if match is None or (not segments and match[1] is None):
            return None
        if match[2] is not None:
            segments.append(int(match[2]))
        else:
            segments.append(next(group for group in (match[1], match[3], match[4]) if group is not None).strip())
        position = match.end()
    return segments or None


def follow(value: Any, segments: list[str | int]) -> Any:
    """What lies at the end of the path, starting at `value`; `MISSING` when a step finds nothing."""
    for segment in segments:
        if isinstance(value, Mapping):
            key = segment if segment in value else str(segment)
            if key not in value:
                return MISSING
            value = value[key]
        elif isinstance(value, list | tuple):
            try:
                value = value[int(segment)]
            except (ValueError, IndexError):
                return MISSING
        else:
            return MISSING
    return value


def system_variable(name: str) -> Any:
    """`$currentDate`, `$currentTime`, `$currentDateTime`, `$timestamp`, computed when asked."""
    now = datetime.now()
    match name:
        case "$currentDate":
            return now.strftime("%Y-%m-%d")
        case "$currentTime":
            return now.strftime("%H:%M:%S")
        case "$currentDateTime":
            return now.isoformat(timespec="seconds")
        case "$timestamp":
            return int(now.timestamp())
        case _:
            return MISSING


def resolve(path: str, variables: Mapping[str, Any], outputs: Mapping[str, Mapping[str, Any]]) -> Any:
    """The value of a template's path: a variable first, then a node's output port; `MISSING` when neither is there."""
    if path in variables:
        return variables[path]
    if path.startswith("$"):
        return system_variable(path)
    segments = split_path(path)
    if segments is None:
        return MISSING
    first = str(segments[0])
    if first in variables:
        found = follow(variables[first], segments[1:])
        if found is not MISSING:
            return found
    if first in outputs and len(segments) > 1:
        return follow(outputs[first], segments[1:])
    return MISSING
