"""Numbers: arithmetic, comparison, chance."""

import math
import random
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from casare_cloud.robot.executor.context import NodeRun, to_number
from casare_cloud.robot.executor.declarations import Option, anything, choice, flag, integer, number, text
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.expressions import multiply
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.templates import as_text

_OF_TWO: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": multiply,
    "divide": lambda a, b: a / b,
    "floor_divide": lambda a, b: a // b,
    "power": lambda a, b: float(a) ** b,
    "modulo": lambda a, b: a % b,
    "min": min,
    "max": max,
}
_OF_ONE: dict[str, Callable[[Any], Any]] = {
    "abs": abs,
    "sqrt": math.sqrt,
    "floor": math.floor,
    "ceil": math.ceil,
    "round": round,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "log10": math.log10,
    "exp": math.exp,
    "negate": lambda a: -a,
}


def _logarithm(a: Any, base: Any) -> float:
    """The logarithm of `a`, natural for the base 0."""
    exact = {0: math.log, 2: math.log2, 10: math.log10}.get(base)
    return exact(a) if exact else math.log(a, base)


@node(
    "MathOperationNode",
    "MathNode",
    takes=(
        choice("operation", *_OF_TWO, *_OF_ONE, "log", default="add"),
        number("a", default=0),
        number("b", default=0),
        integer("round_digits"),
        text("output_var"),
    ),
    gives=("result",),
)
def math_operation(run: NodeRun) -> Mapping[str, Any]:
    """An operation on `a`, or on `a` and `b`; `log` takes `b` as its base."""
    operation = run.choice("operation")
    a, b = run.number("a"), run.number("b")
    if operation in _OF_TWO:
        if b == 0 and operation in ("divide", "floor_divide", "modulo"):
            raise NodeInputError(f"{run.node.id} divides by zero", error_type="ZeroDivisionError")
        result = _OF_TWO[operation](a, b)
        if operation == "power" and isinstance(a, int) and isinstance(b, int) and b >= 0 and abs(result) < 2**53:
            result = int(result)
    else:
        result = _logarithm(a, b) if operation == "log" else _OF_ONE[operation](a)
    digits = run.value("round_digits")
    if digits not in (None, ""):
        result = round(result, int(digits))
    name = run.text("output_var")
    if name:
        run.run.variables[name] = result
    return {"result": result}


_COMPARISONS = (
    "==", "!=", ">", "<", ">=", "<=", "equals (==)", "not equals (!=)", "greater than (>)", "less than (<)",
    "greater or equal (>=)", "less or equal (<=)",
)  # fmt: skip


@node(
    "ComparisonNode",
    "CompareNode",
    takes=(anything("a"), anything("b"), choice("operator", *_COMPARISONS, default="==")),
    gives=("result",),
)
def compare(run: NodeRun) -> Mapping[str, Any]:
    """Whether `a` and `b` compare as the operator says: ==, !=, >, <, >=, <=."""
    a, b, written = run.value("a"), run.value("b"), run.choice("operator")
    sign = written.rpartition("(")[2].rstrip(")").strip() or written
    if sign in ("==", "!="):
        equal = a == b or (as_text(a) == as_text(b) and a is not None and b is not None)
        return {"result": equal is (sign == "==")}
    order: dict[str, Callable[[Any, Any], bool]] = {
        ">": lambda x, y: x > y,
        "<": lambda x, y: x < y,
        ">=": lambda x, y: x >= y,
        "<=": lambda x, y: x <= y,
    }
    if not (isinstance(a, str) and isinstance(b, str)):
        a, b = to_number(a, "a"), to_number(b, "b")
    return {"result": order[sign](a, b)}


@node(
    "RandomNumberNode",
    takes=(
        number("min_value", "min", default=0),
        number("max_value", "max", default=100),
        Option("integer_only", "boolean", None),
    ),
    gives=("result",),
)
def random_number(run: NodeRun) -> Mapping[str, Any]:
    """A number by chance, whole when asked for or when both bounds are whole."""
    low, high = run.number("min_value"), run.number("max_value")
    if run.flag("integer_only", default=isinstance(low, int) and isinstance(high, int)):
        return {"result": random.randint(int(low), int(high))}  # noqa: S311 - a workflow's dice, not a secret
    return {"result": random.uniform(low, high)}  # noqa: S311


_LETTERS = {
    "include_uppercase": string.ascii_uppercase,
    "include_lowercase": string.ascii_lowercase,
    "include_digits": string.digits,
    "include_special": string.punctuation,
}


@node(
    "RandomStringNode",
    takes=(
        integer("length", default=8),
        text("custom_chars"),
        *(flag(name, default=name != "include_special") for name in _LETTERS),
    ),
    gives=("result",),
)
def random_string(run: NodeRun) -> Mapping[str, Any]:
    """A text by chance, of `custom_chars` or of the kinds of characters that are included."""
    letters = run.text("custom_chars") or "".join(kind for name, kind in _LETTERS.items() if run.flag(name))
    if not letters:
        raise NodeInputError("no kind of characters is included")
    length = run.integer("length")
    if not 0 <= length <= 10_000:
        raise NodeInputError(f"a random text of {length} characters is not possible; 0 to 10,000 is")
    return {"result": "".join(secrets.choice(letters) for _ in range(length))}


@node(
    "RandomUUIDNode",
    "UUIDGeneratorNode",
    takes=(
        choice("version", "1", "4", default="4", also=("uuid_version",)),
        choice("format", "standard", "hex", "urn", default="standard"),
        integer("count", default=1),
    ),
    gives=("result", "uuid", "uuids", "success"),
)
def random_uuid(run: NodeRun) -> Mapping[str, Any]:
    """A new UUID, or `count` of them as `uuids`."""
    make = uuid.uuid1 if run.choice("version") == "1" else uuid.uuid4
    count, form = run.integer("count"), run.choice("format")
    if not 1 <= count <= 10_000:
        raise NodeInputError(f"{count} UUIDs cannot be made; 1 to 10,000 can")
    made = [{"hex": one.hex, "urn": one.urn}.get(form, str(one)) for one in (make() for _ in range(count))]
    return {"result": made[0], "uuid": made[0], "uuids": made, "success": True}
