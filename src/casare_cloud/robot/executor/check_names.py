"""Finds the templates that name nothing: no variable, no declared input, no output of a node.

A job's input may bring names that the definition does not have, and a plugin may set variables: these are warnings.
"""

from collections import ChainMap
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from casare_cloud.robot.executor.declarations import ERROR_OUTPUTS, NOTES, NodeType
from casare_cloud.robot.executor.graph import SUBFLOWS, Graph, Node
from casare_cloud.robot.executor.problems import Problem, listed, nearest
from casare_cloud.robot.executor.registry import find_declaration
from casare_cloud.robot.executor.step_form import LOOPS, Step, inner_steps, parse_mappings
from casare_cloud.robot.executor.tasks import find_step_type
from casare_cloud.robot.executor.templates import names_in, split_path

ALWAYS_THERE = frozenset({"input", "error_message", "error_type"})
SYSTEM_VARIABLES = ("$currentDate", "$currentTime", "$currentDateTime", "$timestamp")
NAMING_OPTIONS = frozenset({
    "variable_name", "name", "output_var", "output_variable", "item_var", "item_variable", "variable", "list_var",
    "port_name",
})  # fmt: skip
"""Options whose value is the name of a variable that the node sets."""
OWN_NAMES = ("variables", "inputs", "parameters", "input")
"""Options that are maps of names, which the node itself may use in its templates, and its sub-workflow as variables."""
STEP_PREFIXES = frozenset({"steps", "variables", "nodes"})
CARRIED = frozenset({"workflow", "definition", "workflow_json", "subflow", "steps", "step"})
"""Options that hold nodes or steps of their own, which are looked at by themselves."""

Names = ChainMap[str, Any]
"""Names by level, the innermost first: each sub-workflow adds its own and copies none."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that templates may use: variables, and the nodes or steps with what they put out.

    `is_open`: other variables may be set as well, by a node that says nothing of itself or under a computed name.
    """

    variables: Collection[str]
    types: Mapping[str, NodeType | None]
    is_open: bool
    has_steps: bool = False

    def problem_with(self, path: str, own: Collection[str]) -> tuple[str, str | None] | None:
        """(what is wrong with a template's path, what may be meant), or None."""
        if path in self.variables or path in own:
            return None
        if path.startswith("$"):
            return None if path in SYSTEM_VARIABLES else ("names no system variable", nearest(path, SYSTEM_VARIABLES))
        segments = split_path(path)
        if segments is None:
            return "is no name: what stands in braces is a path such as user.name or orders[0].id", None
        if self.has_steps and segments[0] in STEP_PREFIXES and segments[0] not in self.types:
            segments = segments[1:]
        first = str(segments[0]) if segments else ""
        if not first or first in self.variables or first in own:
            return None
        if first in self.types:
            return self._problem_with_output(path, first, segments[1:])
        meant = nearest(first, chain(self.variables, own, self.types))
        if self.is_open and meant is None:
            return None
        return "names no variable and no node; only the job's input may have it", meant and path.replace(
            first, meant, 1
        )

    def _problem_with_output(self, path: str, node_id: str, rest: list[str | int]) -> tuple[str, str | None] | None:
        declared = self.types[node_id]
        if declared is None or (self.has_steps and not rest):
            return None
        outputs = {*declared.outputs, *(("output",) if self.has_steps else ())}
        if not rest:
            return f"names the node {node_id} and none of its outputs ({listed(outputs)})", None
        if self.has_steps and rest[0] == "output" and "output" not in declared.outputs:
            rest = rest[1:]
        port = str(rest[0]) if rest else "output"
        if declared.any_output or port in outputs or port in ERROR_OUTPUTS:
            return None
        meant = nearest(port, outputs)
        return f"names no output of {node_id} (its outputs: {listed(outputs)})", meant and path.replace(port, meant, 1)


def graph_name_problems(definition: Mapping[str, Any], graph: Graph, path: str, given: Names) -> Iterator[Problem]:
    """The templates of one graph that name nothing; `given` are names that come from outside."""
    types = {node.id: find_declaration(node.kind) for node in graph.nodes.values()}
    nodes = graph.nodes.values()
    variables, is_open = _named_by((node, types[node.id]) for node in nodes)
    variables |= {*ALWAYS_THERE, *graph.variables, *declared_inputs(definition)}
    variables |= {port for node_id, port in graph.data_edges if graph.nodes[node_id].kind in SUBFLOWS}
    scope = Scope(given.new_child(dict.fromkeys(variables)), types, is_open)
    for node in nodes:
        if not node.is_disabled and node.kind != "comment":
            yield from _problems_of(node, scope, f"{path}nodes.{node.id}.config")


def step_name_problems(
    definition: Mapping[str, Any], steps: Mapping[str, Step], given: Collection[str]
) -> Iterator[Problem]:
    """The templates of steps, also of those in loops, that name nothing."""
    every = list(_levels(steps, "", frozenset()))
    types = {step.node.id: find_step_type(step.node.type) for step, _, _ in every}
    variables, is_open = _named_by((step.node, types[step.node.id]) for step, _, _ in every)
    mappings = parse_mappings(definition.get("step_mappings"))
    variables |= {str(name) for mapping in mappings for name in (mapping.get("output_mapping") or {}).values()}
    variables |= {*ALWAYS_THERE, *given, *declared_inputs(definition), *_declared(definition.get("variables"))}
    scope = Scope(variables, types, is_open, has_steps=True)
    for step, place, own in every:
        yield from _problems_of(step.node, scope, f"{place}.config", own)


def names_for_inner(definition: Mapping[str, Any], graph: Graph, given: Names) -> Names:
    """The variables that a graph shares with its sub-workflows."""
    types = {node.id: find_declaration(node.kind) for node in graph.nodes.values()}
    variables, _ = _named_by((node, types[node.id]) for node in graph.nodes.values())
    ports = {port for node_id, port in graph.data_edges if graph.nodes[node_id].kind in SUBFLOWS}
    return given.new_child(dict.fromkeys(chain(variables, ports, graph.variables, declared_inputs(definition))))


def declared_inputs(definition: Mapping[str, Any]) -> set[str]:
    """The names of the inputs that the workflow says it takes: `inputs` or `parameters`, a map or a list."""
    return {name for key in ("inputs", "parameters") for name in _declared(definition.get(key))}


def _declared(items: Any) -> Iterator[str]:
    if isinstance(items, Mapping):
        yield from map(str, items)
    elif isinstance(items, list):
        yield from (str(item.get("name")) if isinstance(item, Mapping) else str(item) for item in items)


def _named_by(nodes: Iterable[tuple[Node, NodeType | None]]) -> tuple[set[str], bool]:
    """(variables that the nodes set, whether they may set others)."""
    found: set[str] = set()
    is_open = False
    for node, declared in nodes:
        is_open = is_open or declared is None
        for key, value in node.config.items():
            is_option = declared is None or declared.option(str(key)) is not None
            if key in NAMING_OPTIONS and is_option and isinstance(value, str):
                name = value.strip().strip("{} ")
                is_open = is_open or "{{" in value
                found |= {name, f"{name}_index", f"{name}_key"}
            elif key in OWN_NAMES and isinstance(value, Mapping):
                found.update(map(str, value))
        if declared is not None and "current_item" in declared.outputs:
            found |= {"item", "item_index", "item_key"}
    return found, is_open


def _levels(
    steps: Mapping[str, Step], path: str, own: frozenset[str], depth: int = 0
) -> Iterator[tuple[Step, str, frozenset[str]]]:
    """Every step with its place and the names that the loops around it give."""
    loop_of = {inner: step for step in steps.values() for inner in step.body}
    for number, step in enumerate(steps.values()):
        place = f"{path}steps[{number}]"
        names = own | (_round_names(loop_of[step.node.id]) if step.node.id in loop_of else frozenset())
        yield step, place, names
        if step.node.kind in LOOPS and depth < 10:
            yield from _levels(inner_steps(step), f"{place}.config.", names | _round_names(step), depth + 1)


def _round_names(loop: Step) -> frozenset[str]:
    return frozenset({"item", "index", "loop", str(loop.node.config.get("item_variable") or "item")})


def _problems_of(node: Node, scope: Scope, place: str, own: Collection[str] = ()) -> Iterator[Problem]:
    seen: set[str] = set()
    for key, value in node.config.items():
        if key in CARRIED or key in NOTES:
            continue
        for name in names_in(value):
            found = None if name in seen else scope.problem_with(name, own)
            seen.add(name)
            if found is not None:
                message, meant = found
                sentence = f"{{{{{name}}}}} of {node.id} {message}"
                meant = meant and f"{{{{{meant}}}}}"
                yield Problem(f"{place}.{key}", "unknown_name", "warning", sentence, meant, node.id)
