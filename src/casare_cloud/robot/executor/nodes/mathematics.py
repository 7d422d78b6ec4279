"""Numbers: arithmetic, comparison, chance."""

import math
import random
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from casare_cloud.robot.executor.context import NodeRun, to_number
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
    "log": math.log,
    "log10": math.log10,
    "exp": math.exp,
    "negate": lambda a: -a,
}


@node("MathOperationNode", "MathNode")
def math_operation(run: NodeRun) -> Mapping[str, Any]:
    operation = run.text("operation", default="add").lower()
    if operation in _OF_TWO:
        a, b = run.number("a", default=0), run.number("b", default=0)
        if b == 0 and operation in ("divide", "floor_divide", "modulo"):
            raise NodeInputError(f"{run.node.id} divides by zero", error_type="ZeroDivisionError")
        result = _OF_TWO[operation](a, b)
        if operation == "power" and isinstance(a, int) and isinstance(b, int) and b >= 0 and abs(result) < 2**53:
            result = int(result)
    elif operation in _OF_ONE:
        result = _OF_ONE[operation](run.number("a", default=0))
    else:
        raise NodeInputError(f"{operation} is no operation; use one of {', '.join([*_OF_TWO, *_OF_ONE])}")
    digits = run.value("round_digits")
    if digits not in (None, ""):
        result = round(result, int(digits))
    name = run.text("output_var")
    if name:
        run.run.variables[name] = result
    return {"result": result}


@node("ComparisonNode", "CompareNode")
def compare(run: NodeRun) -> Mapping[str, Any]:
    a, b, written = run.value("a"), run.value("b"), run.text("operator", default="==").strip()
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
    if sign not in order:
        raise NodeInputError(f"{written} is no comparison; use ==, !=, >, <, >= or <=")
    if not (isinstance(a, str) and isinstance(b, str)):
        a, b = to_number(a, "a"), to_number(b, "b")
    return {"result": order[sign](a, b)}


@node("RandomNumberNode")
def random_number(run: NodeRun) -> Mapping[str, Any]:
    low, high = run.number("min_value", "min", default=0), run.number("max_value", "max", default=100)
    if run.flag("integer_only", default=isinstance(low, int) and isinstance(high, int)):
        return {"result": random.randint(int(low), int(high))}  # noqa: S311 - a workflow's dice, not a secret
    return {"result": random.uniform(low, high)}  # noqa: S311


@node("RandomStringNode")
def random_string(run: NodeRun) -> Mapping[str, Any]:
    letters = run.text("custom_chars") or string.ascii_letters + string.digits
    length = run.integer("length", default=10)
    if not 0 <= length <= 10_000:
        raise NodeInputError(f"a random text of {length} characters is not possible; 0 to 10,000 is")
    return {"result": "".join(secrets.choice(letters) for _ in range(length))}


@node("RandomUUIDNode", "UUIDGeneratorNode")
def random_uuid(run: NodeRun) -> Mapping[str, Any]:
    made = str(uuid.uuid4())
    return {"result": made, "uuid": made}
