"""SQL of the Data API: every answer is one row of body (JSON text), rows in it, rows in all, status and headers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .catalog import Argument, Function, Returns
from .syntax import OPERATORS, Branch, Condition, Field, Filter, Order, Selected

# Columns may be called so too: a whole row is always written `result.*`, as of `page` below.
CALL_ALIAS: Final = "result"


@dataclass(frozen=True)
class Reading:
    """What to show of a relation or of the rows of a function; `condition_sets` are joined by `and`."""

    selected: tuple[Selected, ...] = (Selected(None),)
    conditions: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    offset: int = 0
    limit: int | None = None
    wants_count: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether rows are shown as they come, so that the statement can be used again."""
        return self.selected == (Selected(None),) and not (self.conditions or self.order or self.offset)


class Statement:
    """SQL text and its parameters `$1`, `$2` … in order."""

    def __init__(self, params: Sequence[str] = ()) -> None:
        self.params: list[str] = list(params)

    def add(self, value: str) -> str:
        """A placeholder for a value; Postgres finds out its type."""
        self.params.append(value)
        return f"${len(self.params)}"


def read_relation(statement: Statement, schema: str, name: str, reading: Reading) -> str:
    """Rows of a table or view."""
    return _reading(statement, f"{identifier(schema)}.{identifier(name)}", identifier(name), reading)


def call_function(statement: Statement, function: Function, call: str, source: str, reading: Reading) -> str:
    """The result of a function: `call` is its call, `source` what it takes its arguments from (or empty)."""
    lateral = f"{source}, lateral " if source else "from "
    match function.returns, function.returns_set:
        case Returns.VOID, _:
            return _answer("null::text", "count(*)", f"(select {call} {source} offset 0) as {CALL_ALIAS}")
        case Returns.SCALAR, False:
            rows = f"(select {call} as value {source} offset 0) as {CALL_ALIAS}"
            return _answer("to_json(value)::text", "1::bigint", rows)
        case Returns.ROW, False:
            columns = _columns(CALL_ALIAS, reading)
            rows = f"(select {columns} from (select called.* {lateral}{call} as called) as {CALL_ALIAS}) as page"
            return _answer("to_json(page.*)::text", "1::bigint", rows)
        case Returns.SCALAR, _:
            limit = "" if reading.limit is None else f" limit {reading.limit} offset {reading.offset}"
            rows = f"(select value {lateral}{call} as value{limit}) as {CALL_ALIAS}"
            return _answer("coalesce(json_agg(value), '[]')::text", "count(*)", rows)
    rows = f"select called.* {lateral}{call} as called"
    if reading.wants_count:  # named once, because it is read twice and the function must be called once
        return f"with {CALL_ALIAS} as materialized ({rows}) " + _reading(statement, CALL_ALIAS, CALL_ALIAS, reading)
    return _reading(statement, f"({rows}) as {CALL_ALIAS}", CALL_ALIAS, reading)


def call_with_body(function: Function, given: frozenset[str], body: str) -> tuple[str, str]:
    """Call and source for named arguments that stand in a JSON object at the placeholder `body`."""
    arguments = [argument for argument in function.arguments if argument.name in given]
    if not arguments:
        return f"{_name(function)}()", ""
    columns = ", ".join(f"{identifier(argument.name)} {argument.type_name}" for argument in arguments)
    passed = ", ".join(_passed(argument, f"given.{identifier(argument.name)}") for argument in arguments)
    return f"{_name(function)}({passed})", f"from json_to_record({body}::json) as given ({columns})"


def call_with_text(function: Function, given: dict[str, str], statement: Statement) -> str:
    """A call with named arguments from the query string."""
    passed = ", ".join(
        _passed(argument, f"{statement.add(given[argument.name])}::text::{argument.type_name}")
        for argument in function.arguments
        if argument.name in given
    )
    return f"{_name(function)}({passed})"


def call_with_raw_body(function: Function, argument: Argument, body: str) -> str:
    """A call whose one unnamed argument is the whole body."""
    return f"{_name(function)}({body}::{argument.type_name})"


def identifier(name: str) -> str:
    """A quoted name."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A quoted string constant."""
    quoted = "'" + text.replace("'", "''") + "'"
    return f"E{quoted}".replace("\\", "\\\\") if "\\" in text else quoted


def _name(function: Function) -> str:
    return f"{identifier(function.schema)}.{identifier(function.name)}"


def _passed(argument: Argument, value: str) -> str:
    return f"{'variadic ' if argument.is_variadic else ''}{identifier(argument.name)} := {value}"


def _reading(statement: Statement, source: str, alias: str, reading: Reading) -> str:
    where = " and ".join(_condition(statement, alias, condition) for condition in reading.conditions)
    where = f" where {where}" if where else ""
    columns = _columns(alias, reading)
    order = ", ".join(_order(alias, item) for item in reading.order)
    rows = f"select {columns} from {source}{where}" + (f" order by {order}" if order else "")
    if reading.limit is not None:
        rows += f" limit {reading.limit}"
    if reading.offset:
        rows += f" offset {reading.offset}"
    total = f"(select count(*) from {source}{where})" if reading.wants_count else "null::bigint"
    return _answer("coalesce(json_agg(page.*), '[]')::text", "count(*)", f"({rows}) as page", total)


def _answer(body: str, rows: str, source: str, total: str = "null::bigint") -> str:
    """The one row that every statement answers with; what SQL wants of the response is read when the rows are done."""
    response = "current_setting('response.status', true), current_setting('response.headers', true)"
    return f"select {body}, {rows}, {total}, {response} from {source}"


def _columns(alias: str, reading: Reading) -> str:
    return ", ".join(_column(alias, selected) for selected in reading.selected)


def _column(alias: str, selected: Selected) -> str:
    if selected.field is None:
        return f"{alias}.*"
    value = _value(alias, selected.field)
    if selected.cast:
        value = f"cast({value} as {selected.cast})"
    path = selected.field.path
    name = selected.alias or (path[-1][1] if path else selected.field.column)
    return f"{value} as {identifier(name)}"


def _value(alias: str, field: Field) -> str:
    value = f"{alias}.{identifier(field.column)}"
    if not field.path:
        return value
    steps = "".join(f" {arrow} {key if key.isdigit() else literal(key)}" for arrow, key in field.path)
    return f"(to_jsonb({value}){steps})"


def _order(alias: str, item: Order) -> str:
    direction = " desc" if item.is_descending else ""
    return _value(alias, item.field) + direction + (f" nulls {item.nulls}" if item.nulls else "")


def _condition(statement: Statement, alias: str, condition: Condition) -> str:
    if isinstance(condition, Branch):
        joined = f" {condition.joint} ".join(_condition(statement, alias, member) for member in condition.members)
        return f"{'not ' if condition.is_negated else ''}({joined})"
    return f"{'not ' if condition.is_negated else ''}({_comparison(statement, alias, condition)})"


def _comparison(statement: Statement, alias: str, condition: Filter) -> str:
    value = _value(alias, condition.field)
    match condition.operator:
        case "is":
            word = condition.values[0]
            return f"{value} is {'not null' if word == 'not_null' else word}"
        case "in":
            elements = ",".join('"' + v.replace("\\", "\\\\").replace('"', '\\"') + '"' for v in condition.values)
            return f"{value} = any ({statement.add('{' + elements + '}')})"
        case operator:
            return f"{value} {OPERATORS[operator]} {statement.add(condition.values[0])}"
