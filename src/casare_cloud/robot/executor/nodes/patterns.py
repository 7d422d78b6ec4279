"""Patterns: what a regular expression finds in a text, and what is put in its place."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import flag, integer, text
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.nodes.texts import MAX_TEXT, TEXT, limited
from casare_cloud.robot.executor.registry import node

if TYPE_CHECKING:
    import regex

REGEX_SECONDS = 5.0
PATTERN_FLAGS = (flag("ignore_case"), flag("multiline"), flag("dotall"))


@node(
    "TextReplaceNode",
    takes=(
        TEXT,
        text("old_value", "old"),
        text("new_value", "new"),
        integer("count", default=-1),
        flag("use_regex"),
        *PATTERN_FLAGS,
    ),
    gives=("result", "replacements"),
)
def replace(run: NodeRun) -> Mapping[str, Any]:
    """Replaces a text or, with `use_regex`, what a regular expression finds; `count` times at most, -1 for all."""
    text, old, new, most = run.text("text"), run.text("old_value"), run.text("new_value"), run.integer("count")
    is_regex = run.flag("use_regex")
    if most == 0 or not old:
        return {"result": text, "replacements": 0}
    if is_regex or run.flag("ignore_case"):
        pattern = old if is_regex else re.escape(old)
        result, count = _replaced(run, pattern, new if is_regex else new.replace("\\", "\\\\"), text, max(most, 0))
        return {"result": result, "replacements": count}
    found = text.count(old)
    count = found if most < 0 else min(most, found)
    if len(text) + count * len(new) > MAX_TEXT:
        raise NodeInputError(f"the text would be longer than {MAX_TEXT:,} characters")
    return {"result": text.replace(old, new, most), "replacements": count}


@node(
    "RegexMatchNode",
    takes=(TEXT, text("pattern"), *PATTERN_FLAGS),
    gives=("match_found", "first_match", "all_matches", "groups", "match_count"),
)
def regex_match(run: NodeRun) -> Mapping[str, Any]:
    """What a regular expression finds; `groups` are those of the first match."""
    found = _found(run)
    return {
        "match_found": bool(found),
        "first_match": found[0][0] if found else "",
        "all_matches": [match[0] for match in found],
        "groups": list(found[0].groups()) if found else [],
        "match_count": len(found),
    }


@node(
    "RegexReplaceNode",
    takes=(TEXT, text("pattern"), text("replacement"), integer("max_count", default=0), *PATTERN_FLAGS),
    gives=("result", "count"),
)
def regex_replace(run: NodeRun) -> Mapping[str, Any]:
    """Replaces what a regular expression finds, `max_count` times at most, 0 for all."""
    result, number = _replaced(
        run, run.text("pattern"), run.text("replacement"), run.text("text"), run.integer("max_count")
    )
    return {"result": result, "count": number}


@node(
    "TextExtractNode",
    takes=(TEXT, text("pattern"), flag("all_matches"), *PATTERN_FLAGS),
    gives=("match", "groups", "found"),
)
def extract(run: NodeRun) -> Mapping[str, Any]:
    """What a regular expression finds first and its groups; with `all_matches`, lists of all of them."""
    found = _found(run)
    every, groups = [match[0] for match in found], [list(match.groups()) for match in found]
    if run.flag("all_matches"):
        return {"match": every, "groups": groups, "found": bool(found)}
    return {"match": every[0] if every else "", "groups": groups[0] if groups else [], "found": bool(found)}


# `regex` and not `re`: a search of `re` cannot be ended, and stops every other thread of the robot until it is over.
# It is loaded when a pattern is used: what only looks at workflows does without.


def search(run: NodeRun, written: str, text: str) -> "regex.Match[str] | None":
    """What a regular expression finds first in a text, in the time that a search may take."""
    import regex

    with _bounded(run, written) as seconds:
        return regex.compile(written).search(text, concurrent=True, timeout=seconds)


def _found(run: NodeRun) -> "list[regex.Match[str]]":
    written = run.text("pattern")
    with _bounded(run, written) as seconds:
        return list(_pattern(run, written).finditer(run.text("text"), concurrent=True, timeout=seconds))


def _replaced(run: NodeRun, written: str, new: str, text: str, most: int = 0) -> tuple[str, int]:
    with _bounded(run, written) as seconds:
        result, count = _pattern(run, written).subn(new, text, most, concurrent=True, timeout=seconds)
    return limited(result), count


def _pattern(run: NodeRun, written: str) -> "regex.Pattern[str]":
    import regex

    flags = 0
    for name, bit in (("ignore_case", regex.IGNORECASE), ("multiline", regex.MULTILINE), ("dotall", regex.DOTALL)):
        if run.flag(name):
            flags |= bit
    return regex.compile(written, flags)


@contextmanager
def _bounded(run: NodeRun, written: str) -> Iterator[float]:
    """The seconds that a search may take; what goes wrong with it names the pattern."""
    import regex

    control = run.control
    seconds = min(REGEX_SECONDS, control.remaining_seconds)
    try:
        yield seconds
    except TimeoutError as error:
        if seconds < REGEX_SECONDS:
            control.sleep(control.remaining_seconds)  # the search's clock may be a little ahead of the job's
        control.check()
        raise NodeInputError(
            f"the regular expression {written!r} takes longer than {REGEX_SECONDS:g} seconds"
        ) from error
    except regex.error as error:
        raise NodeInputError(f"{written!r} is not a regular expression: {error}") from error
