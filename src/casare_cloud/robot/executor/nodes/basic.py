"""Entry, logging, variables, conditions and waiting."""

import json
import re
from collections.abc import Mapping
from typing import Any

from casare_cloud.robot.executor.context import NodeRun, parsed
from casare_cloud.robot.executor.declarations import (
    anything,
    choice,
    expression,
    flag,
    listing,
    number,
    text,
    unused,
)
from casare_cloud.robot.executor.errors import NodeInputError, ThrownError
from casare_cloud.robot.executor.expressions import is_true
from casare_cloud.robot.executor.graph import TRIGGER_TYPES
from casare_cloud.robot.executor.registry import Next, node
from casare_cloud.robot.executor.templates import MISSING, as_text
from casare_cloud.robot.transport import shortened

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
_BRACED = re.compile(r"(?<!\{)\{([A-Za-z_]\w*)\}(?!\})")


@node("StartNode", gives=("message",))
def start(run: NodeRun) -> Mapping[str, Any]:
    """Where execution begins."""
    return {"message": "Workflow started"}


@node(*TRIGGER_TYPES, any_option=True, any_port=True, any_output=True)
def trigger(run: NodeRun) -> Mapping[str, Any]:
    """Passes on: what fired has happened already. Its outputs are the job's input, by name and as `payload`."""
    given = run.run.variables.get("input")
    return {"payload": given, **given} if isinstance(given, Mapping) else {"payload": given}


@node("CommentNode", takes=(text("comment", "text"),))
def comment(run: NodeRun) -> None:
    """Words on the canvas; never run."""
    return


@node("MergeNode", "NoOpNode")
def nothing(run: NodeRun) -> None:
    """Goes on by its one exit, whichever way it was reached."""
    return


@node(
    "RerouteNode",
    "VisualRerouteNode",
    takes=(
        anything("in"),
        unused("data_type", "a dot passes on whatever comes in"),
        unused("is_exec_reroute", "what leads into a dot says what it carries"),
    ),
    gives=("out",),
)
def reroute(run: NodeRun) -> Mapping[str, Any]:
    """A dot in a wire: passes a value on, or the execution."""
    return {"out": run.value("in")}


@node(
    "LogNode",
    takes=(
        text("message"),
        choice("level", "debug", "info", "warning", "error", "critical", default="info"),
        anything("data"),
        unused("include_timestamp", "every line of a job's log has its time"),
        unused("include_node_id", "every line of a job's log has its node"),
        unused("print_to_terminal", "a robot's log is where its terminal goes"),
    ),
    gives=("message",),
)
def log(run: NodeRun) -> Mapping[str, Any]:
    """Writes to the job's log; a written `{name}` is taken as a variable too, as LogNode documents."""
    written = run.node.config.get("message")
    if isinstance(written, str) and not run.is_connected("message"):
        message = as_text(run.render(_BRACED.sub(lambda match: _as_template(run, match), written)))
    else:
        message = run.text("message")
    level = run.text("level").lower()
    data = run.value("data")
    run.log(level if level in LOG_LEVELS else "info", message, None if data is None else {"data": data})
    return {"message": message}


def _as_template(run: NodeRun, match: re.Match[str]) -> str:
    return match[0] if run.lookup(match[1]) is MISSING else f"{{{match[0]}}}"


VARIABLE_TYPES = (
    "String", "Boolean", "Int32", "Float", "Object", "Array", "List", "Dict", "FilePath", "DataTable", "Integer", "Int",
    "Number",
)  # fmt: skip


@node(
    "SetVariableNode",
    takes=(
        text("variable_name", "name", default=None),
        anything("value", "default_value", default=""),
        choice("variable_type", *VARIABLE_TYPES, default="String", also=("type",)),
    ),
    gives=("value",),
    needs=("variable_name",),
)
def set_variable(run: NodeRun) -> Mapping[str, Any]:
    """Sets a variable, converted to Boolean, Int32, Float, Object, Array, List or Dict when asked to.

    String and FilePath change nothing: an editor writes String beside every value.
    """
    name = as_text(run.need("variable_name")).strip()
    value = convert(run.value("value"), run.choice("variable_type"), f"the value of {name}")
    run.run.variables[name] = value
    return {"value": value}


def is_yes(value: Any) -> bool:
    """Whether a value says so: of texts, true, yes, on and 1 do."""
    return value.strip().lower() in ("true", "yes", "on", "1") if isinstance(value, str) else bool(value)


def convert(value: Any, wanted: str, what: str) -> Any:
    """The value as one of `VARIABLE_TYPES`."""
    try:
        match wanted.lower():
            case "boolean":
                return is_yes(value)
            case "int32" | "integer" | "int":
                return int(float(value))
            case "float" | "number":
                return float(value)
            case "object" | "dict" if isinstance(value, str):
                return json.loads(value)
            case "object" | "dict":
                return dict(value) if isinstance(value, Mapping) else {"value": value}
            case "datatable" if isinstance(value, str):
                return json.loads(value)
            case "array" | "list" if isinstance(value, str):
                found = parsed(value)
                return found if isinstance(found, list) else [part.strip() for part in value.split(",")]
            case "array" | "list":
                return list(value) if isinstance(value, list | tuple) else [value]
            case _:
                return value
    except (ValueError, TypeError) as error:
        raise NodeInputError(f"{what} is not of type {wanted}: {shortened(as_text(value), 100)!r}") from error


@node(
    "GetVariableNode",
    takes=(text("variable_name", "name", default=None), anything("default_value", "default")),
    gives=("value",),
    needs=("variable_name",),
)
def get_variable(run: NodeRun) -> Mapping[str, Any]:
    """The value of a variable, or the default when it is not set."""
    name = as_text(run.need("variable_name")).strip().strip("{} ")
    found = run.lookup(name)
    if found is MISSING:
        found = run.value("default_value")
        if found is None:
            run.run.warn_once(f"variable {name} is not set", run.node.id)
    return {"value": found}


@node(
    "IncrementVariableNode",
    takes=(text("variable_name", "name", default=None), number("increment", default=1)),
    gives=("value",),
    needs=("variable_name",),
)
def increment_variable(run: NodeRun) -> Mapping[str, Any]:
    """Adds to a variable that is a number; one that is not set counts as 0."""
    name = as_text(run.need("variable_name")).strip()
    before = run.run.variables.get(name, 0)
    if isinstance(before, bool) or not isinstance(before, int | float):
        raise NodeInputError(f"variable {name} is not a number")
    run.run.variables[name] = value = before + run.number("increment")
    return {"value": value}


CONDITION = (expression("condition"), expression("expression"))


@node(
    "IfNode", takes=CONDITION, gives=("result", "condition"), exits=("true", "false"), needs=("condition|expression",)
)
def if_(run: NodeRun) -> Next:
    """Leaves by `true` or `false`."""
    result = run.condition()
    return Next("true" if result else "false", {"result": result, "condition": result})


@node(
    "SwitchNode",
    takes=(anything("value"), expression("expression"), listing("cases")),
    gives=("value", "matched"),
    exits=("case_", "default"),
    needs=("value|expression",),
)
def switch(run: NodeRun) -> Next:
    """Leaves by `case_<value>` of the first case that equals the value, else by `default`."""
    value = run.value("value", default=MISSING)
    if value is MISSING:
        written = run.raw("expression")
        value = run.render(written)
        if isinstance(written, str) and value == written:
            value = run.evaluate(written)
    cases = parsed(run.value("cases", default=[]))
    if isinstance(cases, str):
        cases = [part.strip() for part in cases.split(",")]
    for case in cases:
        if case == value or as_text(case) == as_text(value):
            return Next(f"case_{as_text(case)}", {"value": value, "matched": True})
    return Next("default", {"value": value, "matched": False})


WAIT = (number("duration", "seconds", "delay", default=1.0), number("duration_ms", "milliseconds"))


@node("WaitNode", "DelayNode", "SleepNode", takes=WAIT, gives=("waited_seconds",))
def wait(run: NodeRun) -> Mapping[str, Any]:
    """Waits `duration` seconds (or `duration_ms`), ending early when the job must stop."""
    milliseconds = run.value("duration_ms")
    seconds = float(run.number("duration")) if milliseconds is None else float(milliseconds) / 1000
    if not 0 <= seconds <= 86_400:
        raise NodeInputError(f"{run.node.id} cannot wait {seconds:g} seconds; 0 to 86,400 is allowed")
    run.control.sleep(seconds)
    return {"waited_seconds": seconds}


@node(
    "EvaluateExpressionNode",
    "ExpressionNode",
    takes=(expression("expression"), text("output_var")),
    gives=("result",),
    needs=("expression",),
)
def evaluate_expression(run: NodeRun) -> Mapping[str, Any]:
    """The value of an expression; also kept in the variable that `output_var` names."""
    result = run.evaluate(str(run.raw("expression") or run.need("expression")))
    name = run.text("output_var")
    if name:
        run.run.variables[name] = result
    return {"result": result}


@node(
    "AssertNode",
    takes=(*CONDITION, text("message", default="Assertion failed")),
    gives=("passed",),
    needs=("condition|expression",),
)
def assert_(run: NodeRun) -> Mapping[str, Any]:
    """Fails the workflow with `message` unless the condition holds."""
    if not run.condition():
        raise ThrownError(run.text("message"), error_type="AssertionError")
    return {"passed": True}


PORT = (
    unused("data_type", "values keep the type they have"),
    unused("required", "an input that is not given is empty"),
)


@node(
    "AssertSystemNode",
    takes=(
        expression("condition"),
        text("assert_message", default="Assertion failed"),
        flag("fail_on_false", default=True),
        unused("value", "a condition names what it is about"),
    ),
    gives=("passed", "message"),
    needs=("condition",),
)
def assert_system(run: NodeRun) -> Mapping[str, Any]:
    """Fails the workflow unless the condition holds; with `fail_on_false` off, only says whether it does."""
    if run.is_connected("condition"):
        passed = is_true(run.value("condition"))
    else:
        passed = is_true(run.evaluate(as_text(run.raw("condition") or run.need("condition"))))
    if not passed and run.flag("fail_on_false"):
        raise ThrownError(run.text("assert_message"), error_type="AssertionError")
    return {"passed": passed, "message": "Assertion passed" if passed else run.text("assert_message")}


@node(
    "SubflowInputNode",
    takes=(text("port_name", "name", default="input"), *PORT, anything("default_value")),
    gives=("value",),
)
def subflow_input(run: NodeRun) -> Mapping[str, Any]:
    """An input of the sub-workflow that it stands in."""
    found = run.lookup(run.text("port_name"))
    return {"value": run.value("default_value") if found is MISSING else found}


@node(
    "SubflowOutputNode",
    takes=(text("port_name", "name", default="output"), *PORT, anything("value")),
    gives=("port_name", "value"),
)
def subflow_output(run: NodeRun) -> Mapping[str, Any]:
    """An output of the sub-workflow that it stands in."""
    return {"port_name": run.text("port_name"), "value": run.value("value")}
