"""Entry, logging, variables, conditions and waiting."""

import json
import re
from collections.abc import Mapping
from typing import Any

from casare_cloud.robot.executor.context import NodeRun, parsed
from casare_cloud.robot.executor.errors import NodeInputError, ThrownError
from casare_cloud.robot.executor.expressions import is_true
from casare_cloud.robot.executor.registry import Next, node
from casare_cloud.robot.executor.templates import MISSING, as_text
from casare_cloud.robot.transport import shortened

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
_BRACED = re.compile(r"(?<!\{)\{([A-Za-z_]\w*)\}(?!\})")


@node("StartNode")
def start(run: NodeRun) -> Mapping[str, Any]:
    return {"message": "Workflow started"}


@node("CommentNode", "MergeNode", "NoOpNode")
def nothing(run: NodeRun) -> None:
    return None


@node("RerouteNode")
def reroute(run: NodeRun) -> Mapping[str, Any]:
    return {"out": run.value("in")}


@node("LogNode")
def log(run: NodeRun) -> Mapping[str, Any]:
    """Writes to the job's log; a written `{name}` is taken as a variable too, as LogNode documents."""
    written = run.node.config.get("message")
    if isinstance(written, str) and not run.is_connected("message"):
        message = as_text(run.render(_BRACED.sub(lambda match: _as_template(run, match), written)))
    else:
        message = run.text("message")
    level = run.text("level", default="info").lower()
    data = run.value("data")
    run.log(level if level in LOG_LEVELS else "info", message, None if data is None else {"data": data})
    return {"message": message}


def _as_template(run: NodeRun, match: re.Match[str]) -> str:
    return match[0] if run.lookup(match[1]) is MISSING else f"{{{match[0]}}}"


@node("SetVariableNode")
def set_variable(run: NodeRun) -> Mapping[str, Any]:
    name = as_text(run.need("variable_name", "name")).strip()
    value = run.value("value", "default_value", default="")
    value = convert(value, run.text("variable_type", "type"), f"the value of {name}")
    run.run.variables[name] = value
    return {"value": value}


def convert(value: Any, wanted: str, what: str) -> Any:
    """The value as String, Boolean, Int32, Float, Object/Dict or Array/List; other words change nothing."""
    try:
        match wanted.lower():
            case "string":
                return as_text(value)
            case "boolean":
                return is_true(value)
            case "int32" | "integer" | "int":
                return int(float(value))
            case "float" | "number":
                return float(value)
            case "object" | "dict":
                return json.loads(value) if isinstance(value, str) else dict(value)
            case "array" | "list" if isinstance(value, str):
                found = parsed(value)
                return found if isinstance(found, list) else [part.strip() for part in value.split(",")]
            case "array" | "list":
                return list(value)
            case _:
                return value
    except (ValueError, TypeError) as error:
        raise NodeInputError(f"{what} is not of type {wanted}: {shortened(as_text(value), 100)!r}") from error


@node("GetVariableNode")
def get_variable(run: NodeRun) -> Mapping[str, Any]:
    name = as_text(run.need("variable_name", "name")).strip().strip("{} ")
    found = run.lookup(name)
    if found is MISSING:
        found = run.value("default_value", "default")
        if found is None:
            run.run.warn_once(f"variable {name} is not set", run.node.id)
    return {"value": found}


@node("IncrementVariableNode")
def increment_variable(run: NodeRun) -> Mapping[str, Any]:
    name = as_text(run.need("variable_name", "name")).strip()
    before = run.run.variables.get(name, 0)
    if isinstance(before, bool) or not isinstance(before, int | float):
        raise NodeInputError(f"variable {name} is not a number")
    run.run.variables[name] = value = before + run.number("increment", default=1)
    return {"value": value}


@node("IfNode")
def if_(run: NodeRun) -> Next:
    result = run.condition()
    return Next("true" if result else "false", {"result": result, "condition": result})


@node("SwitchNode")
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


@node("WaitNode", "DelayNode", "SleepNode")
def wait(run: NodeRun) -> Mapping[str, Any]:
    """Waits `duration` seconds (or `duration_ms`), ending early when the job must stop."""
    milliseconds = run.value("duration_ms", "milliseconds")
    seconds = (
        float(run.number("duration", "seconds", "delay", default=1.0))
        if milliseconds is None
        else float(milliseconds) / 1000
    )
    if not 0 <= seconds <= 86_400:
        raise NodeInputError(f"{run.node.id} cannot wait {seconds:g} seconds; 0 to 86,400 is allowed")
    run.run.control.sleep(seconds)
    return {"waited_seconds": seconds}


@node("EvaluateExpressionNode", "ExpressionNode")
def evaluate_expression(run: NodeRun) -> Mapping[str, Any]:
    result = run.evaluate(str(run.raw("expression") or run.need("expression")))
    name = run.text("output_var")
    if name:
        run.run.variables[name] = result
    return {"result": result}


@node("AssertNode")
def assert_(run: NodeRun) -> Mapping[str, Any]:
    if not run.condition():
        raise ThrownError(run.text("message", default="assertion failed"), error_type="AssertionError")
    return {"passed": True}


@node("SubflowInputNode")
def subflow_input(run: NodeRun) -> Mapping[str, Any]:
    found = run.lookup(run.text("port_name", "name"))
    return {"value": run.value("default_value") if found is MISSING else found}


@node("SubflowOutputNode")
def subflow_output(run: NodeRun) -> Mapping[str, Any]:
    return {"port_name": run.text("port_name", "name"), "value": run.value("value")}
