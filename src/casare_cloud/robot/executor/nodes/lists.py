"""Lists: made, read, changed (always into a new list), filtered, sorted and reduced."""

import random
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

from casare_cloud.robot.executor.context import NodeRun, to_number
from casare_cloud.robot.executor.declarations import (
    anything,
    choice,
    flag,
    integer,
    listing,
    numbered,
    text,
)
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.expressions import multiply
from casare_cloud.robot.executor.nodes.texts import joined
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import MISSING, as_text, follow, split_path

MAX_LIST = 1_000_000

LIST = listing("list", "items")
ITEM = anything("item", "value")
PATH = text("key_path", "key")


def at_path(item: Any, path: str) -> Any:
    """What lies at a dotted path in an item; None when there is nothing."""
    if not path:
        return item
    segments = split_path(path)
    found = MISSING if segments is None else follow(item, segments)
    return None if found is MISSING else found


@node("CreateListNode", takes=(listing("items"), numbered("item")), gives=("list",))
def create_list(run: NodeRun) -> Mapping[str, Any]:
    """A list of `items`, or of `item_1` up to `item_100`."""
    given = run.value("items")
    if given is not None:
        return {"list": run.items("items")}
    found = (run.value(f"item_{number}", default=MISSING) for number in range(1, 101))
    return {"list": [item for item in found if item is not MISSING]}


@node("ListGetItemNode", takes=(LIST, integer("index", default=0)), gives=("item", "found"))
def get_item(run: NodeRun) -> Mapping[str, Any]:
    """The item at a place; -1 is the last."""
    items, index = run.items("list"), run.integer("index")
    if not -len(items) <= index < len(items):
        raise NodeInputError(f"the list has {len(items)} items and none at {index}")
    return {"item": items[index], "found": True}


@node("ListLengthNode", takes=(LIST,), gives=("length",))
def length(run: NodeRun) -> Mapping[str, Any]:
    """How many items a list has."""
    return {"length": len(run.items("list"))}


@node("ListAppendNode", takes=(LIST, ITEM, text("list_var", "variable_name")), gives=("result", "length"))
def append(run: NodeRun) -> Mapping[str, Any]:
    """The list with the item at its end; a list that is named by `list_var` or `variable_name` is replaced too."""
    name = run.text("list_var")
    items = run.items("list") if run.is_connected("list") or not name else list(run.run.variables.get(name) or [])
    if len(items) >= MAX_LIST:
        raise NodeInputError(f"the list would be longer than {MAX_LIST:,} items")
    result = [*items, run.value("item")]
    if name:
        run.run.variables[name] = result
    return {"result": result, "length": len(result)}


@node("ListContainsNode", takes=(LIST, ITEM), gives=("contains", "index"))
def contains(run: NodeRun) -> Mapping[str, Any]:
    """Whether a list has an item, and where."""
    items, item = run.items("list"), run.value("item")
    index = items.index(item) if item in items else -1
    return {"contains": index >= 0, "index": index}


@node("ListSliceNode", takes=(LIST, integer("start", default=0), integer("end")), gives=("result",))
def slice_(run: NodeRun) -> Mapping[str, Any]:
    """The items from `start` to before `end`."""
    items = run.items("list")
    end = run.value("end")
    return {"result": items[run.integer("start") : None if end in (None, "") else run.integer("end")]}


@node("TextJoinNode", takes=(LIST, text("separator")), gives=("result",))
@node("ListJoinNode", takes=(LIST, text("separator", default=", ")), gives=("result",))
def join(run: NodeRun) -> Mapping[str, Any]:
    """The items as one text."""
    return {"result": joined(run.text("separator"), [as_text(item) for item in run.items("list")])}


@node("ListSortNode", takes=(LIST, PATH, flag("reverse", "descending")), gives=("result", "sorted_list"))
def sort(run: NodeRun) -> Mapping[str, Any]:
    """The items in order, by themselves or by what lies at `key_path` in them."""
    path = run.text("key_path")
    items = sorted(run.items("list"), key=lambda item: _order(at_path(item, path)), reverse=run.flag("reverse"))
    return {"result": items, "sorted_list": items}


def _order(value: Any) -> tuple[int, Any]:
    """A key that puts values of different kinds in a stable order: nothing, numbers, text, the rest."""
    if value is None:
        return (0, 0)
    if isinstance(value, int | float):
        return (1, value)
    return (2, value) if isinstance(value, str) else (3, as_text(value))


@node("ListReverseNode", takes=(LIST,), gives=("result",))
def reverse(run: NodeRun) -> Mapping[str, Any]:
    """The items from last to first."""
    return {"result": run.items("list")[::-1]}


@node("ListUniqueNode", takes=(LIST,), gives=("result", "unique_list"))
def unique(run: NodeRun) -> Mapping[str, Any]:
    """Each item once, where it came first."""
    seen: dict[str, Any] = {}
    for item in run.items("list"):
        seen.setdefault(_sameness(item), item)
    return {"result": list(seen.values()), "unique_list": list(seen.values())}


def _sameness(item: Any) -> str:
    """The same text for the same values: 1 and 1.0 are, 1 and "1" are not."""
    kind = "number" if isinstance(item, int | float) and not isinstance(item, bool) else type(item).__name__
    return f"{kind}:{as_text(int(item) if isinstance(item, float) and item.is_integer() else item)}"


@node("ListFlattenNode", takes=(LIST, integer("depth", default=1)), gives=("result",))
def flatten(run: NodeRun) -> Mapping[str, Any]:
    """The items of the lists in a list, so many levels deep."""
    return {"result": flat(run.items("list"), min(run.integer("depth"), 50))}


def flat(items: list[Any], depth: int) -> list[Any]:
    if depth <= 0:
        return items
    return [inner for item in items for inner in (flat(item, depth - 1) if isinstance(item, list) else [item])]


_CONDITIONS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda item, value: item == value or as_text(item) == as_text(value),
    "not_equals": lambda item, value: not (item == value or as_text(item) == as_text(value)),
    "contains": lambda item, value: as_text(value) in as_text(item),
    "starts_with": lambda item, value: as_text(item).startswith(as_text(value)),
    "ends_with": lambda item, value: as_text(item).endswith(as_text(value)),
    "greater_than": lambda item, value: item is not None and to_number(item, "an item") > to_number(value, "value"),
    "less_than": lambda item, value: item is not None and to_number(item, "an item") < to_number(value, "value"),
    "is_not_none": lambda item, value: item is not None,
    "is_none": lambda item, value: item is None,
    "is_truthy": lambda item, value: bool(item),
    "is_falsy": lambda item, value: not item,
}


@node(
    "ListFilterNode",
    takes=(LIST, PATH, choice("condition", *_CONDITIONS, default="is_not_none"), anything("value")),
    gives=("result", "removed"),
)
def filter_(run: NodeRun) -> Mapping[str, Any]:
    """The items for which the condition holds, and those for which it does not."""
    holds, path, value = _CONDITIONS[run.choice("condition")], run.text("key_path"), run.value("value")
    kept: list[Any] = []
    removed: list[Any] = []
    for item in run.items("list"):
        (kept if holds(at_path(item, path), value) else removed).append(item)
    return {"result": kept, "removed": removed}


_TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "get_property": lambda item: item,
    "to_string": as_text,
    "to_int": lambda item: int(to_number(item, "an item")),
    "to_float": lambda item: float(to_number(item, "an item")),
    "to_upper": lambda item: as_text(item).upper(),
    "to_lower": lambda item: as_text(item).lower(),
    "trim": lambda item: as_text(item).strip(),
    "length": len,
}


@node(
    "ListMapNode",
    takes=(LIST, PATH, choice("transform", *_TRANSFORMS, default="to_string")),
    gives=("result",),
)
def map_(run: NodeRun) -> Mapping[str, Any]:
    """Every item, or what lies at `key_path` in it, transformed."""
    transform, path = _TRANSFORMS[run.choice("transform")], run.text("key_path")
    return {"result": [transform(at_path(item, path)) for item in run.items("list")]}


_REDUCTIONS = ("sum", "product", "min", "max", "avg", "average", "count", "first", "last", "join")


_OF_NOTHING = ("sum", "product", "avg", "average", "count")  # is 0


@node(
    "ListReduceNode",
    takes=(LIST, PATH, choice("operation", *_REDUCTIONS, default="sum"), anything("initial")),
    gives=("result",),
)
def reduce_(run: NodeRun) -> Mapping[str, Any]:
    """One value from many, of those that are there.

    `initial` is what is added or multiplied first, and the separator of `join`.
    """
    path = run.text("key_path")
    values = [value for item in run.items("list") if (value := at_path(item, path)) is not None]
    operation, initial = run.choice("operation"), run.value("initial")
    if not values and operation in _OF_NOTHING:
        return {"result": 0 if initial in (None, "") else initial}
    return {"result": reduced(operation, values, initial)}


def reduced(operation: str, values: list[Any], initial: Any = None) -> Any:
    """One value from many: sum, product, min, max, avg, count, first, last, join."""
    match operation:
        case "count":
            return len(values)
        case "first" | "last":
            return (values[0 if operation == "first" else -1]) if values else initial
        case "join":
            return joined(as_text(initial), [as_text(value) for value in values])
        case "sum" | "product" | "min" | "max" | "avg" | "average":
            numbers = [to_number(value, "an item") for value in values if value is not None]
        case _:
            raise NodeInputError(
                f"{operation} is no reduction; use sum, product, min, max, avg, count, first, last or join"
            )
    if operation == "sum":
        return sum(numbers, to_number(initial, "initial") if initial not in (None, "") else 0)
    if operation == "product":
        return reduce(multiply, numbers, to_number(initial, "initial") if initial not in (None, "") else 1)
    if not numbers:
        return initial
    if operation in ("avg", "average"):
        return sum(numbers) / len(numbers)
    return min(numbers) if operation == "min" else max(numbers)


@node(
    "RandomChoiceNode",
    takes=(LIST, integer("count", default=1), flag("allow_duplicates")),
    gives=("result", "index"),
)
def random_choice(run: NodeRun) -> Mapping[str, Any]:
    """One item by chance; a list of them for a `count` of more, of different ones unless duplicates are allowed."""
    items, count = run.items("list"), run.integer("count")
    if not items:
        raise NodeInputError("there is nothing to choose from")
    if not 1 <= count <= MAX_LIST:
        raise NodeInputError(f"{count} items cannot be chosen; 1 to {MAX_LIST:,} can")
    if count == 1:
        index = random.randrange(len(items))  # noqa: S311 - a workflow's dice, not a secret
        return {"result": items[index], "index": index}
    if run.flag("allow_duplicates"):
        return {"result": random.choices(items, k=count), "index": -1}  # noqa: S311
    return {"result": random.sample(items, min(count, len(items))), "index": -1}


@node("ShuffleListNode", takes=(LIST,), gives=("result",))
def shuffle(run: NodeRun) -> Mapping[str, Any]:
    """The items in an order by chance."""
    items = run.items("list")
    random.shuffle(items)
    return {"result": items}
