"""The entry point: runs a definition of either form and returns its outcome."""

import traceback
from collections.abc import Mapping
from typing import Any

from casare_cloud.robot.executor.context import Reporter, Run, Stopwatch, storable
from casare_cloud.robot.executor.control import RunControl
from casare_cloud.robot.executor.errors import InvalidWorkflowError, ResultTooLarge, WorkflowError
from casare_cloud.robot.executor.flow import run_graph
from casare_cloud.robot.executor.graph import declared_variables, parse_definition
from casare_cloud.robot.executor.results import check_size
from casare_cloud.robot.executor.sandbox import Sandbox
from casare_cloud.robot.executor.secrets import Discreet, Secrets, secret_names
from casare_cloud.robot.executor.steps import run_steps

MAX_FILES = 1_000


def run_workflow(
    definition: Any,
    input: Mapping[str, Any],
    *,
    control: RunControl,
    sandbox: Sandbox,
    reporter: Reporter,
    facts: Mapping[str, Any] | None = None,
    allows_scripts: bool = False,
) -> dict[str, Any]:
    """Runs the workflow in this thread and returns its result.

    The result is `{output, variables, files, node_executions, nodes_executed, duration_ms}`, and `files_left_out`
    when there are more than 1,000 files. `input` becomes variables, over those that the definition declares. Raises
    `WorkflowError`, which `ResultTooLarge` is too, or `RunCancelled` as `control` says. What the definition declares
    secret is masked in all of that. `allows_scripts`: the robot's owner lets workflows run programs.
    """
    watch = Stopwatch()
    discreet = Discreet(reporter)
    run = Run(control, sandbox, discreet, variables={}, facts=facts or {}, allows_scripts=allows_scripts)
    try:
        parsed = parse_definition(definition)
        if names := secret_names(parsed.get("variables")):
            given = declared_variables(parsed.get("variables")) | dict(input)
            discreet.secrets = Secrets(names, given)
        if "steps" in parsed:
            run_steps(parsed, input, run)
        elif "nodes" in parsed:
            run_graph(parsed, input, run)
        else:
            raise InvalidWorkflowError("the workflow has neither nodes nor steps")
        result: dict[str, Any] = discreet.secrets.value(_result_of(run, watch)) if names else _result_of(run, watch)
    except WorkflowError as error:
        error.stack_trace = error.stack_trace or traceback.format_exc(limit=8)
        error.node_executions = [timing.to_json() for timing in run.timings.values()]
        discreet.secrets.error(error)
        raise
    finally:
        run.held.close()
    reporter.progress(100, None, "finished")
    return result


def _result_of(run: Run, watch: Stopwatch) -> dict[str, Any]:
    files = run.sandbox.files()
    result: dict[str, Any] = {
        "output": _stored("output", run.output),
        "variables": {storable(name): _stored(f"variable {name}", value) for name, value in run.variables.items()},
        "files": storable(files[:MAX_FILES]),
        "node_executions": storable([timing.to_json() for timing in run.timings.values()]),
        "nodes_executed": run.node_runs,
        "duration_ms": round(watch.seconds * 1000),
    }
    if len(files) > MAX_FILES:
        result["files_left_out"] = len(files) - MAX_FILES
    check_size(result)
    return result


def _stored(name: str, value: Any) -> Any:
    try:
        return storable(value)
    except ResultTooLarge as error:
        raise ResultTooLarge(f"{name} cannot be kept: {error}") from error
