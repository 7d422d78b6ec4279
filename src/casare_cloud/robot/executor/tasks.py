"""The task types of the automation form that a robot without plugins can do (api-decisions#task-types)."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from casare_cloud.robot.executor.context import NodeRun, to_list
from casare_cloud.robot.executor.declarations import (
    NodeType,
    anything,
    choice,
    expression,
    flag,
    integer,
    kind_of,
    listing,
    mapping,
    node_type,
    number,
    text,
)
from casare_cloud.robot.executor.errors import NodeInputError
from casare_cloud.robot.executor.expressions import evaluate, is_true
from casare_cloud.robot.executor.nodes import basic, csv_files, dicts, files, lists, web
from casare_cloud.robot.executor.registry import Next, NodeFunction, built_in, find_declaration
from casare_cloud.robot.executor.step_answers import (
    EXTRACTS,
    VALIDATES,
    extracted_from,
    named_in,
    require_content,
    require_status,
)
from casare_cloud.robot.executor.step_loops import LOOP
from casare_cloud.robot.executor.templates import MISSING, TEMPLATE, as_text

TASKS: dict[str, NodeFunction] = {}
"""By kind, as `kind_of` writes it."""
DECLARED_TASKS: dict[str, NodeType] = {kind_of(name): LOOP for name in LOOP.names}
TASK_NAMES: dict[str, str] = {kind_of(name): name for name in LOOP.names}
"""As workflows write them, by kind."""
WAITING = frozenset({
    "httprequest", "apirequest", "httpdownload", "httpdownloadfile", "httpsuper", "delay", "wait", "sleep", "loop",
    "foreach", "pythonscript", "shellcommand", "customscript", "webscrape", "webscraping", "formfill", "formfilling",
    "screenshot", "pdfgenerate", "pageinteraction",
})  # fmt: skip
"""Kinds that wait for somebody else: they run beside what does not depend on them."""

EVERY_STEP_TAKES = (
    flag("continue_on_error"),
    flag("run_on_failure"),
    text("branch", default="true"),
    expression("when"),
    anything("retry"),
    anything("_retry_policy"),
    anything("_retry_max_attempts"),
)
"""What the configuration of any step may say besides: see `steps`."""


def task(*types: str, **parts: Any) -> Callable[[NodeFunction], NodeFunction]:
    """Registers a function as the implementation of these task types, with its declaration (see `node_type`)."""

    def register(function: NodeFunction) -> NodeFunction:
        _add(types, function, node_type(types, function.__doc__, subject=function.__module__, **parts))
        return function

    return register


def task_names() -> list[str]:
    """Every task type of this package, as workflows write it."""
    return list(TASK_NAMES.values())


def find_step_type(name: str) -> NodeType | None:
    """What a step of this type takes: the task's or node's declaration with what every step takes, or None."""
    declared = DECLARED_TASKS.get(kind_of(name)) or find_declaration(kind_of(name))
    if declared is None:
        return None
    return replace(declared, options={**declared.options, **{option.name: option for option in EVERY_STEP_TAKES}})


def _add(types: tuple[str, ...], function: NodeFunction, declared: NodeType) -> None:
    for name in types:
        TASK_NAMES[kind_of(name)] = name
        TASKS[kind_of(name)] = function
        DECLARED_TASKS[kind_of(name)] = declared


for _types, _function, _node in (
    (("log",), basic.log, "log"),
    (("set_variable",), basic.set_variable, "setvariable"),
    (("json_parse", "parse_json"), dicts.parse_json, "parsejson"),
    (("file_read",), files.read_file, "readfile"),
    (("http_download",), web.download, "httpdownload"),
):
    _add(_types, _function, built_in(_node))


_REQUEST = tuple(option for option in web.REQUEST if option.name not in ("timeout", "headers", "body"))


@task(
    "http_request",
    "api_request",
    takes=(
        *_REQUEST,
        mapping("headers"),
        anything("body", "json", "data"),
        number("timeout", "timeout_seconds", default=30.0),
        integer("timeout_ms"),
        choice("body_type", "json", "form", "text", default="json"),
        mapping("auth"),
        text("method", default="GET"),
        anything("expected_status"),
        mapping("validate"),
        mapping("extract"),
    ),
    gives=(*web.ANSWER, "data", "headers", "url", "extracted"),
    needs=("url",),
)
def http_request(run: NodeRun) -> Mapping[str, Any]:
    """A request whose answer is expected: an error status fails the step, unless `expected_status` names it.

    `validate` may name `status_code`, a `json_path` that must lead to something, and a text that the answer `contains`.
    `extract` puts what lies at a `json_path` into `extracted.data`, and named `headers` into `extracted.headers`.
    """
    rules, wanted = named_in(run, "validate", VALIDATES), named_in(run, "extract", EXTRACTS)
    answer = web.send(_as_written(run), run.text("method").upper())
    require_status(answer, run.value("expected_status"), rules.get("status_code"))
    outputs = web.outputs_of(answer)
    data = answer.text if outputs["json"] is None else outputs["json"]
    require_content(run, answer, data, rules)
    more = {"data": data, "headers": answer.headers, "url": answer.url}
    return {**outputs, **more, **({"extracted": extracted_from(run, answer, data, wanted)} if wanted else {})}


def _as_written(run: NodeRun) -> NodeRun:
    """The request of a step in the words of the HTTP node: `auth`, `body_type` and `timeout_ms` are a step's."""
    config: dict[str, Any] = {**run.node.config}
    auth = run.mapping("auth")
    headers = run.mapping("headers")
    kind = str(auth.get("type") or ("bearer" if auth.get("token") else "none")).lower()
    match kind:
        case "none":
            pass
        case "bearer":
            headers.setdefault("Authorization", f"Bearer {as_text(auth.get('token'))}")
        case "basic":
            pair = f"{as_text(auth.get('username'))}:{as_text(auth.get('password'))}"
            headers.setdefault("Authorization", f"Basic {base64.b64encode(pair.encode()).decode('ascii')}")
        case "api_key":
            headers.setdefault(
                as_text(auth.get("header") or "X-API-Key"), as_text(auth.get("key") or auth.get("token"))
            )
        case _:
            raise NodeInputError(f"auth.type {kind} is none of none, bearer, basic, api_key", node_id=run.node.id)
    if run.choice("body_type") == "form":
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        config["body"] = urlencode(run.mapping("body"), doseq=True)
    if run.value("timeout_ms") is not None:
        config["timeout"] = run.number("timeout_ms") / 1000
    config["headers"] = headers
    node = replace(run.node, config=config)
    return NodeRun(run.run, node, lambda port: MISSING, run.lookup, run.declared, run.control)


@task(
    "delay",
    "wait",
    takes=(number("duration", "seconds", "delay", default=1.0), number("duration_ms", "milliseconds"), text("until")),
    gives=("waited_seconds",),
)
def delay(run: NodeRun) -> Next | Mapping[str, Any] | None:
    """Waits `seconds`, `duration_ms`, or `until` a time in ISO 8601; ends early when the job must stop."""
    until = run.text("until")
    if not until:
        return basic.wait(run)
    try:
        time = datetime.fromisoformat(until)
    except ValueError as error:
        raise NodeInputError(f"until of {run.node.id} is no time in ISO 8601: {until!r}") from error
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    seconds = max(0.0, (time - datetime.now(UTC)).total_seconds())
    run.control.sleep(seconds)
    return {"waited_seconds": seconds}


_BRANCHES = tuple(anything(name) for side in ("true", "false") for name in (f"{side}_branch", f"on_{side}"))


@task(
    "condition",
    "conditional",
    takes=(*basic.CONDITION, *_BRANCHES),
    gives=("result", "branch"),
    needs=("expression|condition",),
)
def condition(run: NodeRun) -> Mapping[str, Any]:
    """Decides which steps after it run: those on the side that it comes out on, true or false."""
    written = run.raw("expression", "condition")
    whole = TEMPLATE.fullmatch(written.strip()) if isinstance(written, str) else None
    if whole is not None and run.lookup(whole[1]) is MISSING:  # a formula in braces
        result = is_true(run.evaluate(whole[1]))
    else:
        result = run.condition()
    return {"result": result, "branch": "true" if result else "false"}


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
    needs=("file_path",),
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
        anything("input", "input_data", "data", "source", "items"),
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


FILE_OPERATIONS: dict[str, NodeFunction] = {
    "read": files.read_file,
    "write": file_write,
    "copy": files.copy_file,
    "move": files.move_file,
    "delete": files.delete_file,
    "list": files.list_files,
}
_FILE_NODES = {"read": "readfile", "copy": "copyfile", "move": "movefile", "delete": "deletefile", "list": "listfiles"}


@task(
    "file_ops",
    "file_copy",
    "file_move",
    "file_delete",
    "file_list",
    takes=(
        text("operation"),
        text("source_path", "file_path", "path", "source"),
        text("destination_path", "destination", "dest_path"),
        anything("content"),
    ),
    gives=(),
    any_output=True,
)
def file_ops(run: NodeRun) -> Mapping[str, Any]:
    """Reads, writes, copies, moves, deletes or lists files in the job's folder, by `operation`."""
    operation = run.text("operation").lower() or run.node.kind.removeprefix("file")
    function = FILE_OPERATIONS.get(operation)
    if function is None:
        raise NodeInputError(f"{operation} is none of {', '.join(FILE_OPERATIONS)}", node_id=run.node.id)
    source, destination = run.text("source_path"), run.text("destination_path")
    config: dict[str, Any] = {"file_path": source or destination}
    match operation:
        case "write":
            config = {"file_path": destination or source, "content": run.value("content")}
        case "list":
            config = {"dir_path": source or "."}
        case "copy" | "move":
            config = {"source_path": source, "dest_path": destination}
    declared = DECLARED_TASKS["filewrite"] if operation == "write" else built_in(_FILE_NODES[operation])
    node = replace(run.node, config=config)
    left = function(NodeRun(run.run, node, lambda port: MISSING, run.lookup, declared, run.control))
    return dict(left) if isinstance(left, Mapping) else {}
