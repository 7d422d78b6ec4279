"""Task types that run programs on the robot's machine: only where its owner said so (`--allow-scripts`)."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casare_cloud.robot.executor.context import NodeRun, storable
from casare_cloud.robot.executor.declarations import integer, mapping, number, text
from casare_cloud.robot.executor.errors import NodeError, NodeInputError
from casare_cloud.robot.executor.tasks import task
from casare_cloud.robot.executor.templates import MISSING, as_text

SCRIPTS = frozenset({"pythonscript", "shellcommand", "customscript"})
MOST_OUTPUT_BYTES = 1 << 20
LOOK_SECONDS = 0.05
# Nothing of the robot's own: its key is there.
_PASSED_ON = "PATH LANG LC_ALL TZ SYSTEMROOT TEMP TMP"
# Reads {code, names} and leaves `output`, else `result`, as JSON.
_PYTHON = """
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    given = json.load(file)
names = dict(given["names"], __name__="__main__")
exec(compile(given["code"], "script", "exec"), names)
with open(sys.argv[2], "w", encoding="utf-8") as file:
    json.dump(names.get("output", names.get("result")), file, default=str)
"""
_TIME = (number("timeout", "timeout_seconds", default=60.0), integer("timeout_ms"))
_PRINTED = ("stdout", "stderr", "exit_code")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def outputs(self) -> dict[str, Any]:
        return {"stdout": self.stdout, "stderr": self.stderr, "exit_code": self.exit_code}


@task(
    "python_script",
    takes=(text("code", "script", default=None), mapping("inputs"), *_TIME),
    gives=(*_PRINTED, "result"),
    needs=("code",),
)
def python_script(run: NodeRun) -> Mapping[str, Any]:
    """Runs Python in a process of its own: `inputs` and `variables` are names in it, and `output` is its result."""
    return run_python(run, as_text(run.raw("code") or run.need("code")), run.mapping("inputs"))


@task(
    "custom_script",
    takes=(text("code", "script", default=None), text("language", default="python"), mapping("inputs"), *_TIME),
    gives=(*_PRINTED, "result"),
    needs=("code",),
)
def custom_script(run: NodeRun) -> Mapping[str, Any]:
    """Runs a script in `language`: python, bash, or javascript where the machine has Node.js."""
    code = as_text(run.raw("code") or run.need("code"))
    match run.text("language").lower():
        case "python":
            return run_python(run, code, run.mapping("inputs"))
        case "bash" | "shell" | "sh":
            ended = _run(run, ["/bin/sh", "-c", code])
        case "javascript" | "js" | "node":
            ended = _run(run, ["node", "-e", code])
        case other:
            raise NodeInputError(f"language {other} is none of python, bash, javascript", node_id=run.node.id)
    return {**ended.outputs, "result": ended.stdout.strip()}


@task(
    "shell_command",
    takes=(
        text("command", default=None),
        text("shell", default="/bin/sh"),
        text("working_dir"),
        mapping("env"),
        *_TIME,
    ),
    gives=(*_PRINTED, "result"),
    needs=("command",),
)
def shell_command(run: NodeRun) -> Mapping[str, Any]:
    """Runs a command in a shell, in the job's folder; an exit code other than 0 fails the step."""
    env = {str(name): as_text(value) for name, value in run.mapping("env").items()}
    ended = _run(run, [run.text("shell"), "-c", as_text(run.need("command"))], env, run.text("working_dir"))
    return {**ended.outputs, "result": ended.stdout.strip()}


def run_python(run: NodeRun, code: str, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        given, left, wrapper = (Path(folder) / name for name in ("given.json", "left.json", "run.py"))
        names = {**storable(inputs), "variables": storable(run.run.variables), "inputs": storable(inputs)}
        found = {name: run.lookup(name) for name in ("item", "index")}  # of a loop around
        names |= {name: storable(value) for name, value in found.items() if value is not MISSING}
        given.write_text(json.dumps({"code": code, "names": names}), encoding="utf-8")
        wrapper.write_text(_PYTHON, encoding="utf-8")
        ended = _run(run, [sys.executable, "-I", str(wrapper), str(given), str(left)])
        result = json.loads(left.read_text(encoding="utf-8")) if left.exists() else None
    return {**ended.outputs, "result": result}


def _run(run: NodeRun, command: Sequence[str], env: Mapping[str, str] | None = None, folder: str = "") -> Ended:
    """Runs a program to its end; the job's end, or its own time, ends it with all that it started."""
    milliseconds = run.value("timeout_ms")
    seconds = float(run.number("timeout")) if milliseconds is None else float(run.number("timeout_ms")) / 1000
    control = run.control
    cwd = run.run.sandbox.locate(folder) if folder else run.run.sandbox.folder
    surroundings = {name: os.environ[name] for name in _PASSED_ON.split() if name in os.environ}
    surroundings |= {"HOME": str(run.run.sandbox.folder), **(env or {})}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(
                command, cwd=cwd, env=surroundings, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise NodeInputError(f"{command[0]} cannot be run here: {error.strerror}", node_id=run.node.id) from error
        try:
            waited = 0.0
            while True:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(LOOK_SECONDS)
                    break
                control.check()
                waited += LOOK_SECONDS
                if waited >= seconds:
                    raise NodeError(f"the script took longer than {seconds:g} seconds", node_id=run.node.id)
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        ended = Ended(process.returncode, _read(out), _read(err))
    if ended.exit_code:
        last = ended.stderr.strip().splitlines()
        why = f": {last[-1]}" if last else ""
        raise NodeError(f"the script ended with exit code {ended.exit_code}{why}", node_id=run.node.id)
    return ended


def _read(file: Any) -> str:
    file.seek(0)
    return bytes(file.read(MOST_OUTPUT_BYTES)).decode(errors="replace")
