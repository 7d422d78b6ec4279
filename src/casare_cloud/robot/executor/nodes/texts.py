"""Text: joined, split, searched, replaced, formatted, converted."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from casare_cloud.robot.executor.context import NodeRun, to_number
from casare_cloud.robot.executor.declarations import (
    anything,
    choice,
    flag,
    integer,
    listing,
    mapping,
    text,
)
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.expressions import is_true
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import MISSING, as_text, follow, is_template, split_path

if TYPE_CHECKING:
    import regex

MAX_TEXT = 10_000_000
REGEX_SECONDS = 5.0
_FIELD = re.compile(r"\{\{([^{}]{1,500})\}\}|\{\{|\}\}|\{([^{}:!]+)(?::([^{}]{0,20}))?\}")
_WIDE = re.compile(r"\d{5}")


TEXT = text("text")
PATTERN_FLAGS = (flag("ignore_case"), flag("multiline"), flag("dotall"))


@node(
    "ConcatenateNode",
    takes=(text("string_1", "string1"), text("string_2", "string2"), text("separator")),
    gives=("result",),
)
def concatenate(run: NodeRun) -> Mapping[str, Any]:
    """Both texts as one."""
    parts = [run.text("string_1"), run.text("string_2")]
    return {"result": joined(run.text("separator"), parts)}


@node("FormatStringNode", takes=(text("template"), mapping("variables")), gives=("result",))
def format_string(run: NodeRun) -> Mapping[str, Any]:
    """Replaces `{name}` and `{name:.2f}` by the values of `variables`; a name that is not there is an error.

    Templates beside them are replaced in the same pass: what they bring is text, whatever braces it holds. A template
    that is all there is names the text to format.
    """
    values, written = run.mapping("variables"), run.node.config.get("template")
    is_written = isinstance(written, str) and not run.is_connected("template") and not is_template(written)

    def field(match: re.Match[str]) -> str:
        if match[1] is not None:
            value = run.render(match[0]) if is_written else match[0]
            return match[0][1:-1] if value == match[0] else as_text(value)
        if match[2] is None:
            return match[0][0]
        found = follow(values, split_path(match[2].strip()) or [""])
        if found is MISSING:
            raise NodeInputError(f"the template names {match[2]}, which is not among the variables")
        if match[3] and _WIDE.search(match[3]):
            raise NodeInputError(f"the template asks for {match[3]}; a width has at most four digits")
        return format(found, match[3]) if match[3] else as_text(found)

    return {"result": _limited(_FIELD.sub(field, str(written) if is_written else run.text("template")))}


@node(
    "TextTrimNode",
    takes=(TEXT, choice("mode", "both", "left", "right", default="both"), text("characters")),
    gives=("result",),
)
def trim(run: NodeRun) -> Mapping[str, Any]:
    """The text without blanks, or the given characters, at its ends."""
    text, characters = run.text("text"), run.text("characters") or None
    match run.choice("mode"):
        case "left":
            return {"result": text.lstrip(characters)}
        case "right":
            return {"result": text.rstrip(characters)}
        case _:
            return {"result": text.strip(characters)}


_CASES = {
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
    "capitalize": str.capitalize,
    "swapcase": str.swapcase,
}


@node("TextCaseNode", takes=(TEXT, choice("case", *_CASES, default="lower")), gives=("result",))
def change_case(run: NodeRun) -> Mapping[str, Any]:
    """The text in another case."""
    return {"result": _CASES[run.choice("case")](run.text("text"))}


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


_CASE_SENSITIVE = flag("case_sensitive", default=True)


@node("TextContainsNode", takes=(TEXT, text("search"), _CASE_SENSITIVE), gives=("contains", "position", "count"))
def contains(run: NodeRun) -> Mapping[str, Any]:
    """Whether, where and how often a text is in another."""
    text, search = _comparable(run, "text", "search")
    return {"contains": search in text, "position": text.find(search), "count": text.count(search) if search else 0}


@node("TextStartsWithNode", takes=(TEXT, text("prefix"), _CASE_SENSITIVE), gives=("result",))
def starts_with(run: NodeRun) -> Mapping[str, Any]:
    """Whether a text begins so."""
    text, prefix = _comparable(run, "text", "prefix")
    return {"result": text.startswith(prefix)}


@node("TextEndsWithNode", takes=(TEXT, text("suffix"), _CASE_SENSITIVE), gives=("result",))
def ends_with(run: NodeRun) -> Mapping[str, Any]:
    """Whether a text ends so."""
    text, suffix = _comparable(run, "text", "suffix")
    return {"result": text.endswith(suffix)}


@node(
    "TextSubstringNode",
    takes=(TEXT, integer("start", default=0), integer("end")),
    gives=("result", "length"),
)
def substring(run: NodeRun) -> Mapping[str, Any]:
    """The characters from `start` to before `end`."""
    text, end = run.text("text"), run.value("end")
    result = text[run.integer("start") : None if end in (None, "") else run.integer("end")]
    return {"result": result, "length": len(result)}


@node(
    "TextSplitNode",
    takes=(TEXT, text("separator", "delimiter"), integer("max_split", default=-1)),
    gives=("result", "parts", "count"),
)
def split(run: NodeRun) -> Mapping[str, Any]:
    """The parts of a text between separators, or between blanks."""
    separator = run.text("separator") or None
    parts = run.text("text").split(separator, run.integer("max_split"))
    return {"result": parts, "parts": parts, "count": len(parts)}


_LINE_SEPARATORS = {"newline": "\n", "crlf": "\r\n", "comma": ","}


@node(
    "TextLinesNode",
    takes=(
        TEXT,
        listing("lines"),
        choice("mode", "split", "join", default="split"),
        choice("line_separator", *_LINE_SEPARATORS, default="newline"),
        flag("remove_empty"),
    ),
    gives=("lines", "count", "text"),
)
def lines(run: NodeRun) -> Mapping[str, Any]:
    """Splits a text into its lines, or joins `lines` to a text with the line separator."""
    is_join = run.choice("mode") == "join"
    found = [as_text(line) for line in run.items("lines")] if is_join else run.text("text").splitlines()
    if run.flag("remove_empty"):
        found = [line for line in found if line.strip()]
    return {"lines": found, "count": len(found), "text": joined(_LINE_SEPARATORS[run.choice("line_separator")], found)}


@node(
    "TextCountNode",
    takes=(
        TEXT,
        text("search"),
        choice("mode", "characters", "words", "lines", default="characters"),
        flag("exclude_whitespace"),
    ),
    gives=("count",),
)
def count(run: NodeRun) -> Mapping[str, Any]:
    """Characters, words or lines, by `mode`; or how often `search` occurs."""
    text, search = run.text("text"), run.text("search")
    if search:
        return {"count": text.count(search)}
    match run.choice("mode"):
        case "words":
            return {"count": len(text.split())}
        case "lines":
            return {"count": len(text.splitlines())}
        case _:
            return {"count": len("".join(text.split()) if run.flag("exclude_whitespace") else text)}


@node("TextReverseNode", takes=(TEXT,), gives=("result",))
def reverse(run: NodeRun) -> Mapping[str, Any]:
    """The text from its last character to its first."""
    return {"result": run.text("text")[::-1]}


@node(
    "TextPadNode",
    takes=(
        TEXT,
        integer("length", "width", default=0),
        text("fill_char", "pad_char", default=" "),
        choice("mode", "left", "right", "center", "both", default="left", also=("side",)),
    ),
    gives=("result",),
)
def pad(run: NodeRun) -> Mapping[str, Any]:
    """The text at a length, filled up on the side that `mode` says."""
    text, width = run.text("text"), run.integer("length")
    if width > MAX_TEXT:
        raise NodeInputError(f"the text would be longer than {MAX_TEXT:,} characters")
    fill = (run.text("fill_char") or " ")[0]
    match run.choice("mode"):
        case "right":
            return {"result": text.ljust(width, fill)}
        case "center" | "both":
            return {"result": text.center(width, fill)}
        case _:
            return {"result": text.rjust(width, fill)}


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


VALUE = anything("value", "input")


@node("ToStringNode", takes=(VALUE,), gives=("result",))
def to_string(run: NodeRun) -> Mapping[str, Any]:
    """The value as text."""
    return {"result": run.text("value")}


@node("ToIntNode", "ToIntegerNode", takes=(VALUE,), gives=("result",), needs=("value",))
def to_int(run: NodeRun) -> Mapping[str, Any]:
    """The value as a whole number."""
    return {"result": int(to_number(run.value("value"), "value"))}


@node("ToFloatNode", takes=(VALUE,), gives=("result",), needs=("value",))
def to_float(run: NodeRun) -> Mapping[str, Any]:
    """The value as a number."""
    return {"result": float(to_number(run.value("value"), "value"))}


@node("ToBoolNode", "ToBooleanNode", takes=(VALUE,), gives=("result",))
def to_bool(run: NodeRun) -> Mapping[str, Any]:
    """The value as true or false."""
    return {"result": is_true(run.value("value"))}


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
    return _limited(result), count


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

    control = run.run.control
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


def _comparable(run: NodeRun, *names: str) -> tuple[str, str]:
    text, other = (run.text(name) for name in names)
    return (text, other) if run.flag("case_sensitive", default=True) else (text.lower(), other.lower())


def joined(separator: str, parts: Sequence[str]) -> str:
    """The parts as one text, not made at all when it would be too long."""
    length = sum(map(len, parts)) + len(separator) * (len(parts) - 1)
    if length > MAX_TEXT:
        raise NodeInputError(f"the text would be longer than {MAX_TEXT:,} characters")
    return separator.join(parts)


def _limited(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise NodeInputError(f"the text would be longer than {MAX_TEXT:,} characters")
    return text
