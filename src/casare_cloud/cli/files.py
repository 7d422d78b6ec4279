"""What people give as `@file`, as a file, as `-` or as `key=value`."""

import json
import sys
from pathlib import Path
from typing import Any

from casare_cloud.cli.output import fail

STANDARD_INPUT = "-"


def read_text(file: str) -> str:
    """The text of a file, or of standard input for `-`; ends the command when it cannot be read."""
    try:
        return sys.stdin.read() if file == STANDARD_INPUT else Path(file).read_text(encoding="utf-8-sig")
    except OSError as problem:
        fail(f"{file} cannot be read: {problem.strerror}.", 2)
    except UnicodeError:
        fail(f"{file} is not UTF-8.", 2)


def read_object(file: str) -> dict[str, Any]:
    """The JSON object in a file or, for `-`, in standard input; ends the command when there is none."""
    try:
        value = json.loads(read_text(file))
    except (ValueError, RecursionError) as problem:
        fail(f"{file} is not JSON: {problem}", 2)
    if not isinstance(value, dict):
        fail(f"{file} must hold a JSON object.", 2)
    return value


def read_input(given: list[str] | None) -> dict[str, Any]:
    """A job's input of all `--input`: `key=value`, `@file` or `-`, later ones over earlier ones.

    A value that is JSON (`3`, `true`, `["a"]`) is what it says, any other is text; `'key="3"'` is the text 3.
    """
    made: dict[str, Any] = {}
    for each in given or ():
        if each == STANDARD_INPUT or each.startswith("@"):
            made |= read_object(each.removeprefix("@") if each != STANDARD_INPUT else each)
            continue
        key, equals, value = each.partition("=")
        if not equals or not key:
            fail(f"--input {each}: must be key=value, @file, or - for standard input.", 2)
        made[key] = _value_of(value)
    return made


def _value_of(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
