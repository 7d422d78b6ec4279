"""Text: joined, split, searched, replaced, formatted, converted."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import regex

from casare_cloud.robot.executor.context import NodeRun, to_number
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.expressions import is_true
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import MISSING, as_text, follow, is_template, split_path

MAX_TEXT = 10_000_000
REGEX_SECONDS = 5.0
_FIELD = re.compile(r"\{\{([^{}]{1,500})\}\}|\{\{|\}\}|\{([^{}:!]+)(?::([^{}]{0,20}))?\}")
_WIDE = re.compile(r"\d{5}")


@node("ConcatenateNode")
def concatenate(run: NodeRun) -> Mapping[str, Any]:
    parts = [run.text("string_1", "string1"), run.text("string_2", "string2")]
    return {"result": joined(run.text("separator"), parts)}


@node("FormatStringNode")
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


@node("TextTrimNode")
def trim(run: NodeRun) -> Mapping[str, Any]:
    text, characters = run.text("text"), run.text("characters") or None
    match run.text("mode", default="both"):
        case "left":
            return {"result": text.lstrip(characters)}
        case "right":
            return {"result": text.rstrip(characters)}
        case _:
            return {"result": text.strip(characters)}


@node("TextCaseNode")
def change_case(run: NodeRun) -> Mapping[str, Any]:
    text, wanted = run.text("text"), run.text("case", default="lower").lower()
    changes = {
        "lower": text.lower,
        "upper": text.upper,
        "title": text.title,
        "capitalize": text.capitalize,
        "swapcase": text.swapcase,
    }
    if wanted not in changes:
        raise NodeInputError(f"{wanted} is no case; use one of {', '.join(changes)}")
    return {"result": changes[wanted]()}


@node("TextReplaceNode")
def replace(run: NodeRun) -> Mapping[str, Any]:
    text, old, new = run.text("text"), run.text("old_value", "old"), run.text("new_value", "new")
    if run.flag("use_regex"):
        result, count = _replaced(run, old, new, text)
        return {"result": result, "replacements": count}
    count = text.count(old) if old else 0
    if len(text) + count * len(new) > MAX_TEXT:
        raise NodeInputError(f"the text would be longer than {MAX_TEXT:,} characters")
    return {"result": text.replace(old, new) if old else text, "replacements": count}


@node("TextContainsNode")
def contains(run: NodeRun) -> Mapping[str, Any]:
    text, search = _comparable(run, "text", "search")
    return {"contains": search in text, "position": text.find(search), "count": text.count(search) if search else 0}


@node("TextStartsWithNode")
def starts_with(run: NodeRun) -> Mapping[str, Any]:
    text, prefix = _comparable(run, "text", "prefix")
    return {"result": text.startswith(prefix)}


@node("TextEndsWithNode")
def ends_with(run: NodeRun) -> Mapping[str, Any]:
    text, suffix = _comparable(run, "text", "suffix")
    return {"result": text.endswith(suffix)}


@node("TextSubstringNode")
def substring(run: NodeRun) -> Mapping[str, Any]:
    text, end = run.text("text"), run.value("end")
    result = text[run.integer("start", default=0) : None if end in (None, "") else run.integer("end")]
    return {"result": result, "length": len(result)}


@node("TextSplitNode")
def split(run: NodeRun) -> Mapping[str, Any]:
    separator = run.text("separator", "delimiter") or None
    parts = run.text("text").split(separator, run.integer("max_split", default=-1))
    return {"result": parts, "parts": parts, "count": len(parts)}


@node("TextLinesNode")
def lines(run: NodeRun) -> Mapping[str, Any]:
    found = run.text("text").splitlines()
    if run.flag("remove_empty"):
        found = [line for line in found if line.strip()]
    return {"lines": found, "count": len(found), "text": "\n".join(found)}


@node("TextCountNode")
def count(run: NodeRun) -> Mapping[str, Any]:
    """Characters, words or lines, by `mode`; or how often `search` occurs."""
    text, search = run.text("text"), run.text("search")
    if search:
        return {"count": text.count(search)}
    match run.text("mode", default="characters"):
        case "words":
            return {"count": len(text.split())}
        case "lines":
            return {"count": len(text.splitlines())}
        case _:
            return {"count": len("".join(text.split()) if run.flag("exclude_whitespace") else text)}


@node("TextReverseNode")
def reverse(run: NodeRun) -> Mapping[str, Any]:
    return {"result": run.text("text")[::-1]}


@node("TextPadNode")
def pad(run: NodeRun) -> Mapping[str, Any]:
    text, width = run.text("text"), min(run.integer("length", "width", default=0), MAX_TEXT)
    fill = (run.text("fill_char", "pad_char", default=" ") or " ")[0]
    match run.text("mode", "side", default="left"):
        case "right":
            return {"result": text.ljust(width, fill)}
        case "center" | "both":
            return {"result": text.center(width, fill)}
        case _:
            return {"result": text.rjust(width, fill)}


@node("RegexMatchNode")
def regex_match(run: NodeRun) -> Mapping[str, Any]:
    found = _found(run)
    return {
        "match_found": bool(found),
        "first_match": found[0][0] if found else "",
        "all_matches": [match[0] for match in found],
        "groups": list(found[0].groups()) if found else [],
        "match_count": len(found),
    }


@node("RegexReplaceNode")
def regex_replace(run: NodeRun) -> Mapping[str, Any]:
    result, number = _replaced(
        run, run.text("pattern"), run.text("replacement"), run.text("text"), run.integer("max_count", default=0)
    )
    return {"result": result, "count": number}


@node("TextExtractNode")
def extract(run: NodeRun) -> Mapping[str, Any]:
    found = _found(run)
    every = [match[0] for match in found]
    one = every if run.flag("all_matches") else (every[0] if every else "")
    return {"match": one, "groups": list(found[0].groups()) if found else [], "found": bool(found)}


@node("ToStringNode")
def to_string(run: NodeRun) -> Mapping[str, Any]:
    return {"result": run.text("value", "input")}


@node("ToIntNode", "ToIntegerNode")
def to_int(run: NodeRun) -> Mapping[str, Any]:
    return {"result": int(to_number(run.value("value", "input"), "value"))}


@node("ToFloatNode")
def to_float(run: NodeRun) -> Mapping[str, Any]:
    return {"result": float(to_number(run.value("value", "input"), "value"))}


@node("ToBoolNode", "ToBooleanNode")
def to_bool(run: NodeRun) -> Mapping[str, Any]:
    return {"result": is_true(run.value("value", "input"))}


# `regex` and not `re`: a search of `re` cannot be ended, and stops every other thread of the robot until it is over.


def _found(run: NodeRun) -> list[regex.Match[str]]:
    written = run.text("pattern")
    with _bounded(run, written) as seconds:
        return list(_pattern(run, written).finditer(run.text("text"), concurrent=True, timeout=seconds))


def _replaced(run: NodeRun, written: str, new: str, text: str, most: int = 0) -> tuple[str, int]:
    with _bounded(run, written) as seconds:
        result, count = _pattern(run, written).subn(new, text, most, concurrent=True, timeout=seconds)
    return _limited(result), count


def _pattern(run: NodeRun, written: str) -> regex.Pattern[str]:
    flags = 0
    for name, flag in (("ignore_case", regex.IGNORECASE), ("multiline", regex.MULTILINE), ("dotall", regex.DOTALL)):
        if run.flag(name):
            flags |= flag
    return regex.compile(written, flags)


@contextmanager
def _bounded(run: NodeRun, written: str) -> Iterator[float]:
    """The seconds that a search may take; what goes wrong with it names the pattern."""
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
