"""Lists: made, read, changed (always into a new list), filtered, sorted and reduced."""

import random
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

from casare_cloud.robot.executor.context import NodeRun, to_number
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.expressions import multiply
from casare_cloud.robot.executor.nodes.texts import joined
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import MISSING, as_text, follow, split_path

MAX_LIST = 1_000_000


def at_path(item: Any, path: str) -> Any:
    """What lies at a dotted path in an item; None when there is nothing."""
    if not path:
        return item
    segments = split_path(path)
    found = MISSING if segments is None else follow(item, segments)
    return None if found is MISSING else found


@node("CreateListNode")
def create_list(run: NodeRun) -> Mapping[str, Any]:
    given = run.value("items")
    if given is not None:
        return {"list": run.items("items")}
    found = (run.value(f"item_{number}", default=MISSING) for number in range(1, 101))
    return {"list": [item for item in found if item is not MISSING]}


@node("ListGetItemNode")
def get_item(run: NodeRun) -> Mapping[str, Any]:
    items, index = run.items("list"), run.integer("index", default=0)
    if not -len(items) <= index < len(items):
        raise NodeInputError(f"the list has {len(items)} items and none at {index}")
    return {"item": items[index], "found": True}


@node("ListLengthNode")
def length(run: NodeRun) -> Mapping[str, Any]:
    return {"length": len(run.items("list"))}


@node("ListAppendNode")
def append(run: NodeRun) -> Mapping[str, Any]:
    """The list with the item at its end; a list that is named by `list_var` or `variable_name` is replaced too."""
    name = run.text("list_var", "variable_name")
    items = run.items("list") if run.is_connected("list") or not name else list(run.run.variables.get(name) or [])
    if len(items) >= MAX_LIST:
        raise NodeInputError(f"the list would be longer than {MAX_LIST:,} items")
    result = [*items, run.value("item", "value")]
    if name:
        run.run.variables[name] = result
    return {"result": result, "length": len(result)}


@node("ListContainsNode")
def contains(run: NodeRun) -> Mapping[str, Any]:
    items, item = run.items("list"), run.value("item", "value")
    index = items.index(item) if item in items else -1
    return {"contains": index >= 0, "index": index}


@node("ListSliceNode")
def slice_(run: NodeRun) -> Mapping[str, Any]:
    items = run.items("list")
    end = run.value("end")
    return {"result": items[run.integer("start", default=0) : None if end in (None, "") else run.integer("end")]}


@node("ListJoinNode", "TextJoinNode")
def join(run: NodeRun) -> Mapping[str, Any]:
    parts = [as_text(item) for item in run.items("list", "items")]
    return {"result": joined(run.text("separator", default=", "), parts)}


@node("ListSortNode")
def sort(run: NodeRun) -> Mapping[str, Any]:
    path = run.text("key_path", "key")
    items = sorted(
        run.items("list"), key=lambda item: _order(at_path(item, path)), reverse=run.flag("reverse", "descending")
    )
    return {"result": items, "sorted_list": items}


def _order(value: Any) -> tuple[int, Any]:
    """A key that puts values of different kinds in a stable order: nothing, numbers, text, the rest."""
    if value is None:
        return (0, 0)
    if isinstance(value, int | float):
        return (1, value)
    return (2, value) if isinstance(value, str) else (3, as_text(value))


@node("ListReverseNode")
def reverse(run: NodeRun) -> Mapping[str, Any]:
    return {"result": run.items("list")[::-1]}


@node("ListUniqueNode")
def unique(run: NodeRun) -> Mapping[str, Any]:
    seen: dict[str, Any] = {}
    for item in run.items("list"):
        seen.setdefault(f"{type(item).__name__}:{as_text(item)}", item)
    return {"result": list(seen.values()), "unique_list": list(seen.values())}


@node("ListFlattenNode")
def flatten(run: NodeRun) -> Mapping[str, Any]:
    return {"result": _flat(run.items("list"), min(run.integer("depth", default=1), 50))}


def _flat(items: list[Any], depth: int) -> list[Any]:
    if depth <= 0:
        return items
    return [inner for item in items for inner in (_flat(item, depth - 1) if isinstance(item, list) else [item])]


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


@node("ListFilterNode")
def filter_(run: NodeRun) -> Mapping[str, Any]:
    name, path, value = run.text("condition", default="is_not_none"), run.text("key_path"), run.value("value")
    holds = _CONDITIONS.get(name)
    if holds is None:
        raise NodeInputError(f"{name} is no condition of ListFilterNode; use one of {', '.join(_CONDITIONS)}")
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


@node("ListMapNode")
def map_(run: NodeRun) -> Mapping[str, Any]:
    name, path = run.text("transform", default="to_string"), run.text("key_path")
    transform = _TRANSFORMS.get(name)
    if transform is None:
        raise NodeInputError(f"{name} is no transform of ListMapNode; use one of {', '.join(_TRANSFORMS)}")
    return {"result": [transform(at_path(item, path)) for item in run.items("list")]}


@node("ListReduceNode")
def reduce_(run: NodeRun) -> Mapping[str, Any]:
    path = run.text("key_path")
    values = [at_path(item, path) for item in run.items("list")]
    return {"result": reduced(run.text("operation", default="sum"), values, run.value("initial"))}


def reduced(operation: str, values: list[Any], initial: Any = None) -> Any:
    """One value from many: sum, product, min, max, avg, count, first, last, join."""
    match operation:
        case "count":
            return len(values)
        case "first" | "last":
            return (values[0 if operation == "first" else -1]) if values else initial
        case "join":
            return ", ".join(as_text(value) for value in values)
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


@node("RandomChoiceNode")
def choice(run: NodeRun) -> Mapping[str, Any]:
    items = run.items("items", "list")
    if not items:
        raise NodeInputError("there is nothing to choose from")
    index = random.randrange(len(items))  # noqa: S311 - a workflow's dice, not a secret
    return {"result": items[index], "index": index}


@node("ShuffleListNode")
def shuffle(run: NodeRun) -> Mapping[str, Any]:
    items = run.items("items", "list")
    random.shuffle(items)
    return {"result": items}
