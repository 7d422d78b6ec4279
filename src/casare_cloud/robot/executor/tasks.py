"""The task types of the automation form that a robot without plugins can do (api-decisions#task-types)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from casare_cloud.robot.executor.context import NodeRun, to_list
from casare_cloud.robot.executor.declarations import (
    NodeType,
    anything,
    expression,
    flag,
    integer,
    kind_of,
    listing,
    node_type,
    text,
)
from casare_cloud.robot.executor.errors import HttpRequestError, NodeInputError
from casare_cloud.robot.executor.expressions import evaluate
from casare_cloud.robot.executor.nodes import basic, csv_files, dicts, files, lists, web
from casare_cloud.robot.executor.registry import NodeFunction, built_in, find_declaration
from casare_cloud.robot.executor.templates import MISSING, as_text

TASKS: dict[str, NodeFunction] = {}
"""By kind, as `kind_of` writes it."""
DECLARED_TASKS: dict[str, NodeType] = {}

EVERY_STEP_TAKES = (
    flag("continue_on_error"),
    flag("run_on_failure"),
    text("branch", default="true"),
    expression("when"),
)
"""What the configuration of any step may say besides: see `steps`."""


def task(*types: str, **parts: Any) -> Callable[[NodeFunction], NodeFunction]:
    """Registers a function as the implementation of these task types, with its declaration (see `node_type`)."""

    def register(function: NodeFunction) -> NodeFunction:
        _add(types, function, node_type(types, function.__doc__, **parts))
        return function

    return register


def task_names() -> list[str]:
    """Every task type of this package."""
    return [name for declared in DECLARED_TASKS.values() for name in declared.names]


def find_step_type(name: str) -> NodeType | None:
    """What a step of this type takes: the task's or node's declaration with what every step takes, or None."""
    declared = DECLARED_TASKS.get(kind_of(name)) or find_declaration(kind_of(name))
    if declared is None:
        return None
    return replace(declared, options={**declared.options, **{option.name: option for option in EVERY_STEP_TAKES}})


def _add(types: tuple[str, ...], function: NodeFunction, declared: NodeType) -> None:
    for name in types:
        TASKS[kind_of(name)] = function
        DECLARED_TASKS[kind_of(name)] = declared


for _types, _function, _node in (
    (("delay", "wait"), basic.wait, "wait"),
    (("log",), basic.log, "log"),
    (("set_variable",), basic.set_variable, "setvariable"),
    (("json_parse", "parse_json"), dicts.parse_json, "parsejson"),
    (("file_read",), files.read_file, "readfile"),
    (("http_download",), web.download, "httpdownload"),
):
    _add(_types, _function, built_in(_node))


@task(
    "http_request",
    takes=(*web.REQUEST, text("method", default="GET"), anything("expected_status")),
    gives=web.ANSWER,
)
def http_request(run: NodeRun) -> Mapping[str, Any]:
    """A request whose answer is expected: an error status fails the step, unless `expected_status` names it."""
    answer = web.send(run, run.text("method").upper())
    expected = run.value("expected_status")
    accepted = [
        int(status) for status in (expected if isinstance(expected, list) else [expected]) if status not in (None, "")
    ]
    if answer.status_code not in accepted if accepted else answer.status_code >= 400:
        error = HttpRequestError(f"{answer.url} answered {answer.status_code}")
        error.is_retryable = answer.status_code >= 500 or answer.status_code == 429
        raise error
    return web.outputs_of(answer)


@task("condition", takes=basic.CONDITION, gives=("result",))
def condition(run: NodeRun) -> Mapping[str, Any]:
    """Decides which steps after it run: those with `branch` true, or those with `branch` false."""
    return {"result": run.condition()}


@task(
    "file_write",
    takes=(
        files.FILE_PATH,
        anything("content", "data", default=""),
        anything("columns", "headers"),
        text("delimiter", default=","),
        flag("safe_for_spreadsheets", default=True),
        flag("append"),
        text("mode"),
        files.ENCODING,
        files.ERRORS,
    ),
    gives=("path", "file_path", "bytes_written", "success"),
)
def file_write(run: NodeRun) -> Mapping[str, Any]:
    """Writes `content` to `path`; lists of rows become CSV in a `.csv` file, other values JSON."""
    path, content = files.path_of(run), run.value("content")
    if isinstance(content, list) and path.lower().endswith(".csv"):
        written_as = csv_files.csv_text(run, content, run.value("columns"), write_header=True)
    else:
        written_as = as_text(content)
    append = run.flag("append") or run.text("mode") in ("append", "a")
    written = run.run.sandbox.write_bytes(path, files.encoded(run, written_as), append=append)
    return {"path": path, "file_path": path, "bytes_written": written, "success": True}


@task(
    "data_transform",
    "transform",
    takes=(
        text("operation", "transform_type", "type"),
        anything("input", "data", "source", "items"),
        expression("expression"),
        expression("condition"),
        anything("mapping"),
        anything("template"),
        listing("fields"),
        text("field", "key", "key_path", "by"),
        flag("reverse", "descending"),
        text("function", "aggregate", default="sum"),
        text("separator", default=", "),
        integer("limit", "count", default=10),
        text("output_variable", "output_var"),
    ),
    gives=("result", "count"),
)
def data_transform(run: NodeRun) -> Mapping[str, Any]:
    """Changes `input` by `operation`; without one, returns the value of `mapping` or `expression`.

    Operations: map, filter, sort, select, group_by, aggregate (sum, avg, min, max, count), unique, flatten, limit,
    merge, to_json, from_json. In the expressions of map and filter the current element is `item`.
    """
    operation = run.text("operation").lower()
    source = run.value("input")
    result = _transformed(run, operation, source)
    name = run.text("output_variable")
    if name:
        run.run.variables[name] = result
    return {"result": result, "count": len(result) if isinstance(result, list | dict) else 1}


def _transformed(run: NodeRun, operation: str, source: Any) -> Any:
    match operation:
        case "":
            if run.raw("expression"):
                return run.evaluate(str(run.raw("expression")))
            return run.value("mapping", "template", default=source)
        case "to_json" | "json_stringify":
            return as_text(source) if not isinstance(source, str) else source
        case "from_json" | "json_parse":
            return dicts.from_json(source)
        case "merge":
            maps = [part for part in to_list(source, "input") if isinstance(part, Mapping)]
            return {key: value for part in maps for key, value in part.items()}
        case _:
            return _of_list(run, operation, to_list(source, "input"))


def _of_list(run: NodeRun, operation: str, items: list[Any]) -> Any:
    field = run.text("field")
    match operation:
        case "map":
            return [_mapped(run, item) for item in items]
        case "filter":
            written = str(run.raw("expression", "condition") or "item")
            return [item for item in items if _with_item(run, written, item)]
        case "sort":
            return sorted(
                items,
                key=lambda item: lists._order(lists.at_path(item, field)),
                reverse=run.flag("reverse"),
            )
        case "select" | "pick":
            fields = [as_text(name) for name in run.items("fields")]
            return [{name: lists.at_path(item, name) for name in fields} for item in items]
        case "group_by":
            groups: dict[str, list[Any]] = {}
            for item in items:
                groups.setdefault(as_text(lists.at_path(item, field)), []).append(item)
            return groups
        case "aggregate" | "reduce":
            function, values = run.text("function"), [lists.at_path(item, field) for item in items]
            return lists.reduced(function, values, run.text("separator") if function == "join" else None)
        case "sum" | "avg" | "min" | "max" | "count" | "first" | "last":
            return lists.reduced(operation, [lists.at_path(item, field) for item in items])
        case "unique":
            return list({as_text(lists.at_path(item, field)): item for item in reversed(items)}.values())[::-1]
        case "flatten":
            return [inner for item in items for inner in (item if isinstance(item, list) else [item])]
        case "limit":
            return items[: run.integer("limit")]
        case _:
            raise NodeInputError(f"{operation} is no operation of data_transform", node_id=run.node.id)


def _mapped(run: NodeRun, item: Any) -> Any:
    expressions = run.raw("mapping", "fields")
    if isinstance(expressions, Mapping):
        return {
            name: _with_item(run, written, item) if isinstance(written, str) else written
            for name, written in expressions.items()
        }
    return _with_item(run, str(run.raw("expression") or "item"), item)


def _with_item(run: NodeRun, expression: str, item: Any) -> Any:
    def lookup(path: str) -> Any:
        if path == "item":
            return item
        if path.startswith("item."):
            found = lists.at_path(item, path.removeprefix("item."))
            return None if found is MISSING else found
        return run.lookup(path)

    return evaluate(expression, lookup)
