"""The steps form: read, and put in an order that keeps every dependency."""

import heapq
from collections.abc import Mapping
from typing import Any

from casare_cloud.robot.executor.errors import InvalidWorkflowError
from casare_cloud.robot.executor.graph import MAX_NODES, Node


def parse_steps(items: Any) -> dict[str, Mapping[str, Any]]:
    """The steps by id; raises `InvalidWorkflowError` that names what is wrong."""
    if not isinstance(items, list):
        raise InvalidWorkflowError("steps is not a list")
    if len(items) > MAX_NODES:
        raise InvalidWorkflowError(f"the workflow has {len(items)} steps; at most {MAX_NODES} are allowed")
    steps: dict[str, Mapping[str, Any]] = {}
    for number, item in enumerate(items):
        if not isinstance(item, Mapping) or not isinstance(item.get("type"), str) or item.get("id") in (None, ""):
            raise InvalidWorkflowError(f"steps[{number}] needs an id and a type")
        if str(item["id"]) in steps:
            raise InvalidWorkflowError(f"two steps have the id {item['id']}", node_id=str(item["id"]))
        steps[str(item["id"])] = item
    return steps


def in_order(steps: Mapping[str, Mapping[str, Any]]) -> list[Node]:
    """Dependencies first, else as written."""
    needs = {step_id: _needs(step_id, step, steps) for step_id, step in steps.items()}
    position = {step_id: number for number, step_id in enumerate(steps)}
    ready = [position[step_id] for step_id, needed in needs.items() if not needed]
    waiting = {step_id: set(needed) for step_id, needed in needs.items() if needed}
    ids = list(steps)
    order: list[Node] = []
    heapq.heapify(ready)
    while ready:
        step_id = ids[heapq.heappop(ready)]
        step = steps[step_id]
        config = step.get("config")
        order.append(
            Node(step_id, step["type"], str(step.get("name") or step_id), config if isinstance(config, Mapping) else {})
        )
        for other in [other for other, needed in waiting.items() if step_id in needed]:
            waiting[other].discard(step_id)
            if not waiting[other]:
                del waiting[other]
                heapq.heappush(ready, position[other])
    if waiting:
        raise InvalidWorkflowError(f"steps depend on one another in a circle: {', '.join(sorted(waiting))}")
    return order


def _needs(step_id: str, step: Mapping[str, Any], steps: Mapping[str, Any]) -> list[str]:
    needed = needed_by(step)
    for name in needed:
        if name not in steps:
            raise InvalidWorkflowError(f"step {step_id} depends on {name}, which is no step", node_id=step_id)
    return needed


def needed_by(step: Mapping[str, Any]) -> list[str]:
    """The ids of the steps that a step depends on."""
    given = step.get("depends_on") or []
    if not isinstance(given, str | int | list):
        raise InvalidWorkflowError(f"depends_on of step {step['id']} is not a list", node_id=str(step["id"]))
    return [str(name) for name in (given if isinstance(given, list) else [given])]


def parse_mappings(items: Any) -> list[Mapping[str, Any]]:
    """The mappings between variables and steps; raises `InvalidWorkflowError` that names what is wrong."""
    if not isinstance(items or [], list):
        raise InvalidWorkflowError("step_mappings is not a list")
    mappings = [item for item in items or [] if isinstance(item, Mapping)]
    for mapping in mappings:
        for key in ("input_mapping", "output_mapping"):
            if not isinstance(mapping.get(key) or {}, Mapping):
                raise InvalidWorkflowError(f"{key} of the mapping for step {mapping.get('step_id')} is not an object")
    return mappings
