"""Conditions and expressions: a small part of Python's grammar, read as a tree and never executed as code.

`{{count}} > 10`, `{{status}} == "ok"`, `len(items) > 0 and not done`: templates and bare names are values; operators,
comparisons, indexing, a few functions and text methods are all there is.
"""

import ast
import math
import operator
import re
from collections.abc import Callable
from typing import Any

from casare_cloud.robot.executor.errors import ExpressionError
from casare_cloud.robot.executor.templates import MISSING, TEMPLATE, Lookup, as_text

MAX_LENGTH = 10_000
MAX_RESULT_ITEMS = 1_000_000
MAX_NUMBER_BITS = 10_000
_PLACEHOLDER = re.compile(r"__t(\d+)__")


def multiply(left: Any, right: Any) -> Any:
    """The product. Raises `ExpressionError` when it is a whole number so large that working with it takes long."""
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > MAX_NUMBER_BITS:
        raise ExpressionError("a number is too large")
    return left * right


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: multiply,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
    ast.Is: lambda a, b: a is b,
    ast.IsNot: lambda a, b: a is not b,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs, "bool": bool, "float": float, "int": int, "len": len, "max": max, "min": min, "round": round,
    "str": as_text, "sum": lambda values, first=0: sum(values, first + 0),  # numbers: lists are copied at each step
    "sorted": sorted, "any": any, "all": all, "sqrt": math.sqrt, "floor": math.floor,
    "ceil": math.ceil, "list": list, "keys": lambda value: list(value.keys()),
    "values": lambda value: list(value.values()),
}  # fmt: skip
_METHODS = frozenset({
    "lower", "upper", "strip", "lstrip", "rstrip", "startswith", "endswith", "split", "replace", "find", "count",
    "isdigit", "isalpha", "isnumeric", "title", "capitalize", "get", "keys", "values", "items", "index",
})  # fmt: skip
_WORDS = {"true": True, "false": False, "null": None, "none": None, "True": True, "False": False, "None": None}


def evaluate(expression: str, lookup: Lookup) -> Any:
    """The value of the expression. Raises `ExpressionError` with the reason when it has none."""
    if len(expression) > MAX_LENGTH:
        raise ExpressionError(f"an expression is longer than {MAX_LENGTH} characters")
    values: list[Any] = []

    def stand_in(match: re.Match[str]) -> str:
        values.append((match[0], lookup(match[1])))
        return f"__t{len(values) - 1}__"

    source = TEMPLATE.sub(stand_in, expression).strip()
    try:
        tree = ast.parse(source, mode="eval")
        return _Evaluator(values, lookup).value(tree.body)
    except ExpressionError:
        raise
    except SyntaxError as error:
        raise ExpressionError(f"{expression!r} is not an expression: {error.msg}") from error
    except (RecursionError, MemoryError) as error:
        raise ExpressionError("an expression is nested too deeply") from error
    except Exception as error:
        raise ExpressionError(f"{expression!r} cannot be evaluated: {error}") from error


def is_true(value: Any) -> bool:
    """Whether a value counts as true; the words false, no, off, none, null and 0 do not."""
    if isinstance(value, str):
        return value.strip().lower() not in ("", "false", "no", "off", "none", "null", "0")
    return bool(value)


class _Evaluator:
    def __init__(self, values: list[Any], lookup: Lookup) -> None:
        self._values = values
        self._lookup = lookup

    def value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=str() as text):
                return _PLACEHOLDER.sub(lambda match: self._as_written(int(match[1])), text)
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._name(name)
            case ast.BoolOp(op=ast.And(), values=parts):
                return self._first(parts, stop_at=False)
            case ast.BoolOp(op=ast.Or(), values=parts):
                return self._first(parts, stop_at=True)
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
                return _UNARY[type(op)](self.value(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return self._binary(op, self.value(left), self.value(right))
            case ast.Compare(left=left, ops=ops, comparators=rights):
                return self._compare(self.value(left), ops, rights)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.value(body if self.value(test) else orelse)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self.value(item) for item in items]
            case ast.Dict(keys=keys, values=items) if all(key is not None for key in keys):
                return {
                    self.value(key): self.value(item) for key, item in zip(keys, items, strict=True) if key is not None
                }
            case ast.Subscript(value=value, slice=ast.Slice(lower=low, upper=high, step=None)):
                bounds = slice(*(None if bound is None else self.value(bound) for bound in (low, high)))
                return self.value(value)[bounds]
            case ast.Subscript(value=value, slice=index):
                return self.value(value)[self.value(index)]
            case ast.Attribute(value=value, attr=name):
                return self._attribute(self.value(value), name)
            case ast.Call(func=func, args=arguments, keywords=[]):
                return self._call(func, [self.value(argument) for argument in arguments])
            case _:
                raise ExpressionError(f"{type(node).__name__} is not allowed in an expression")

    def _as_written(self, number: int) -> str:
        written, value = self._values[number]
        return written if value is MISSING else as_text(value)

    def _name(self, name: str) -> Any:
        placeholder = _PLACEHOLDER.fullmatch(name)
        if placeholder:
            written, value = self._values[int(placeholder[1])]
            if value is MISSING:
                raise ExpressionError(f"{written} names no variable and no node output")
            return value
        value = self._lookup(name)
        if value is not MISSING:
            return value
        if name in _WORDS:
            return _WORDS[name]
        raise ExpressionError(f"{name} names no variable")

    def _first(self, parts: list[ast.expr], *, stop_at: bool) -> Any:
        value: Any = None
        for part in parts:
            value = self.value(part)
            if bool(value) is stop_at:
                return value
        return value

    @staticmethod
    def _binary(op: ast.operator, left: Any, right: Any) -> Any:
        if isinstance(op, ast.Pow) and (
            abs(right) > 1_000 or (isinstance(left, int) and left.bit_length() * abs(right) > MAX_NUMBER_BITS)
        ):
            raise ExpressionError("a power is too large")
        if isinstance(op, ast.Mult):
            for items, times in ((left, right), (right, left)):
                if isinstance(items, str | list) and isinstance(times, int) and len(items) * times > MAX_RESULT_ITEMS:
                    raise ExpressionError("a repeated text or list is too long")
        if isinstance(op, ast.Mod) and isinstance(left, str):
            raise ExpressionError("% does not format text here; use a template")
        if isinstance(op, ast.Add):
            if isinstance(left, str) != isinstance(right, str):
                left, right = as_text(left), as_text(right)
            if isinstance(left, str | list) and len(left) + len(right) > MAX_RESULT_ITEMS:
                raise ExpressionError("a text or list is too long")
        return _BINARY[type(op)](left, right)

    def _compare(self, left: Any, ops: list[ast.cmpop], rights: list[ast.expr]) -> bool:
        for op, expression in zip(ops, rights, strict=True):
            right = self.value(expression)
            if not _COMPARE[type(op)](*_alike(left, right, op)):
                return False
            left = right
        return True

    def _attribute(self, value: Any, name: str) -> Any:
        if isinstance(value, dict) and name in value:
            return value[name]
        raise ExpressionError(f"there is no {name} here")

    def _call(self, func: ast.expr, arguments: list[Any]) -> Any:
        if isinstance(func, ast.Name) and func.id in _FUNCTIONS:
            return _FUNCTIONS[func.id](*arguments)
        if isinstance(func, ast.Attribute) and func.attr in _METHODS:
            owner = self.value(func.value)
            if isinstance(owner, str | dict | list) and hasattr(owner, func.attr):
                if func.attr == "replace" and len(owner) * max(len(as_text(arguments[-1])), 1) > 10 * MAX_RESULT_ITEMS:
                    raise ExpressionError("a text is too long")
                result = getattr(owner, func.attr)(*arguments)
                return list(result) if isinstance(owner, dict) and func.attr in ("keys", "values", "items") else result
        raise ExpressionError("only the built-in functions and text methods may be called")


def _alike(left: Any, right: Any, op: ast.cmpop) -> tuple[Any, Any]:
    """For an order between a number and a text that is one, compares numbers: inputs often arrive as text."""
    if isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) and isinstance(left, str) != isinstance(right, str):
        try:
            return float(left), float(right)
        except (TypeError, ValueError):
            return left, right
    return left, right
