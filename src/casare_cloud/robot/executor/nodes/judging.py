"""Validation, transformation, comparison and similarity of values."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from difflib import SequenceMatcher
from typing import Any

from casare_cloud.robot.executor.context import NodeRun, to_dict, to_list, to_number
from casare_cloud.robot.executor.declarations import anything, choice, expression, flag, listing, number, text
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.expressions import is_true
from casare_cloud.robot.executor.nodes.basic import is_yes
from casare_cloud.robot.executor.nodes.dates import read_time
from casare_cloud.robot.executor.nodes.dicts import from_json
from casare_cloud.robot.executor.nodes.patterns import search
from casare_cloud.robot.executor.nodes.texts import joined
from casare_cloud.robot.executor.registry import Next, node
from casare_cloud.robot.executor.templates import as_text

MOST_COMPARED = 10_000  # characters: comparing two texts takes time with both lengths
_EMAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"
_URL = r"https?://[^\s/$.?#]\S*"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "not_empty": (lambda value: value not in (None, "", [], {}), "the value is empty"),
    "is_string": (lambda value: isinstance(value, str), "the value is no text"),
    "is_number": (_is_number, "the value is no number"),
    "is_integer": (
        lambda value: isinstance(value, int) and not isinstance(value, bool),
        "the value is no whole number",
    ),
    "is_boolean": (lambda value: isinstance(value, bool), "the value is neither true nor false"),
    "is_list": (lambda value: isinstance(value, list), "the value is no list"),
    "is_dict": (lambda value: isinstance(value, dict), "the value is no object"),
}
_PATTERNS = {"matches_regex": "", "is_email": _EMAIL, "is_url": _URL}
_BOUNDS = ("min_length", "max_length", "min_value", "max_value")


@node(
    "ValidateNode",
    takes=(
        anything("value"),
        choice("validation_type", *_KINDS, *_PATTERNS, *_BOUNDS, "in_list", "custom", default="not_empty"),
        anything("validation_param"),
        text("error_message", default="Validation failed"),
    ),
    gives=("is_valid", "error_message"),
    exits=("valid", "invalid"),
)
def validate(run: NodeRun) -> Next:
    """Leaves by `valid` or `invalid`; `error_message` says why. `custom` evaluates the parameter as a condition."""
    why = _find_fault(run, run.choice("validation_type"), run.value("value"), run.value("validation_param"))
    message = "" if not why else f"{run.text('error_message')}: {why}"
    return Next("invalid" if why else "valid", {"is_valid": not why, "error_message": message})


def _find_fault(run: NodeRun, kind: str, value: Any, parameter: Any) -> str:
    if kind in _KINDS:
        holds, why = _KINDS[kind]
        return "" if holds(value) else why
    if kind == "custom":
        return (
            "" if is_true(run.evaluate(as_text(run.raw("validation_param") or "False"))) else "the condition is false"
        )
    if kind in _PATTERNS:
        pattern = _PATTERNS[kind] + r"\Z" if _PATTERNS[kind] else as_text(parameter)
        if kind == "matches_regex" and not pattern:
            raise run.lacks("validation_param")
        found = search(run, pattern, value) if isinstance(value, str) else None
        return "" if found is not None and found.start() == 0 else f"the value does not match {kind}"
    if parameter is None:
        raise run.lacks("validation_param")
    if kind == "in_list":
        return "" if value in to_list(parameter, "validation_param") else "the value is not in the list"
    bound = to_number(parameter, "validation_param")
    if kind.endswith("length") and not hasattr(value, "__len__"):
        return "the value has no length"
    if kind.endswith("value") and not _is_number(value):
        return "the value is no number"
    size = len(value) if kind.endswith("length") else value
    is_kept = size >= bound if kind.startswith("min") else size <= bound
    return "" if is_kept else f"{size} is {'less' if kind.startswith('min') else 'more'} than {bound}"


def _items_at(value: Any, key: Any) -> list[Any]:
    return [item.get(key) if isinstance(item, dict) else item for item in to_list(value, "value")]


def _at_index(value: Any, parameter: Any) -> Any:
    index = int(to_number(0 if parameter in (None, "") else parameter, "param"))
    return value[index] if -len(value) <= index < len(value) else None


def _replaced(value: Any, parameter: Any) -> str:
    pair = to_dict(parameter, "param")
    return as_text(value).replace(as_text(pair.get("old", "")), as_text(pair.get("new", "")))


_TRANSFORMS: dict[str, Callable[[Any, Any], Any]] = {
    "to_string": lambda value, _: "" if value is None else as_text(value),
    "to_integer": lambda value, _: int(to_number(value, "value")),
    "to_float": lambda value, _: float(to_number(value, "value")),
    "to_boolean": lambda value, _: is_yes(value),
    "to_list": lambda value, _: list(value.items()) if isinstance(value, dict) else list(value)
    if isinstance(value, list | str) else [value],
    "to_json": lambda value, _: json.dumps(value, default=as_text),
    "from_json": lambda value, _: from_json(value) if isinstance(value, str) else value,
    "uppercase": lambda value, _: as_text(value).upper(),
    "lowercase": lambda value, _: as_text(value).lower(),
    "trim": lambda value, _: as_text(value).strip(),
    "split": lambda value, by: as_text(value).split(as_text(by or ",")),
    "join": lambda value, by: joined(as_text(by or ","), [as_text(item) for item in to_list(value, "value")]),
    "replace": _replaced,
    "get_key": lambda value, key: to_dict(value, "value").get(key),
    "get_index": _at_index,
    "map_values": lambda value, key: _items_at(value, key) if key else to_list(value, "value"),
    "filter_values": lambda value, _: [item for item in to_list(value, "value") if item not in (None, "")],
}  # fmt: skip


@node(
    "TransformNode",
    takes=(
        anything("value"),
        anything("param", "transform_param"),
        choice("transform_type", *_TRANSFORMS, "regex_extract", default="to_string"),
        text("variable_name", default="transformed"),
    ),
    gives=("result", "success", "error"),
)
def transform(run: NodeRun) -> Mapping[str, Any]:
    """The value in another form, which is also kept in the variable `variable_name`."""
    kind, value, parameter = run.choice("transform_type"), run.value("value"), run.value("param")
    if kind == "regex_extract":
        if not parameter:
            raise run.lacks("param")
        found = search(run, as_text(parameter), as_text(value))
        result = None if found is None else found[0]
    else:
        try:
            result = _TRANSFORMS[kind](value, parameter)
        except (TypeError, ValueError, OverflowError) as error:
            raise NodeInputError(f"the value of {run.node.id} cannot be transformed by {kind}: {error}") from error
    if name := run.text("variable_name"):
        run.run.variables[name] = result
    return {"result": result, "success": True, "error": ""}


@node(
    "DataCompareNode",
    takes=(
        listing("data_a"),
        listing("data_b"),
        text("key_columns"),
        flag("compare_all_columns", default=True),
        flag("case_sensitive", default=True),
    ),
    gives=("only_in_a", "only_in_b", "matched", "diff_summary", "has_differences"),
)
def compare_data(run: NodeRun) -> Mapping[str, Any]:
    """Rows of two tables, matched by `key_columns` (with commas between them), else by their places."""
    rows_a = [row for row in run.items("data_a") if isinstance(row, dict)]
    rows_b = [row for row in run.items("data_b") if isinstance(row, dict)]
    keys = [name.strip() for name in run.text("key_columns").split(",") if name.strip()]
    compares_all, is_exact = run.flag("compare_all_columns"), run.flag("case_sensitive")

    def plain(value: Any) -> Any:
        return value.lower() if isinstance(value, str) and not is_exact else value

    def key_of(place: int, row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(repr(plain(row.get(name))) for name in keys) if keys else (str(place),)

    waiting: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for place, row in enumerate(rows_b):
        waiting.setdefault(key_of(place, row), []).append(row)
    only_in_a, matched = [], []
    for place, row in enumerate(rows_a):
        others = waiting.get(key_of(place, row))
        if not others:
            only_in_a.append(row)
            continue
        other = others.pop(0)
        columns = list(dict.fromkeys([*row, *other])) if compares_all else keys
        different = [name for name in columns if plain(row.get(name)) != plain(other.get(name))]
        matched.append({
            "key": {name: row.get(name) for name in keys} if keys else {"index": place},
            "row_a": row,
            "row_b": other,
            "is_modified": different != [],
            "different_columns": different,
        })  # fmt: skip
    left = {id(row) for rows in waiting.values() for row in rows}
    only_in_b = [row for row in rows_b if id(row) in left]
    modified = sum(bool(match["different_columns"]) for match in matched)
    return {
        "only_in_a": only_in_a,
        "only_in_b": only_in_b,
        "matched": matched,
        "diff_summary": {
            "added_count": len(only_in_b),
            "removed_count": len(only_in_a),
            "modified_count": modified,
            "matched_count": len(matched),
            "total_a": len(rows_a),
            "total_b": len(rows_b),
            "key_columns": keys,
        },
        "has_differences": bool(only_in_a or only_in_b or modified),
    }


@node(
    "DateTimeCompareNode",
    takes=(anything("datetime_1"), anything("datetime_2")),
    gives=("is_before", "is_after", "is_equal", "comparison"),
    needs=(
        "datetime_1",
        "datetime_2",
    ),
)
def compare_times(run: NodeRun) -> Mapping[str, Any]:
    """Which of two times is first: `comparison` is -1, 0 or 1."""
    first, second = read_time(run.need("datetime_1")), read_time(run.need("datetime_2"))
    if (first.tzinfo is None) != (second.tzinfo is None):
        raise NodeInputError("one of the two times names a time zone and the other does not")
    return {
        "is_before": first < second,
        "is_after": first > second,
        "is_equal": first == second,
        "comparison": (first > second) - (first < second),
    }


def _likeness(run: NodeRun, one: str, other: str) -> float:
    run.control.check()
    if max(len(one), len(other)) > MOST_COMPARED:
        raise NodeInputError(f"texts of more than {MOST_COMPARED:,} characters cannot be compared by similarity")
    return SequenceMatcher(None, one, other).ratio()


@node(
    "FuzzyStringMatchNode",
    takes=(text("search_string"), listing("candidates"), number("threshold", default=0.6)),
    gives=("matched_string", "match_score", "match_index", "is_match", "all_scores"),
    exits=("match_found", "no_match"),
)
def fuzzy_match(run: NodeRun) -> Next:
    """The candidate that is most like a text; leaves by `match_found` when it is as like as `threshold`."""
    wanted, candidates = run.text("search_string"), run.items("candidates")
    scores = {
        (place, item): _likeness(run, wanted, item)
        for place, item in enumerate(candidates)
        if wanted and isinstance(item, str)
    }
    (index, best), score = max(scores.items(), key=lambda entry: entry[1], default=((-1, ""), 0.0))
    is_match = bool(scores) and score >= run.number("threshold")
    return Next("match_found" if is_match else "no_match", {
        "matched_string": best if is_match else "",
        "match_score": score,
        "match_index": index if score > 0 else -1,
        "is_match": is_match,
        "all_scores": {item: value for (_, item), value in scores.items()},
    })  # fmt: skip


@node(
    "FilterBySimilarityNode",
    takes=(listing("input_list"), text("filter_string"), number("threshold", default=0.6)),
    gives=("filtered_list", "scores", "count"),
)
def filter_by_similarity(run: NodeRun) -> Mapping[str, Any]:
    """The texts of a list that are as like a text as `threshold`; what is no text stays."""
    items, wanted, threshold = run.items("input_list"), run.text("filter_string"), run.number("threshold")
    if not wanted:
        return {"filtered_list": [], "scores": {}, "count": 0}
    scores = {item: _likeness(run, wanted, item) for item in items if isinstance(item, str)}
    kept = [item for item in items if not isinstance(item, str) or scores[item] >= threshold]
    return {"filtered_list": kept, "scores": scores, "count": len(kept)}


@node(
    "Base64Node",
    takes=(choice("action", "encode", "decode", default="encode"), text("input_text")),
    gives=("output", "success"),
    needs=("input_text",),
)
def in_base64(run: NodeRun) -> Mapping[str, Any]:
    """A text as Base64, or the text that a Base64 text stands for."""
    given = as_text(run.need("input_text"))
    if run.choice("action") == "encode":
        return {"output": base64.b64encode(given.encode()).decode(), "success": True}
    try:
        return {"output": base64.b64decode(given, validate=True).decode(), "success": True}
    except (binascii.Error, UnicodeDecodeError) as error:
        raise NodeInputError(f"input_text of {run.node.id} is no Base64 of a text: {error}") from error


@node(
    "EvalExpressionNode",
    takes=(expression("expression"),),
    gives=("result", "type", "success", "error"),
    needs=("expression",),
)
def eval_expression(run: NodeRun) -> Mapping[str, Any]:
    """The value of an expression, with the name of its type."""
    result = run.evaluate(as_text(run.raw("expression") or run.need("expression")))
    return {"result": result, "type": type(result).__name__, "success": True, "error": ""}
