"""The rounds of a loop step: for each item, a number of times, or while a condition holds."""

from collections.abc import Iterator
from itertools import count
from typing import Any

from casare_cloud.robot.executor.context import NodeRun, parsed, to_list, to_number
from casare_cloud.robot.executor.declarations import anything, choice, expression, integer, node_type, text, unused
from casare_cloud.robot.executor.errors import LoopLimitError, NodeInputError
from casare_cloud.robot.executor.expressions import is_true

MAX_ROUNDS = 100_000
DEFAULT_WHILE_ROUNDS = 1_000
LOOP_KEEPS_ON = ("continue", "ignore", "skip")

LOOP = node_type(
    ("loop", "foreach", "for_each"),
    "Runs its steps for each item, a number of times, or while a condition holds.",
    takes=(
        choice("loop_type", "for_each", "while", "count", default="for_each", also=("mode",)),
        anything("items", "items_expression", "collection", "list"),
        integer("count", "times", "iterations"),
        expression("condition"),
        integer("max_iterations"),
        text("item_variable", "item_var", "variable", default="item"),
        text("on_error", default="stop"),
        anything("delay_between"),
        anything("step"),
        anything("steps"),
        anything("body"),
        anything("body_step_id"),
        unused("max_parallel", "the rounds of a loop run one after another", 1),
    ),
    gives=("results", "count", "errors"),
)


def rounds_of(loop: NodeRun) -> Iterator[Any]:
    """The item of each round; raises `LoopLimitError` when there are more than `max_iterations`."""
    kind = loop.choice("loop_type")
    default = DEFAULT_WHILE_ROUNDS if kind == "while" else MAX_ROUNDS
    most = min(loop.integer("max_iterations", default=default), MAX_ROUNDS)
    if kind == "while":
        return _while(loop, most)
    if kind == "count":
        given = loop.value("count")
        times = loop.value("items") if given is None else given
        if times is None:
            raise NodeInputError(f"the loop {loop.node.id} needs count", node_id=loop.node.id)
        items: list[Any] = list(range(_within(loop, int(to_number(times, f"count of {loop.node.id}")), most)))
    else:
        items = _items(loop)
        _within(loop, len(items), most)
    return iter(items)


def pause_between(loop: NodeRun, index: int) -> None:
    """Waits before every round but the first, if `delay_between` says so: seconds, or {min, unit}."""
    given = loop.value("delay_between")
    loop.control.check()
    if not given or index == 0:
        return
    seconds: Any = given
    if isinstance(given, dict):
        seconds = to_number(given.get("min", 1), "delay_between") / (1000 if given.get("unit") == "milliseconds" else 1)
    loop.control.sleep(float(to_number(seconds, "delay_between")))


def _items(loop: NodeRun) -> list[Any]:
    written = loop.raw("items")
    value = loop.value("items")
    if isinstance(value, str) and value == written and not isinstance(parsed(value), list):
        value = loop.evaluate(value)  # a bare name or a formula
    if isinstance(value, dict):
        return [{"key": key, "value": item} for key, item in value.items()]
    if isinstance(value, int) and not isinstance(value, bool):
        return list(range(value))
    return to_list(value, f"items of {loop.node.id}")


def _within(loop: NodeRun, times: int, most: int) -> int:
    if times > most:
        raise LoopLimitError(
            f"{loop.node.id} would loop {times:,} times; at most {most:,} are allowed", node_id=loop.node.id
        )
    return times


def _while(loop: NodeRun, most: int) -> Iterator[int]:
    written = loop.raw("condition", "items")
    if written is None:
        raise NodeInputError(f"the loop {loop.node.id} needs condition", node_id=loop.node.id)
    for index in count():
        if not is_true(loop.evaluate(written) if isinstance(written, str) else written):
            return
        if index >= most:
            raise LoopLimitError(
                f"{loop.node.id} looped {most:,} times and its condition still holds", node_id=loop.node.id
            )
        yield index
