"""The task types of the automation form that a robot without plugins can do (api-map §4)."""

from collections.abc import Callable, Mapping
from typing import Any

from casare_cloud.robot.executor.context import NodeRun, to_list
from casare_cloud.robot.executor.errors import HttpRequestError, NodeInputError
from casare_cloud.robot.executor.expressions import evaluate
from casare_cloud.robot.executor.graph import kind_of
from casare_cloud.robot.executor.nodes import basic, dicts, files, lists, web
from casare_cloud.robot.executor.registry import NodeFunction
from casare_cloud.robot.executor.templates import MISSING, as_text

TASKS: dict[str, NodeFunction] = {}
"""By kind, as `kind_of` writes it."""


def task(*types: str) -> Callable[[NodeFunction], NodeFunction]:
    """Registers a function as the implementation of these task types."""

    def register(function: NodeFunction) -> NodeFunction:
        TASKS.update({kind_of(name): function for name in types})
        return function

    return register


task("delay", "wait")(basic.wait)
task("log")(basic.log)
task("set_variable")(basic.set_variable)
task("json_parse", "parse_json")(dicts.parse_json)
task("file_read")(files.read_file)
task("http_download")(web.download)


@task("http_request")
def http_request(run: NodeRun) -> Mapping[str, Any]:
    """A request whose answer is expected: an error status fails the step, unless `expected_status` names it."""
    answer = web.send(run, run.text("method", default="GET").upper())
    expected = run.value("expected_status")
    accepted = [
        int(status) for status in (expected if isinstance(expected, list) else [expected]) if status not in (None, "")
    ]
    if answer.status_code not in accepted if accepted else answer.status_code >= 400:
        error = HttpRequestError(f"{answer.url} answered {answer.status_code}")
        error.is_retryable = answer.status_code >= 500 or answer.status_code == 429
        raise error
    return web.outputs_of(answer)


@task("condition")
def condition(run: NodeRun) -> Mapping[str, Any]:
    return {"result": run.condition()}


@task("file_write")
def file_write(run: NodeRun) -> Mapping[str, Any]:
    """Writes `content` to `path`; lists of rows become CSV in a `.csv` file, other values JSON."""
    path = files.path_of(run, "path", "file_path", "filename")
    content = run.value("content", "data", default="")
    if isinstance(content, list) and path.lower().endswith(".csv"):
        text = files.csv_text(
            content, run.value("columns", "headers", default=[]), run.text("delimiter", default=","), True
        )
    else:
        text = as_text(content)
    append = run.flag("append") or run.text("mode") in ("append", "a")
    written = run.run.sandbox.write_bytes(path, files.encoded(run, text), append=append)
    return {"path": path, "file_path": path, "bytes_written": written, "success": True}


@task("data_transform", "transform")
def data_transform(run: NodeRun) -> Mapping[str, Any]:
    """Changes `input` by `operation`; without one, returns the value of `mapping` or `expression`.

    Operations: map, filter, sort, select, group_by, aggregate (sum, avg, min, max, count), unique, flatten, limit,
    merge, to_json, from_json. In the expressions of map and filter the current element is `item`.
    """
    operation = run.text("operation", "transform_type", "type").lower()
    source = run.value("input", "data", "source", "items")
    result = _transformed(run, operation, source)
    name = run.text("output_variable", "output_var")
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
    field = run.text("field", "key", "key_path", "by")
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
                reverse=run.flag("reverse", "descending"),
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
            return lists.reduced(
                run.text("function", "aggregate", default="sum"), [lists.at_path(item, field) for item in items]
            )
        case "sum" | "avg" | "min" | "max" | "count" | "first" | "last":
            return lists.reduced(operation, [lists.at_path(item, field) for item in items])
        case "unique":
            return list({as_text(lists.at_path(item, field)): item for item in reversed(items)}.values())[::-1]
        case "flatten":
            return [inner for item in items for inner in (item if isinstance(item, list) else [item])]
        case "limit":
            return items[: run.integer("limit", "count", default=10)]
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
