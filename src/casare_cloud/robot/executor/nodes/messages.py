"""What the published product shows to a person or reads of the machine, as a robot without a screen does it."""

import os
import platform
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import anything, choice, flag, integer, mapping, number, text, unused
from casare_cloud.robot.executor.errors import NodeInputError, UnsupportedNodeError
from casare_cloud.robot.executor.nodes.basic import LOG_LEVELS
from casare_cloud.robot.executor.registry import node
from casare_cloud.robot.executor.scripts import run_python
from casare_cloud.robot.executor.templates import as_text

_NO_SCREEN = "a robot has no screen: the message is logged"


@node(
    "MessageBoxNode",
    takes=(
        text("message"),
        text("title", default="Message"),
        text("detailed_text"),
        choice("icon_type", "information", "warning", "error", "question", default="information"),
        choice("buttons", "ok", "ok_cancel", "yes_no", "yes_no_cancel", default="ok"),
        text("default_button"),
        unused("always_on_top", _NO_SCREEN),
        unused("play_sound", _NO_SCREEN),
        unused("auto_close_timeout", _NO_SCREEN),
    ),
    gives=("result", "accepted"),
)
def message_box(run: NodeRun) -> Mapping[str, Any]:
    """Logs the message and goes on, as if somebody had pressed the default button (else OK or Yes)."""
    words = {"warning": "warning", "error": "error"}
    lines = [part for part in (run.text("message"), run.text("detailed_text")) if part]
    run.log(words.get(run.choice("icon_type"), "info"), f"{run.text('title')}: " + "\n".join(lines))
    pressed = run.text("default_button").lower() or ("ok" if run.choice("buttons").startswith("ok") else "yes")
    return {"result": pressed, "accepted": pressed in ("ok", "yes")}


@node(
    "LogErrorNode",
    takes=(
        text("error_message"),
        text("error_type"),
        anything("context"),
        choice("level", *LOG_LEVELS, default="error"),
        flag("include_stack_trace"),
    ),
    gives=("log_entry",),
)
def log_error(run: NodeRun) -> Mapping[str, Any]:
    """Logs an error; without a message, the one that led here."""
    caught = {name: run.lookup(name) for name in ("error_message", "error_type", "stack_trace")}
    known = {name: value for name, value in caught.items() if isinstance(value, str)}
    entry = {
        "error_type": run.text("error_type") or known.get("error_type", "Error"),
        "error_message": run.text("error_message") or known.get("error_message", ""),
        "context": run.value("context"),
    }
    if run.flag("include_stack_trace"):
        entry["stack_trace"] = known.get("stack_trace", "")
    run.log(run.choice("level"), f"[{entry['error_type']}] {entry['error_message']}", {"context": entry["context"]})
    return {"log_entry": entry}


@node(
    "LogToFileNode",
    takes=(
        text("log_file_path", "file_path", default=None),
        text("log_message", "message", default=None),
        choice("level", "DEBUG", "INFO", "WARNING", "ERROR", default="INFO"),
        flag("append", default=True),
        flag("add_timestamp", default=True),
    ),
    gives=("success", "lines_written"),
    needs=("log_file_path",),
)
def log_to_file(run: NodeRun) -> Mapping[str, Any]:
    """Writes the lines of a message to a file of the job's folder, each with its level and the time (UTC)."""
    path, head = as_text(run.need("log_file_path")), f"[{run.choice('level')}] "
    if run.flag("add_timestamp"):
        head = f"[{datetime.now(UTC):%Y-%m-%d %H:%M:%S}] {head}"
    lines = [f"{head}{line}\n" for line in as_text(run.need("log_message")).split("\n")]
    run.run.sandbox.write_bytes(path, "".join(lines).encode(), append=run.flag("append"))
    return {"success": True, "lines_written": len(lines)}


@node(
    "EnvironmentVariableNode",
    takes=(
        choice("action", "get", "set", default="get"),
        text("var_name", default=None),
        text("value"),
        unused("scope", "variables of the robot's own process are read"),
    ),
    gives=("result_value", "exists", "success"),
)
def environment_variable(run: NodeRun) -> Mapping[str, Any]:
    """A variable of the robot's environment, where its owner allows scripts. It cannot be set: all jobs share it."""
    name = run.text("var_name").strip()
    if not run.run.allows_scripts:
        raise _not_allowed(run)
    if run.choice("action") == "set":
        raise UnsupportedNodeError("a job cannot set variables of the robot's environment", node_id=run.node.id)
    if not name:
        raise run.lacks("var_name")
    if name.upper().startswith("CASARE_"):
        raise NodeInputError(f"{name} is the robot's own", node_id=run.node.id)
    return {"result_value": os.environ.get(name, ""), "exists": name in os.environ, "success": True}


@node(
    "SystemInfoNode",
    takes=(choice("info_type", "os", "cpu", "ram", "disk", "network", "all", default="all"),),
    gives=("info", "os_name", "cpu_percent", "ram_percent", "disk_percent"),
)
def system_info(run: NodeRun) -> Mapping[str, Any]:
    """Facts about the robot's machine; what cannot be read is null."""
    from casare_cloud.robot.machine import MachineMetrics, hostname

    measured = MachineMetrics(run.run.sandbox.folder).read()
    disk = shutil.disk_usage(run.run.sandbox.folder)
    facts: dict[str, Any] = {
        "os": {"name": platform.system(), "release": platform.release(), "machine": platform.machine()},
        "cpu": {"count": os.cpu_count(), "percent": measured.get("cpu_percent")},
        "ram": {"used_mb": measured.get("memory_mb"), "percent": measured.get("memory_percent")},
        "disk": {"total": disk.total, "free": disk.free, "percent": measured.get("disk_percent")},
        "network": {"hostname": hostname()},
    }
    wanted = run.choice("info_type")
    return {
        "info": facts if wanted == "all" else {wanted: facts[wanted]},
        "os_name": facts["os"]["name"],
        "cpu_percent": measured.get("cpu_percent"),
        "ram_percent": measured.get("memory_percent"),
        "disk_percent": measured.get("disk_percent"),
    }


@node(
    "RunPythonScriptNode",
    takes=(
        text("code", "script", default=None),
        mapping("variables"),
        number("timeout", default=60.0),
        integer("timeout_ms"),
        unused("isolated", "a script always runs in a process of its own"),
    ),
    gives=("result", "output", "success", "error"),
    needs=("code",),
)
def run_python_script(run: NodeRun) -> Mapping[str, Any]:
    """Runs Python in a process of its own, where the robot's owner allows scripts; `result` is what it leaves."""
    if not run.run.allows_scripts:
        raise _not_allowed(run)
    ended = run_python(run, str(run.raw("code") or run.need("code")), run.mapping("variables"))
    return {"result": ended["result"], "output": ended["stdout"], "success": True, "error": ended["stderr"]}


def _not_allowed(run: NodeRun) -> UnsupportedNodeError:
    return UnsupportedNodeError(
        f"{run.node.type} {run.node.id} needs a robot whose owner allows scripts (--allow-scripts)", node_id=run.node.id
    )
