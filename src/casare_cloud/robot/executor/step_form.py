"""The steps form: read, with every way in which a step may name another, and put in an order that keeps them all."""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from casare_cloud.robot.executor.declarations import kind_of
from casare_cloud.robot.executor.errors import InvalidWorkflowError
from casare_cloud.robot.executor.graph import MAX_NODES, Node
from casare_cloud.robot.executor.problems import nearest

CONDITIONS = frozenset({"condition", "conditional"})
LOOPS = frozenset({"loop", "foreach"})
KEEPS_ON = frozenset({"continue", "ignore"})
ENDS = frozenset({"", "stop", "fail", "abort"})


@dataclass(frozen=True, slots=True)
class Step:
    """A step with its ties to others.

    `needs` are the steps of `depends_on`: each must have run. `follows` are those that lead on to it by `next`, by a
    side of a condition ("true", "false") or by `on_error` ("error"): one of them must have.
    """

    node: Node
    needs: tuple[str, ...]
    follows: tuple[tuple[str, str | None], ...]
    written: Mapping[str, Any]
    body: tuple[str, ...] = ()  # of a loop

    @property
    def keeps_on(self) -> bool:
        """Whether the others go on when it fails."""
        return self.written.get("on_error") in KEEPS_ON

    @property
    def before(self) -> set[str]:
        """The steps that come before it."""
        return {*self.needs, *(name for name, _ in self.follows)}


def parse_steps(items: Any) -> dict[str, Step]:
    """The steps by id; raises `InvalidWorkflowError` that names what is wrong."""
    written = _by_id(items)
    bodies = {step_id: _body_of(step_id, step, written) for step_id, step in written.items()}
    loop_of = {inner: step_id for step_id, body in bodies.items() for inner in body}
    follows: dict[str, list[tuple[str, str | None]]] = {}
    for step_id, step in written.items():
        for target, side in _leads_to(step_id, step):
            if target not in written:
                raise _dangling(f"step {step_id} leads to {target}, which is no step", step_id, target, written)
            if loop_of.get(target) != step_id:
                follows.setdefault(target, []).append((step_id, side))
    steps = {}
    for step_id, step in written.items():
        needs = _needed_by(step_id, step, written)
        own = loop_of.get(step_id)
        for name in bodies[step_id]:  # what a body needs from outside, its loop needs
            needs += [other for other in _needed_by(name, written[name], written) if other not in bodies[step_id]]
        # Who waits for a step of a loop's body from outside waits for the loop.
        outside = (loop_of[name] if name in loop_of and loop_of[name] != own else name for name in needs)
        led = [
            (loop_of[name] if name in loop_of and loop_of[name] != own else name, side)
            for name, side in follows.get(step_id, ())
        ]
        config = step.get("config")
        steps[step_id] = Step(
            Node(
                step_id, step["type"], str(step.get("name") or step_id), config if isinstance(config, Mapping) else {}
            ),
            tuple(name for name in dict.fromkeys(outside) if name not in (own, step_id)),
            tuple(link for link in dict.fromkeys(led) if link[0] not in (own, step_id)),
            step,
            bodies[step_id],
        )
    return steps


def in_order(steps: Mapping[str, Step]) -> list[Step]:
    """What comes before first, else as written; raises `InvalidWorkflowError` for a circle."""
    position = {step_id: number for number, step_id in enumerate(steps)}
    ids = list(steps)
    waiting = {step_id: step.before & steps.keys() for step_id, step in steps.items()}
    after: dict[str, list[str]] = {}
    for step_id, before in waiting.items():
        for name in before:
            after.setdefault(name, []).append(step_id)
    ready = [position[step_id] for step_id, before in waiting.items() if not before]
    order: list[Step] = []
    heapq.heapify(ready)
    while ready:
        step_id = ids[heapq.heappop(ready)]
        order.append(steps[step_id])
        for other in after.get(step_id, ()):
            waiting[other].discard(step_id)
            if not waiting[other]:
                heapq.heappush(ready, position[other])
    if len(order) < len(steps):
        circle = sorted(step_id for step_id, before in waiting.items() if before)
        message = f"steps depend on one another in a circle: {', '.join(circle)}"
        raise InvalidWorkflowError(message, path=f"steps[{position[circle[0]]}]")
    return order


def inner_steps(step: Step) -> dict[str, Step]:
    """The steps that a loop carries in its configuration: `steps`, or the one `step`."""
    given = step.node.config.get("steps")
    if given is None:
        one = step.node.config.get("step") or step.written.get("step")
        given = [{"id": "step", **one}] if isinstance(one, Mapping) else []
    return parse_steps(given)


def _by_id(items: Any) -> dict[str, Mapping[str, Any]]:
    if not isinstance(items, list):
        raise InvalidWorkflowError("steps is not a list", path="steps")
    if len(items) > MAX_NODES:
        message = f"the workflow has {len(items)} steps; at most {MAX_NODES} are allowed"
        raise InvalidWorkflowError(message, path="steps")
    steps: dict[str, Mapping[str, Any]] = {}
    for number, item in enumerate(items):
        if not isinstance(item, Mapping) or not isinstance(item.get("type"), str) or item.get("id") in (None, ""):
            raise InvalidWorkflowError(f"steps[{number}] needs an id and a type", path=f"steps[{number}]")
        if str(item["id"]) in steps:
            message, path = f"two steps have the id {item['id']}", f"steps[{number}].id"
            raise InvalidWorkflowError(message, node_id=str(item["id"]), path=path, rule="duplicate_id")
        steps[str(item["id"])] = item
    return steps


def _dangling(message: str, step_id: str, name: str, steps: Mapping[str, Any]) -> InvalidWorkflowError:
    return InvalidWorkflowError(
        message,
        node_id=step_id,
        path=f"steps[{list(steps).index(step_id)}]",
        rule="dangling_connection",
        did_you_mean=nearest(name, (other for other in steps if other != step_id)),
    )


def _needed_by(step_id: str, step: Mapping[str, Any], steps: Mapping[str, Any]) -> list[str]:
    needed = _names(step_id, step, "depends_on")
    for name in needed:
        if name not in steps:
            raise _dangling(f"step {step_id} depends on {name}, which is no step", step_id, name, steps)
    return needed


def _leads_to(step_id: str, step: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """The steps that this one names as coming after it, each with the side by which they are reached."""
    for target in _names(step_id, step, "next"):
        yield target, None
    handler = step.get("on_error")
    if isinstance(handler, str) and handler not in KEEPS_ON | ENDS:
        yield handler, "error"
    if kind_of(step["type"]) not in CONDITIONS:
        return
    branches = step.get("branches")
    config = step.get("config")
    for source in (branches, config):
        if not isinstance(source, Mapping):
            continue
        for side in ("true", "false"):
            for key in (side, f"on_{side}", f"{side}_branch"):
                if key in source and not (key == side and source is config):
                    for target in _names(step_id, source, key):
                        yield target, side


def _names(step_id: str, step: Mapping[str, Any], key: str) -> list[str]:
    given = step.get(key) or []
    if not isinstance(given, str | int | list):
        raise InvalidWorkflowError(f"{key} of step {step_id} is not a list", node_id=step_id)
    return [str(name) for name in (given if isinstance(given, list) else [given])]


def _body_of(step_id: str, step: Mapping[str, Any], steps: Mapping[str, Any]) -> tuple[str, ...]:
    if kind_of(step["type"]) not in LOOPS:
        return ()
    config = step.get("config")
    sources = [(step, "body")]
    if isinstance(config, Mapping):
        sources += [(config, "body"), (config, "body_step_id")]
    body = dict.fromkeys(name for source, key in sources for name in _names(step_id, source, key))
    for name in body:
        if name not in steps or name == step_id:
            raise _dangling(f"the body of {step_id} names {name}, which is no other step", step_id, name, steps)
    return tuple(body)


def parse_mappings(items: Any) -> list[Mapping[str, Any]]:
    """The mappings between variables and steps; raises `InvalidWorkflowError` that names what is wrong."""
    if not isinstance(items or [], list):
        raise InvalidWorkflowError("step_mappings is not a list", path="step_mappings")
    mappings = [item for item in items or [] if isinstance(item, Mapping)]
    for mapping in mappings:
        for key in ("input_mapping", "output_mapping"):
            if not isinstance(mapping.get(key) or {}, Mapping):
                message = f"{key} of the mapping for step {mapping.get('step_id')} is not an object"
                raise InvalidWorkflowError(message, path="step_mappings")
    return mappings
