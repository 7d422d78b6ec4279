"""Forms of answers: which keys there must be, and of which JSON type each value is."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

ANY_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? ", re.MULTILINE)


def differences(form: Any, actual: Any, words: tuple[str, ...] = (), path: str = "answer") -> Iterator[str]:
    """What is missing from `actual`, or has another type than in `form`; more is never a fault.

    The values of the keys in `words` must be the same too. A null in the form stands for anything.
    """
    if form is None:
        return
    if kind_of(form) != kind_of(actual):
        yield f"{path} is {actual!r}, not a {kind_of(form)}"
    elif isinstance(form, dict):
        for name, part in form.items():
            if name not in actual:
                yield f"{path}.{name} is missing"
                continue
            yield from differences(part, actual[name], words, f"{path}.{name}")
            is_word = name in words and "hostname" not in form
            if is_word and ANY_ID.sub("<id>", part) != ANY_ID.sub("<id>", str(actual[name])):
                yield f"{path}.{name} is {actual[name]!r}, not {part!r}"
    elif isinstance(form, list):
        if form and not actual:
            yield f"{path} is empty"
        for number, item in enumerate(actual if form else ()):
            yield from differences(form[0], item, words, f"{path}[{number}]")
    elif isinstance(form, str) and TIME.fullmatch(form):
        if not TIME.fullmatch(actual):
            yield f"{path} is {actual!r}, not a time in UTC"
    elif form == "uuid":
        uuid.UUID(actual)


def kind_of(value: Any) -> str:
    """The JSON type of a value."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if is_number else type(value).__name__


def samples(text: str) -> dict[str, frozenset[str]]:
    """Each figure in an exposition of Prometheus, with the names of its labels."""
    return {name: frozenset(re.findall(r"(\w+)=", labels)) for name, labels in SAMPLE.findall(text)}
