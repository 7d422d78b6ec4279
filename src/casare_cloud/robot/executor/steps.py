"""The automation form: steps that depend on one another, run one by one in an order that keeps every dependency."""

from collections.abc import Mapping
from typing import Any

from casare_cloud.robot.executor.check import refuse_problems, steps_problems
from casare_cloud.robot.executor.context import NodeRun, Run, Stopwatch, make_lookup
from casare_cloud.robot.executor.declarations import kind_of
from casare_cloud.robot.executor.errors import (
    FATAL,
    NodeError,
    NodeInputError,
    UnsupportedNodeError,
    WorkflowError,
)
from casare_cloud.robot.executor.flow import INPUT_ERRORS
from casare_cloud.robot.executor.graph import Node, set_variables
from casare_cloud.robot.executor.registry import Next, NodeFunction, find_node
from casare_cloud.robot.executor.step_form import in_order, needed_by, parse_mappings, parse_steps
from casare_cloud.robot.executor.tasks import TASKS, find_step_type
from casare_cloud.robot.executor.templates import MISSING, follow, split_path


def run_steps(definition: Mapping[str, Any], input: Mapping[str, Any], run: Run) -> None:
    """Checks and runs a definition `{variables, step_mappings, steps}`; the outcome is left in `run`.

    A step's outputs are `{{step.port}}` to those after it. A step whose `condition` is false, or that depends on a
    `condition` step that came out false, is skipped with everything that depends on it; `config.branch: "false"`
    takes the other side. `config.continue_on_error` lets the others go on after a failure.
    """
    steps = parse_steps(definition.get("steps"))
    order = in_order(steps)
    functions = _functions(order)
    refuse_problems(steps_problems(definition), run.reporter)
    mappings = {str(mapping.get("step_id")): mapping for mapping in parse_mappings(definition.get("step_mappings"))}
    set_variables(run.variables, definition.get("variables"), input)
    for number, node in enumerate(order):
        run.show(100 * number / len(order), node)
        _run_step(node, steps[node.id], functions[node.id], mappings.get(node.id, {}), run)
    done = [node.id for node in order if run.timings.get(node.id) and run.timings[node.id].status == "completed"]
    if run.output is None and done:
        run.output = run.outputs[done[-1]].get("output")


def _functions(order: list[Node]) -> dict[str, NodeFunction]:
    found = {node.id: TASKS.get(kind_of(node.type)) or find_node(node.kind) for node in order}
    missing = [f"{node.type} (step {node.id})" for node in order if found[node.id] is None]
    if missing:
        first = next(node.id for node in order if found[node.id] is None)
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        raise UnsupportedNodeError(
            f"this robot cannot run {', '.join(missing[:10])}{more}; install a plugin for it", node_id=first
        )
    return {step_id: function for step_id, function in found.items() if function is not None}


def _run_step(
    node: Node, step: Mapping[str, Any], function: NodeFunction, mapping: Mapping[str, Any], run: Run
) -> None:
    timing = run.begin(node)
    watch = Stopwatch()
    step_run = NodeRun(
        run, _with_mapped_inputs(node, mapping, run), lambda port: MISSING, _lookup(run), find_step_type(node.type)
    )
    timing.status = "skipped"
    try:
        if _is_skipped(node, step, step_run):
            run.reporter.log("info", f"{node.name}: skipped", node.id)
            return
        timing.status = "failed"
        left = function(step_run)
        outputs = dict(left.outputs if isinstance(left, Next) else left or {})
        timing.status = "completed"
    except Exception as error:
        explained = _explained(node, error)
        run.outputs[node.id] = {"error": str(explained), "error_type": explained.error_type, "success": False}
        if isinstance(explained, FATAL) or not step_run.flag("continue_on_error"):
            raise explained from error
        run.reporter.log("warning", f"{node.name} failed: {explained}", node.id)
        return
    finally:
        run.end(timing, watch.seconds)
    run.outputs[node.id] = {**outputs, "output": outputs}
    for source, name in (mapping.get("output_mapping") or {}).items():
        value = follow(run.outputs[node.id], split_path(str(source)) or [])
        run.variables[str(name)] = None if value is MISSING else value


def _lookup(run: Run) -> Any:
    """Also finds `steps.<id>.…` and `variables.<name>`."""
    plain = make_lookup(run)

    def lookup(path: str) -> Any:
        found = plain(path)
        for prefix in ("steps.", "variables.", "nodes."):
            if found is MISSING and path.startswith(prefix):
                found = plain(path.removeprefix(prefix))
        return found

    return lookup


def _with_mapped_inputs(node: Node, mapping: Mapping[str, Any], run: Run) -> Node:
    """The step with configuration keys that its `input_mapping` takes from variables."""
    lookup = _lookup(run)
    mapped: dict[str, Any] = {}
    for key, source in (mapping.get("input_mapping") or {}).items():
        value = lookup(str(source).strip().strip("{} "))
        mapped[str(key)] = source if value is MISSING else value
    return Node(node.id, node.type, node.name, {**node.config, **mapped}) if mapped else node


def _is_skipped(node: Node, step: Mapping[str, Any], run: NodeRun) -> bool:
    outputs, timings = run.run.outputs, run.run.timings
    for name in needed_by(step):
        status = timings[name].status
        if status == "skipped":
            return True
        if status == "failed" and not run.flag("run_on_failure"):
            return True
        if timings[name].node_type == "condition":
            wanted = str(run.raw("branch") or "true").lower() != "false"
            if bool(outputs[name].get("result")) is not wanted:
                return True
    written = step.get("condition") or (node.config.get("when") if node.type != "condition" else None)
    return isinstance(written, str) and bool(written) and not run.evaluate(written)


def _explained(node: Node, error: Exception) -> WorkflowError:
    if isinstance(error, WorkflowError):
        error.node_id = error.node_id or node.id
        return error
    kind = NodeInputError if isinstance(error, INPUT_ERRORS) else NodeError
    return kind(f"step {node.id}: {error}", node_id=node.id, error_type=type(error).__name__)
