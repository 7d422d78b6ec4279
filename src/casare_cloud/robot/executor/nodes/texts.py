"""Text: joined, split, looked into, formatted, converted."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

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

MAX_TEXT = 10_000_000
_FIELD = re.compile(r"\{\{([^{}]{1,500})\}\}|\{\{|\}\}|\{([^{}:!]+)(?::([^{}]{0,20}))?\}")
_WIDE = re.compile(r"\d{5}")

TEXT = text("text")


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

    return {"result": limited(_FIELD.sub(field, str(written) if is_written else run.text("template")))}


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


def _comparable(run: NodeRun, *names: str) -> tuple[str, str]:
    text, other = (run.text(name) for name in names)
    return (text, other) if run.flag("case_sensitive", default=True) else (text.lower(), other.lower())


def joined(separator: str, parts: Sequence[str]) -> str:
    """The parts as one text, not made at all when it would be too long."""
    length = sum(map(len, parts)) + len(separator) * (len(parts) - 1)
    if length > MAX_TEXT:
        raise NodeInputError(f"the text would be longer than {MAX_TEXT:,} characters")
    return separator.join(parts)


def limited(text: str) -> str:
    """The text, refused when it is too long."""
    if len(text) > MAX_TEXT:
        raise NodeInputError(f"the text would be longer than {MAX_TEXT:,} characters")
    return text
