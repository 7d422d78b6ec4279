"""Finds what is wrong with a workflow of steps."""

from collections.abc import Iterator, Mapping
from typing import Any

from casare_cloud.robot.executor.check_options import (
    missing_options,
    option_problems,
    structural,
    unknown_keys,
    unknown_type,
    workflow_keys,
)
from casare_cloud.robot.executor.declarations import NOTES
from casare_cloud.robot.executor.errors import WorkflowError
from casare_cloud.robot.executor.graph import Node
from casare_cloud.robot.executor.problems import Problem, listed, nearest
from casare_cloud.robot.executor.step_form import LOOPS, Step, in_order, inner_steps, parse_mappings, parse_steps
from casare_cloud.robot.executor.step_retries import Retries, timeout_of
from casare_cloud.robot.executor.tasks import find_step_type, task_names

MAX_DEPTH = 10
STEP_KEYS = frozenset({
    "id", "type", "config", "depends_on", "next", "branches", "on_error", "body", "step", "condition", "retry",
    "enabled", "timeout",
})  # fmt: skip
STEP_NOTES = NOTES | {"name", "order"}
MAPPING_KEYS = frozenset({"step_id", "input_mapping", "output_mapping"})


def steps_problems(definition: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems of a definition with steps."""
    yield from workflow_keys(definition, "")
    steps = {str(item["id"]): item for item in definition["steps"]}
    if not steps:
        yield Problem("steps", "does_nothing", "warning", "the workflow has no steps, so that nothing runs")
    mappings = parse_mappings(definition.get("step_mappings"))
    mapped = {str(mapping.get("step_id")): mapping.get("input_mapping") or {} for mapping in mappings}
    yield from _level_problems(parse_steps(definition["steps"]), "", mapped)
    yield from unknown_keys(mappings, "step_mappings", MAPPING_KEYS, NOTES | {"id"})
    for number, mapping in enumerate(mappings):
        yield from _mapping_problems(mapping, steps, f"step_mappings[{number}]")


def _level_problems(
    steps: Mapping[str, Step], path: str, mapped: Mapping[str, Mapping[str, Any]], depth: int = 0
) -> Iterator[Problem]:
    """The problems of the steps of a workflow, or of those that a loop carries; `mapped` are inputs by step."""
    yield from unknown_keys((step.written for step in steps.values()), f"{path}steps", STEP_KEYS, STEP_NOTES)
    for number, step in enumerate(steps.values()):
        declared, place = find_step_type(step.node.type), f"{path}steps[{number}]"
        if declared is None:
            yield from unknown_type(step.node.type, step.node.id, f"{place}.type", task_names())
            continue
        yield from option_problems(step.node, step.node.config, declared, f"{place}.config")
        if step.written.get("enabled") is not False:
            yield from missing_options(step.node, declared, mapped.get(step.node.id, ()), f"{place}.config")
        try:
            Retries.of(step)
            timeout_of(step)
            inner = inner_steps(step) if step.node.kind in LOOPS else {}
            in_order(inner)
        except WorkflowError as error:
            yield structural(f"{place}.", error)
            continue
        if depth < MAX_DEPTH:
            yield from _level_problems(inner, f"{place}.config.", {}, depth + 1)


def _mapping_problems(mapping: Mapping[str, Any], steps: Mapping[str, Any], path: str) -> Iterator[Problem]:
    step_id = str(mapping.get("step_id"))
    if step_id not in steps:
        message = f"a mapping is for the step {step_id}, which is not there"
        yield Problem(f"{path}.step_id", "unknown_step", "error", message, nearest(step_id, steps))
        return
    declared = find_step_type(steps[step_id]["type"])
    if declared is None:
        return
    inputs = {str(key): None for key in mapping.get("input_mapping") or ()}
    node = Node(step_id, steps[step_id]["type"], step_id, inputs)
    yield from option_problems(node, inputs, declared, f"{path}.input_mapping")
    for source in mapping.get("output_mapping") or ():
        output = str(source).partition(".")[0].partition("[")[0]
        if not declared.any_output and output not in declared.outputs | {"output"}:
            message = f"{output} is no output of {node.type} {step_id} (its outputs: {listed(declared.outputs)})"
            meant = nearest(output, declared.outputs)
            yield Problem(f"{path}.output_mapping.{source}", "unknown_port", "error", message, meant, step_id)
