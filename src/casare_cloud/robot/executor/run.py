"""The way in: runs a definition of either form and says what came of it."""

import json
import traceback
from collections.abc import Mapping
from typing import Any

from casare_cloud.robot.executor.context import Reporter, Run, Stopwatch, storable
from casare_cloud.robot.executor.control import RunControl
from casare_cloud.robot.executor.errors import InvalidWorkflowError, WorkflowError
from casare_cloud.robot.executor.flow import run_graph
from casare_cloud.robot.executor.graph import parse_definition
from casare_cloud.robot.executor.sandbox import Sandbox
from casare_cloud.robot.executor.steps import run_steps

MAX_VALUE_CHARACTERS = 250_000


def run_workflow(
    definition: Any,
    input: Mapping[str, Any],
    *,
    control: RunControl,
    sandbox: Sandbox,
    reporter: Reporter,
    facts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Runs the workflow in this thread and returns its result.

    The result is `{output, variables, files, node_executions, nodes_executed, duration_ms}`. `input` becomes
    variables, over those that the definition declares. Raises `WorkflowError`, or `RunCancelled` as `control` says.
    """
    watch = Stopwatch()
    run = Run(control, sandbox, reporter, variables={}, facts=facts or {})
    try:
        parsed = parse_definition(definition)
        if "steps" in parsed:
            run_steps(parsed, input, run)
        elif "nodes" in parsed:
            run_graph(parsed, input, run)
        else:
            raise InvalidWorkflowError("the workflow has neither nodes nor steps")
    except WorkflowError as error:
        error.stack_trace = error.stack_trace or traceback.format_exc(limit=8)
        error.node_executions = [timing.to_json() for timing in run.timings.values()]
        raise
    reporter.progress(100, None, "finished")
    return {
        "output": _fitting(run.output),
        "variables": {storable(name): _fitting(value) for name, value in run.variables.items()},
        "files": storable(sandbox.files()),
        "node_executions": storable([timing.to_json() for timing in run.timings.values()]),
        "nodes_executed": run.node_runs,
        "duration_ms": round(watch.seconds * 1000),
    }


def _fitting(value: Any) -> Any:
    """The value as a job's record can hold it, or a note of its size when it is too large."""
    clean = storable(value)
    size = len(json.dumps(clean, ensure_ascii=False))
    return clean if size <= MAX_VALUE_CHARACTERS else {"truncated": True, "characters": size}
