"""Finds what is wrong with a workflow before it runs: every key and port that is not used is an error or a warning.

`find_workflow_problems` looks at a definition alone: no network, no database, nothing is run. The executor asks it
before the first node. Errors end the job; warnings are lines in its log.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from casare_cloud.robot.executor.check_wires import wire_problems
from casare_cloud.robot.executor.context import Reporter
from casare_cloud.robot.executor.declarations import ANY_VALUE, EVERY_NODE_TAKES, NOTES, NodeType, kind_of
from casare_cloud.robot.executor.errors import InvalidWorkflowError, WorkflowError
from casare_cloud.robot.executor.graph import (
    DECLARATION_KEYS,
    LOOP_ENDS,
    SUBFLOWS,
    TOO_DEEP,
    TRIGGERS,
    Graph,
    Node,
    is_declaration,
    parse_definition,
    parse_graph,
)
from casare_cloud.robot.executor.problems import Problem, listed, nearest
from casare_cloud.robot.executor.registry import built_in_types, find_declaration, find_node
from casare_cloud.robot.executor.step_form import LOOPS, Step, in_order, inner_steps, parse_mappings, parse_steps
from casare_cloud.robot.executor.step_retries import Retries, timeout_of
from casare_cloud.robot.executor.tasks import find_step_type, task_names
from casare_cloud.robot.executor.wires import REROUTES, SOURCE_KEYS, SOURCE_PORT_KEYS, TARGET_KEYS, TARGET_PORT_KEYS

MAX_DEPTH = 10
MOST_ERRORS = 5
MOST_WARNINGS = 20
WORKFLOW_KEYS = frozenset({"nodes", "connections", "variables", "subflows", "subworkflows", "steps", "step_mappings"})
WORKFLOW_NOTES = NOTES | {
    "$schema", "$schema_version", "author", "canvas", "capabilities", "created_at", "created_by", "entry_point",
    "environment", "frames", "id", "inputs", "metadata", "name", "outputs", "parameters", "required_capabilities",
    "schema_version", "settings", "source_template", "updated_at", "user_instruction", "version", "viewport",
    "workflow_id", "workflow_name",
}  # fmt: skip
CONNECTION_WORDS = frozenset({"edges", "links", "wires", "connection"})
NODE_KEYS = frozenset({"id", "node_id", "type", "node_type", "config", "properties"})
NODE_NOTES = NOTES | EVERY_NODE_TAKES | {
    "className", "custom", "data", "dragging", "extent", "input_ports", "inputs", "measured", "output_ports", "outputs",
    "parent", "parentId", "ports", "positionAbsolute", "selected", "status", "style", "visual", "zIndex",
}  # fmt: skip
WIRE_KEYS = frozenset({*SOURCE_KEYS, *SOURCE_PORT_KEYS, *TARGET_KEYS, *TARGET_PORT_KEYS})
WIRE_NOTES = NOTES | {
    "animated", "className", "data", "id", "markerEnd", "markerStart", "name", "points", "selected", "source_id",
    "style", "target_id", "type", "zIndex",
}  # fmt: skip
STEP_KEYS = frozenset({
    "id", "type", "config", "depends_on", "next", "branches", "on_error", "body", "step", "condition", "retry",
    "enabled", "timeout",
})  # fmt: skip
STEP_NOTES = NOTES | {"name", "order"}
MAPPING_KEYS = frozenset({"step_id", "input_mapping", "output_mapping"})

_WORD = re.compile(r"[^\s{}()\[\]\"',:+*/=<>]+")
_NAMED = re.compile(r"\{\{\s*+([^{}.]{1,300})\.")  # possessive: else a long gap is tried at each of its places


def find_workflow_problems(definition: Any) -> list[Problem]:
    """Every problem of a definition of either form, errors first; empty when there is none."""
    try:
        parsed = parse_definition(definition)
        if "steps" in parsed:
            in_order(parse_steps(parsed["steps"]))
            found = list(steps_problems(parsed))
        elif "nodes" in parsed:
            found = list(graph_problems(parsed, parse_graph(parsed)))
        else:
            raise InvalidWorkflowError("the workflow has neither nodes nor steps")
    except WorkflowError as error:
        found = [_structural("", error)]
    except RecursionError:
        found = [_structural("", InvalidWorkflowError(TOO_DEEP))]
    return sorted(found, key=lambda problem: problem.severity)


def refuse_problems(problems: Iterable[Problem], reporter: Reporter) -> None:
    """Logs the warnings; raises `InvalidWorkflowError` that names the errors, if there are any."""
    found = list(problems)
    errors = [problem for problem in found if problem.severity == "error"]
    if errors:
        sentences = list(dict.fromkeys(problem.sentence for problem in errors))
        more = f" (and {len(sentences) - MOST_ERRORS} more problems)" if len(sentences) > MOST_ERRORS else ""
        named = next((problem.node_id for problem in errors if problem.node_id), None)
        raise InvalidWorkflowError("; ".join(sentences[:MOST_ERRORS]) + more, node_id=named)
    for problem in found[:MOST_WARNINGS]:
        reporter.log("warning", problem.sentence, problem.node_id)
    if len(found) > MOST_WARNINGS:
        reporter.log("warning", f"{len(found) - MOST_WARNINGS} more warnings about the workflow are not shown")


def _structural(path: str, error: WorkflowError) -> Problem:
    return Problem(path, "structure", "error", str(error), node_id=error.node_id)


# Nodes and connections


def graph_problems(definition: Mapping[str, Any], graph: Graph, path: str = "", depth: int = 0) -> Iterator[Problem]:
    """The problems of a definition with nodes, and of the sub-workflows that it carries."""
    found = list(_graph_problems(definition, graph, path, depth))
    yield from found
    if graph.nodes and not found and depth == 0 and all(map(_does_nothing, graph.nodes.values())):
        yield Problem(f"{path}nodes", "does_nothing", "warning", "no node of the workflow does anything")


def _graph_problems(definition: Mapping[str, Any], graph: Graph, path: str, depth: int) -> Iterator[Problem]:
    yield from _workflow_keys(definition, path)
    if not graph.nodes:
        yield Problem(f"{path}nodes", "does_nothing", "warning", "the workflow has no nodes, so that nothing runs")
    written = definition.get("nodes")
    items = written.values() if isinstance(written, Mapping) else written or ()
    for node, item in zip(graph.nodes.values(), items, strict=True):
        yield from _node_problems(node, item, f"{path}nodes.{node.id}")
    yield from wire_problems(graph, path)
    yield from _unknown_keys(definition.get("connections") or (), f"{path}connections", WIRE_KEYS, WIRE_NOTES)
    yield from _flow_problems(graph, path)
    yield from _subflow_problems(definition, graph, path, depth)


def _workflow_keys(definition: Mapping[str, Any], path: str) -> Iterator[Problem]:
    for key in definition:
        if key in WORKFLOW_KEYS | WORKFLOW_NOTES or not definition[key]:
            continue
        meant = "connections" if key in CONNECTION_WORDS else nearest(key, WORKFLOW_KEYS)
        if meant and meant not in definition:
            yield Problem(f"{path}{key}", "unknown_key", "error", f"{key} is no key of a workflow", meant)
        else:
            yield Problem(f"{path}{key}", "unknown_key", "warning", f"{key} of the workflow is not read")
    variables = definition.get("variables")
    declared = variables.items() if isinstance(variables, Mapping) else ()
    for name, value in declared:
        for key in value.keys() - DECLARATION_KEYS - NOTES if is_declaration(value) else ():
            place = f"{path}variables.{name}.{key}"
            yield Problem(place, "unknown_key", "warning", f"{key} of the variable {name} is not read")
    settings = definition.get("settings")
    if isinstance(settings, Mapping) and settings.get("stop_on_error") is False:
        message = "stop_on_error has no effect here: a node that fails leads on only by its error exit or a TryNode"
        yield Problem(f"{path}settings.stop_on_error", "no_effect", "warning", message)


def _node_problems(node: Node, item: Mapping[str, Any], path: str) -> Iterator[Problem]:
    declared = find_declaration(node.kind)
    if declared is None:
        names = (name for one in built_in_types() for name in one.names)
        yield from _unknown_type(node.type, node.id, f"{path}.node_type", names)
        return
    yield from _option_problems(node, node.config, declared, f"{path}.config")
    for key in item.keys() - NODE_KEYS:
        given = item[key]
        is_option = key not in NODE_NOTES and declared.option(key) is not None
        holds_options = isinstance(given, Mapping) and not node.config and any(map(declared.option, map(str, given)))
        if is_option or holds_options:
            message = f"{key} of {node.id} is not read: the options of {node.type} stand in config"
            yield Problem(f"{path}.{key}", "misplaced_option", "error", message, node_id=node.id)
        elif key not in NODE_NOTES:
            yield Problem(f"{path}.{key}", "unknown_key", "warning", f"{key} of {node.id} is not read", None, node.id)


def _unknown_type(name: str, node_id: str, path: str, names: Iterable[str]) -> Iterator[Problem]:
    """A type that says nothing of itself: a plugin's that is here may do so, any other is not here."""
    if find_node(kind_of(name)) is None:
        message = f"{name} of {node_id} is not built in: only a robot with a plugin for it can run it"
        yield Problem(path, "unknown_type", "warning", message, nearest(name, names), node_id)


def _option_problems(node: Node, config: Mapping[str, Any], declared: NodeType, path: str) -> Iterator[Problem]:
    for key, value in config.items():
        option = declared.option(str(key))
        place = f"{path}.{key}"
        if option is None:
            if declared.any_option or key in EVERY_NODE_TAKES | NOTES:
                continue
            if str(key).startswith("_"):
                message = f"{key} of {node.id} is not read"
                yield Problem(place, "unknown_key", "warning", message, None, node.id)
                continue
            meant = nearest(str(key), declared.option_names)
            message = f"{key} is no option of {node.type} {node.id}"
            if meant is None:
                message += f" (its options: {listed(declared.option_names)})"
            yield Problem(place, "unknown_option", "error", message, meant, node.id)
        elif option.no_effect and value not in (option.default, None) and option.default != ANY_VALUE:
            message = f"{key} of {node.id} has no effect here: {option.no_effect}"
            yield Problem(place, "no_effect", "warning", message, None, node.id)
        elif option.choices and isinstance(value, str) and value.strip() and "{{" not in value:
            words = {word.lower() for word in option.choices}
            if value.strip().lower() not in words:
                message = f"{value} is no {key} of {node.type} {node.id}; use one of {', '.join(option.choices)}"
                yield Problem(place, "bad_choice", "warning", message, nearest(value, option.choices), node.id)


def _flow_problems(graph: Graph, path: str) -> Iterator[Problem]:
    try:
        entries = graph.entries()
    except InvalidWorkflowError as error:
        yield _structural(f"{path}nodes", error)
        return
    led_on = any(source in entries and port != "error" for source, port in graph.exec_edges)
    if graph.wires and len(graph.nodes) > 1 and not led_on:
        entry = graph.nodes[entries[0]]
        message = f"{entry.type} {entry.id} leads nowhere, so that nothing else would run"
        yield Problem(f"{path}nodes.{entry.id}", "leads_nowhere", "error", message, node_id=entry.id)
        return
    reached = _reached(graph, entries)
    wanted = _wanted(graph)
    never = [
        node.id
        for node in graph.nodes.values()
        if node.id not in reached and not node.is_disabled and node.kind not in LOOP_ENDS | {"comment"}
        if not (graph.is_passive(node.id) and node.id in wanted)
    ]
    if never:
        message = f"nothing leads to {listed(never)}, which will not run"
        yield Problem(f"{path}nodes", "unreachable", "warning", message, node_id=never[0])


def _does_nothing(node: Node) -> bool:
    idle = TRIGGERS | REROUTES | {"start", "comment"}
    return node.is_disabled or node.kind in idle or (node.kind == "end" and not node.config)


def _reached(graph: Graph, entries: Iterable[str]) -> set[str]:
    """The nodes that execution may come to, also those to which a pairing leads and not a connection."""
    paired: dict[str, list[str]] = {}
    for node in graph.nodes.values():
        for key in ("paired_try_id", "paired_fork_id"):
            if node.config.get(key):
                paired.setdefault(str(node.config[key]), []).append(node.id)
        if str(node.config.get("paired_join_id")) in graph.nodes:
            paired.setdefault(node.id, []).append(str(node.config["paired_join_id"]))
    queue = list(entries)
    reached = set(queue)
    for node_id in queue:
        more = dict.fromkeys(chain(graph.successors(node_id), paired.get(node_id, ())))
        queue.extend(other for other in more if other not in reached)
        reached.update(more)
    return reached


def _wanted(graph: Graph) -> set[str]:
    """The nodes whose values are asked for: by a connection, or as `node.port` or `{{node.port}}` by an option."""
    written = json.dumps([node.config for node in graph.nodes.values()], default=str, ensure_ascii=False)
    words = (word.partition(".") for word in _WORD.findall(written))
    named = {first for first, dot, _ in words if dot} | set(_NAMED.findall(written))
    return named | {source for source, _ in graph.data_edges.values()}


def _subflow_problems(definition: Mapping[str, Any], graph: Graph, path: str, depth: int) -> Iterator[Problem]:
    carried = definition.get("subflows") or definition.get("subworkflows")
    found = (
        [(f"{path}subflows.{name}.", inner) for name, inner in carried.items()] if isinstance(carried, Mapping) else []
    )
    for node in graph.nodes.values():
        if node.kind in SUBFLOWS:
            keys = ("workflow", "definition", "workflow_json", "subflow")
            found += [
                (f"{path}nodes.{node.id}.config.{key}.", node.config[key])
                for key in keys
                if isinstance(node.config.get(key), Mapping)
            ]
    for place, inner in found if depth < MAX_DEPTH else ():
        try:
            parsed = parse_definition(inner)
            yield from graph_problems(parsed, parse_graph(parsed), place, depth + 1)
        except InvalidWorkflowError as error:
            yield _structural(place, error)


def _unknown_keys(items: Iterable[Any], path: str, keys: frozenset[str], notes: frozenset[str]) -> Iterator[Problem]:
    """One warning a key, at the first place where it stands."""
    first: dict[str, int] = {}
    for number, item in enumerate(items):
        for key in item.keys() - keys - notes:
            first.setdefault(key, number)
    for key, number in first.items():
        message = f"{key} of {path}[{number}] is not read"
        yield Problem(f"{path}[{number}].{key}", "unknown_key", "warning", message, nearest(key, keys))


# Steps


def steps_problems(definition: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems of a definition with steps."""
    yield from _workflow_keys(definition, "")
    steps = {str(item["id"]): item for item in definition["steps"]}
    yield from _level_problems(parse_steps(definition["steps"]), "")
    mappings = parse_mappings(definition.get("step_mappings"))
    yield from _unknown_keys(mappings, "step_mappings", MAPPING_KEYS, NOTES | {"id"})
    for number, mapping in enumerate(mappings):
        yield from _mapping_problems(mapping, steps, f"step_mappings[{number}]")


def _level_problems(steps: Mapping[str, Step], path: str, depth: int = 0) -> Iterator[Problem]:
    """The problems of the steps of a workflow, or of those that a loop carries."""
    yield from _unknown_keys((step.written for step in steps.values()), f"{path}steps", STEP_KEYS, STEP_NOTES)
    for number, step in enumerate(steps.values()):
        declared, place = find_step_type(step.node.type), f"{path}steps[{number}]"
        if declared is None:
            yield from _unknown_type(step.node.type, step.node.id, f"{place}.type", task_names())
            continue
        yield from _option_problems(step.node, step.node.config, declared, f"{place}.config")
        try:
            Retries.of(step)
            timeout_of(step)
            inner = inner_steps(step) if step.node.kind in LOOPS else {}
            in_order(inner)
        except WorkflowError as error:
            yield _structural(place, error)
            continue
        if depth < MAX_DEPTH:
            yield from _level_problems(inner, f"{place}.config.", depth + 1)


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
    yield from _option_problems(node, inputs, declared, f"{path}.input_mapping")
    for source in mapping.get("output_mapping") or ():
        output = str(source).partition(".")[0].partition("[")[0]
        if not declared.any_output and output not in declared.outputs | {"output"}:
            message = f"{output} is no output of {node.type} {step_id} (its outputs: {listed(declared.outputs)})"
            meant = nearest(output, declared.outputs)
            yield Problem(f"{path}.output_mapping.{source}", "unknown_port", "error", message, meant, step_id)
