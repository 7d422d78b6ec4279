"""Finds what is wrong with a workflow of nodes and connections, and with the sub-workflows that it carries."""

import json
import re
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from casare_cloud.robot.executor.check_names import Names, graph_name_problems, names_for_inner
from casare_cloud.robot.executor.check_options import (
    missing_options,
    option_problems,
    structural,
    unknown_keys,
    unknown_type,
    workflow_keys,
)
from casare_cloud.robot.executor.check_wires import wire_problems
from casare_cloud.robot.executor.declarations import EVERY_NODE_TAKES, NOTES
from casare_cloud.robot.executor.errors import InvalidWorkflowError
from casare_cloud.robot.executor.graph import (
    INLINE,
    LOOP_ENDS,
    SUBFLOWS,
    TRIGGERS,
    Graph,
    Node,
    inline_subflow,
    parse_definition,
    parse_graph,
    subflow_name,
)
from casare_cloud.robot.executor.problems import Problem, listed, nearest
from casare_cloud.robot.executor.registry import built_in_types, find_declaration
from casare_cloud.robot.executor.wires import (
    REROUTES,
    SOURCE_KEYS,
    SOURCE_PORT_KEYS,
    TARGET_KEYS,
    TARGET_PORT_KEYS,
)

MAX_DEPTH = 10
MOST_SUBFLOWS = 1_000
TOO_MANY = f"the workflow carries more than {MOST_SUBFLOWS:,} sub-workflows, counted at every depth"
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
_WORD = re.compile(r"[^\s{}()\[\]\"',:+*/=<>]+")
_NAMED = re.compile(r"\{\{\s*+([^{}.]{1,300})\.")  # possessive: else a long gap is tried at each of its places


def graph_problems(
    definition: Mapping[str, Any],
    graph: Graph,
    path: str = "",
    depth: int = 0,
    around: Names | None = None,
    left: Iterator[int] | None = None,
    *,
    is_whole: bool = True,
) -> Iterator[Problem]:
    """The problems of a definition with nodes, and of the sub-workflows that it carries; `around` has others for these.

    `left` counts those that may still be looked at, at whatever depth. Of a graph that is not whole, because parts of
    it could not be read, nothing is said that depends on the others.
    """
    found = list(_graph_problems(definition, graph, path, is_whole))
    names = (around if around is not None else ChainMap()).new_child(graph.subflows)
    found += _subflow_problems(definition, graph, path, depth, names, left or iter(range(MOST_SUBFLOWS)))
    yield from found
    if graph.nodes and not found and depth == 0 and all(map(_does_nothing, graph.nodes.values())):
        yield Problem(f"{path}nodes", "does_nothing", "warning", "no node of the workflow does anything")


def _graph_problems(definition: Mapping[str, Any], graph: Graph, path: str, is_whole: bool) -> Iterator[Problem]:
    yield from workflow_keys(definition, path)
    if not graph.nodes and is_whole:
        yield Problem(f"{path}nodes", "does_nothing", "warning", "the workflow has no nodes, so that nothing runs")
    for node in graph.nodes.values():
        yield from _node_problems(node, graph.written[node.id], f"{path}nodes.{node.id}")
    yield from wire_problems(graph, path)
    yield from unknown_keys(definition.get("connections") or (), f"{path}connections", WIRE_KEYS, WIRE_NOTES)
    if is_whole:
        flow, running = _flow_problems(graph, path)
        yield from flow
        yield from _missing_options(graph, running, path)


def _node_problems(node: Node, item: Mapping[str, Any], path: str) -> Iterator[Problem]:
    declared = find_declaration(node.kind)
    if declared is None:
        names = (name for one in built_in_types() for name in one.names)
        yield from unknown_type(node.type, node.id, f"{path}.{'node_type' if 'node_type' in item else 'type'}", names)
        return
    yield from option_problems(node, node.config, declared, f"{path}.config")
    for key in item.keys() - NODE_KEYS:
        given = item[key]
        is_option = key not in NODE_NOTES and declared.option(key) is not None
        holds_options = isinstance(given, Mapping) and not node.config and any(map(declared.option, map(str, given)))
        if is_option or holds_options:
            message = f"{key} of {node.id} is not read: the options of {node.type} stand in config"
            yield Problem(f"{path}.{key}", "misplaced_option", "error", message, node_id=node.id)
        elif key not in NODE_NOTES:
            yield Problem(f"{path}.{key}", "unknown_key", "warning", f"{key} of {node.id} is not read", None, node.id)


def _flow_problems(graph: Graph, path: str) -> tuple[list[Problem], set[str]]:
    """(what is wrong with the way through the graph, the nodes that may run)."""
    try:
        entries = graph.entries()
    except InvalidWorkflowError as error:
        return [structural(path, error)], set()
    led_on = any(source in entries and port != "error" for source, port in graph.exec_edges)
    if graph.wires and len(graph.nodes) > 1 and not led_on:
        entry = graph.nodes[entries[0]]
        message = f"{entry.type} {entry.id} leads nowhere, so that nothing else would run"
        place = f"{path}nodes.{entry.id}"
        return [Problem(place, "leads_nowhere", "error", message, node_id=entry.id)], set(entries)
    running = _reached(graph, entries)
    wanted = _wanted(graph)
    running |= {node_id for node_id in graph.nodes if graph.is_passive(node_id) and node_id in wanted}
    never = [
        node.id
        for node in graph.nodes.values()
        if node.id not in running and not node.is_disabled and node.kind not in LOOP_ENDS | {"comment"}
    ]
    if not never:
        return [], running
    message = f"nothing leads to {listed(never)}, which will not run"
    return [Problem(f"{path}nodes", "unreachable", "warning", message, node_id=never[0])], running


def _missing_options(graph: Graph, running: set[str], path: str) -> Iterator[Problem]:
    entered: dict[str, list[str]] = {}
    for node_id, port in graph.data_edges:
        entered.setdefault(node_id, []).append(port)
    for node in graph.nodes.values():
        declared = find_declaration(node.kind)
        if declared is not None and node.id in running and not node.is_disabled:
            place = f"{path}nodes.{node.id}.config"
            yield from missing_options(node, declared, entered.get(node.id, ()), place)


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


def _subflow_problems(
    definition: Mapping[str, Any], graph: Graph, path: str, depth: int, names: Names, left: Iterator[int]
) -> Iterator[Problem]:
    for node in graph.nodes.values():
        if node.kind in SUBFLOWS and inline_subflow(node) is None:
            name = subflow_name(node)
            if name and name not in names:
                message, place = (
                    f"sub-workflow {name} of {node.id} is not part of the definition",
                    f"{path}nodes.{node.id}",
                )
                yield Problem(place, "unknown_subflow", "error", message, nearest(name, chain(*names.maps)), node.id)
    for place, inner in _carried(definition, graph, path) if depth < MAX_DEPTH else ():
        if next(left, None) is None:
            yield Problem(place.rstrip("."), "structure", "error", TOO_MANY)
            return
        try:
            parsed = parse_definition(inner)
            yield from graph_problems(parsed, parse_graph(parsed), place, depth + 1, names, left)
        except InvalidWorkflowError as error:
            yield structural(place, error)


def _carried(definition: Mapping[str, Any], graph: Graph, path: str) -> Iterator[tuple[str, Any]]:
    """(place, definition) of each sub-workflow."""
    carried = definition.get("subflows") or definition.get("subworkflows")
    if isinstance(carried, Mapping):
        yield from ((f"{path}subflows.{name}.", inner) for name, inner in carried.items())
    for node in graph.nodes.values():
        if node.kind in SUBFLOWS:
            for key in INLINE:
                if isinstance(node.config.get(key), Mapping):
                    yield f"{path}nodes.{node.id}.config.{key}.", node.config[key]


def template_problems(
    definition: Mapping[str, Any],
    graph: Graph,
    given: Names,
    path: str = "",
    depth: int = 0,
    left: Iterator[int] | None = None,
) -> Iterator[Problem]:
    """The templates of the graph and of its sub-workflows that name nothing; `given` comes from outside.

    The executor does not ask for these: it knows the job's whole input, and says so when a template names nothing.
    """
    yield from graph_name_problems(definition, graph, path, given)
    inner_names = names_for_inner(definition, graph, given)
    left = left or iter(range(MOST_SUBFLOWS))
    for place, inner in _carried(definition, graph, path) if depth < MAX_DEPTH else ():
        if next(left, None) is None:
            return  # told with the problems of the graph
        try:
            parsed = parse_definition(inner)
            yield from template_problems(parsed, parse_graph(parsed), inner_names, place, depth + 1, left)
        except InvalidWorkflowError:
            continue  # told with the problems of the graph
