"""The Data API's query language: select=, filters, and/or trees and order= as values."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .errors import RestError, parse_error, unsupported

OPERATORS: Final = {
    "eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "like": "like", "ilike": "ilike",
    "match": "~", "imatch": "~*", "cs": "@>", "cd": "<@", "ov": "&&", "isdistinct": "is distinct from",
}  # fmt: skip
TRUTHS: Final = ("null", "not_null", "true", "false", "unknown")
RESERVED: Final = frozenset({"select", "order", "limit", "offset", "and", "or", "not.and", "not.or", "columns"})

_CAST: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_ ]*")
_ARROW: Final = re.compile("(->>?)")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_CONDITION: Final = re.compile(r"(not\.)?([a-z_]+)\.(.*)", re.DOTALL)
_BRANCH: Final = re.compile(r"(not\.)?(and|or)(\(.*\))", re.DOTALL)
# What PostgREST reads as a column or as a key of a JSON path; anything else must be quoted.
_NAME: Final = r'(?:"(?:[^"\\]|\\.)*"|[\w $.]+(?:-[\w $.]+)*)'
_KEY: Final = r'(?:"(?:[^"\\]|\\.)*"|-?[0-9]+|[^-(:.,>)]+(?:-[^-(:.,>)]+)*)'
_PLACE: Final = re.compile(f"{_NAME}(?:->>?{_KEY})*", re.DOTALL)
_MEMBER: Final = re.compile(r'((?:"(?:[^"\\]|\\.)*"|[^."]+?)(?:->>?[^.]+)?)\.(.*)', re.DOTALL)


@dataclass(frozen=True)
class Field:
    """A column, or a place inside a JSON column: `path` holds pairs of arrow and key."""

    column: str
    path: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Selected:
    """One item of select=; `field` None stands for every column."""

    field: Field | None
    alias: str | None = None
    cast: str | None = None


@dataclass(frozen=True)
class Filter:
    """`field operator value`, for `in` with several values."""

    field: Field
    operator: str
    values: tuple[str, ...]
    is_negated: bool


@dataclass(frozen=True)
class Branch:
    """Conditions joined by `and` or `or`."""

    joint: str
    members: "tuple[Condition, ...]"
    is_negated: bool


Condition = Filter | Branch


@dataclass(frozen=True)
class Order:
    """One item of order=; `nulls` is first, last or None."""

    field: Field
    is_descending: bool
    nulls: str | None


def parse_select(text: str) -> tuple[Selected, ...]:
    """The columns of select=; none of them means all."""
    return tuple(_selected(item) for item in split(text)) or (Selected(None),)


def parse_order(text: str) -> tuple[Order, ...]:
    """The items of order=."""
    return tuple(_order(item) for item in split(text))


def is_condition(value: str) -> bool:
    """Whether a value of the query reads as `operator.value`."""
    match = _CONDITION.fullmatch(value)
    return match is not None and (match[2] in OPERATORS or match[2] in ("in", "is"))


def parse_filter(name: str, value: str) -> Filter:
    """One `column=operator.value`."""
    match = _CONDITION.fullmatch(value)
    if match is None:
        raise parse_error("filter", value)
    if not _PLACE.fullmatch(name):
        raise parse_error("tree path", name)
    negated, operator, operand = bool(match[1]), match[2], match[3]
    return Filter(parse_field(name), operator, _operands(operator, operand, value), negated)


def parse_branch(joint: str, text: str, *, is_negated: bool) -> Branch:
    """The tree of `or=(a.eq.1,and(b.gt.2,c.is.null))`."""
    if not (text.startswith("(") and text.endswith(")")):
        raise parse_error("logic tree", text)
    members = tuple(_member(member) for member in split(text[1:-1]))
    if not members:
        raise parse_error("logic tree", text)
    return Branch(joint, members, is_negated)


def parse_field(text: str) -> Field:
    """`column`, `"odd column"` or `column->key->>key`."""
    column, *steps = _ARROW.split(text)
    if not column or "" in steps:
        raise parse_error("column", text)
    return Field(unquote(column), tuple(zip(steps[::2], map(unquote, steps[1::2]), strict=True)))


def split(text: str) -> Iterator[str]:
    """The parts between commas that stand in neither quotes nor parentheses."""
    start, depth, quoted, escaped = 0, 0, False, False
    for position, letter in enumerate(text):
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = letter == "\\", letter != '"'
        elif letter == '"':
            quoted = True
        elif letter in "({":
            depth += 1
        elif letter in ")}":
            depth -= 1
        elif letter == "," and depth == 0:
            yield text[start:position].strip()
            start = position + 1
    if text[start:].strip():
        yield text[start:].strip()


def unquote(text: str) -> str:
    """The text inside double quotes, where backslashes escape; other text as it is."""
    match = _QUOTED.fullmatch(text)
    return re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL) if match else text


def _selected(item: str) -> Selected:
    if item == "*":
        return Selected(None)
    if "(" in item or item.startswith("..."):
        raise unsupported(f"embedding and aggregates in select ({item})")
    item, _, cast = item.partition("::")
    if cast and not _CAST.fullmatch(cast):
        raise parse_error("select parameter", item)
    alias, colon, name = item.rpartition(":")
    return Selected(parse_field(name), unquote(alias) if colon else None, cast or None)


def _order(item: str) -> Order:
    name, *words = item.split(".")
    directions = [word for word in words if word in ("asc", "desc")]
    nulls = [word.removeprefix("nulls") for word in words if word in ("nullsfirst", "nullslast")]
    if len(directions) > 1 or len(nulls) > 1 or len(directions) + len(nulls) != len(words):
        raise parse_error("order", item)
    return Order(parse_field(name), directions == ["desc"], nulls[0] if nulls else None)


def _member(text: str) -> Condition:
    branch = _BRANCH.fullmatch(text)
    if branch is not None:
        return parse_branch(branch[2], branch[3], is_negated=bool(branch[1]))
    member = _MEMBER.fullmatch(text)
    if member is None:
        raise parse_error("logic tree", text)
    parsed = parse_filter(member[1], member[2])
    if parsed.operator == "in":
        return parsed
    return Filter(parsed.field, parsed.operator, tuple(unquote(value) for value in parsed.values), parsed.is_negated)


def _operands(operator: str, operand: str, whole: str) -> tuple[str, ...]:
    if operator == "in":
        if not (operand.startswith("(") and operand.endswith(")")):
            raise parse_error("filter", whole)
        return tuple(unquote(value) for value in split(operand[1:-1]))
    if operator == "is":
        if operand.lower() not in TRUTHS:
            raise parse_error("filter", whole)
        return (operand.lower(),)
    if operator not in OPERATORS:
        raise _unknown_operator(operator, whole)
    return (operand.replace("*", "%"),) if operator in ("like", "ilike") else (operand,)


def _unknown_operator(operator: str, whole: str) -> RestError:
    if operator in ("fts", "plfts", "phfts", "wfts", "sl", "sr", "nxl", "nxr", "adj"):
        return unsupported(f"the filter {operator}")
    return parse_error("filter", whole)
