"""The nodes-and-connections form: read in every shape that is in use, and checked before anything runs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from casare_cloud.robot.executor.errors import InvalidWorkflowError, UnsupportedNodeError

MAX_NODES = 1_000
EXEC_TARGETS = frozenset({"exec_in", "exec"})
LOOP_STARTS = frozenset({"forloopstart", "whileloopstart"})
LOOP_ENDS = frozenset({"forloopend", "whileloopend"})
SUBFLOWS = frozenset({"subflow", "subworkflow", "callsubflow", "callsubworkflow"})

VALUE_KEYS = {"value": 0, "default_value": 1, "default": 2}.keys()  # in this order
DECLARATION_KEYS = VALUE_KEYS | {"name", "type", "description", "required", "scope", "sensitive"}


def kind_of(node_type: str) -> str:
    """A node type for comparison: `HTTPRequestNode`, `HttpRequestNode` and `http_request` are the same."""
    return node_type.lower().replace("_", "").removesuffix("node")


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the definition; `kind` is its type as `kind_of` writes it."""

    id: str
    type: str
    name: str
    config: Mapping[str, Any]
    is_disabled: bool = False

    @property
    def kind(self) -> str:
        return kind_of(self.type)


@dataclass(slots=True)
class Graph:
    """Nodes, and their connections by kind: where execution goes on, and where a port's value comes from."""

    nodes: dict[str, Node]
    exec_edges: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    data_edges: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    subflows: dict[str, Any] = field(default_factory=dict)
    _onward: dict[str, list[str]] = field(default_factory=dict)
    _is_led_to: set[str] = field(default_factory=set)

    def connect(self, source: str, port: str, target: str) -> None:
        """Adds an execution connection; the same one twice counts once."""
        targets = self.exec_edges.setdefault((source, port), [])
        if target not in targets:
            targets.append(target)
            self._onward.setdefault(source, []).append(target)
            self._is_led_to.add(target)

    def targets(self, node_id: str, port: str) -> list[str]:
        """The nodes that run after `node_id` leaves by `port`."""
        return self.exec_edges.get((node_id, port), [])

    def successors(self, node_id: str) -> list[str]:
        """Every node that execution may reach next, by whatever port."""
        return self._onward.get(node_id, [])

    def is_passive(self, node_id: str) -> bool:
        """Whether no execution reaches or leaves the node: it is computed when another asks for its value."""
        return node_id not in self._onward and node_id not in self._is_led_to

    def entries(self) -> list[str]:
        """Where execution begins: the StartNode, or the one node that leads on and that nothing leads to."""
        starts = [node.id for node in self.nodes.values() if node.kind == "start"]
        if len(starts) > 1:
            raise InvalidWorkflowError(f"the workflow has {len(starts)} StartNodes; one is needed", node_id=starts[1])
        if starts:
            return starts
        first = [node_id for node_id in self._onward if node_id not in self._is_led_to]
        if not first and len(self.nodes) <= 1:
            return list(self.nodes)
        if len(first) != 1:
            raise InvalidWorkflowError("the workflow has no StartNode, and no single node where it could begin")
        return first

    def reachable(self, start: Iterable[str], stop_kinds: frozenset[str] = frozenset()) -> list[str]:
        """Every node that execution can reach from `start`, nearest first, not going past nodes of `stop_kinds`."""
        seen = dict.fromkeys(start)
        queue = list(seen)
        for node_id in queue:
            if self.nodes[node_id].kind in stop_kinds:
                continue
            for target in self.successors(node_id):
                if target not in seen:
                    seen[target] = None
                    queue.append(target)
        return queue


def parse_definition(definition: Any) -> dict[str, Any]:
    """The definition as a map; it may have been stored as JSON text."""
    if isinstance(definition, str):
        try:
            definition = json.loads(definition)
        except ValueError as error:
            raise InvalidWorkflowError(f"the workflow is not JSON: {error}") from error
    if not isinstance(definition, dict):
        raise InvalidWorkflowError("the workflow is not a JSON object")
    return definition


def parse_graph(definition: Mapping[str, Any]) -> Graph:
    """Reads `nodes` (list or map) and `connections`; raises `InvalidWorkflowError` that names what is wrong."""
    graph = Graph(nodes=dict(_nodes(definition.get("nodes"))))
    if len(graph.nodes) > MAX_NODES:
        raise InvalidWorkflowError(f"the workflow has {len(graph.nodes)} nodes; at most {MAX_NODES} are allowed")
    for number, connection in enumerate(definition.get("connections") or ()):
        _connect(graph, connection, number)
    graph.variables = declared_variables(definition.get("variables"))
    graph.subflows = dict(definition.get("subflows") or definition.get("subworkflows") or {})
    _refuse_cycles(graph)
    return graph


def _nodes(nodes: Any) -> Iterator[tuple[str, Node]]:
    if isinstance(nodes, Mapping):
        items = [{"id": key, **value} if isinstance(value, Mapping) else value for key, value in nodes.items()]
    elif isinstance(nodes, list):
        items = nodes
    else:
        raise InvalidWorkflowError("nodes is neither a list nor an object")
    seen: set[str] = set()
    for number, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise InvalidWorkflowError(f"nodes[{number}] is not an object")
        node_id = item.get("node_id", item.get("id"))
        node_type = item.get("node_type", item.get("type"))
        if not isinstance(node_id, str | int) or node_id == "":
            raise InvalidWorkflowError(f"nodes[{number}] has no id")
        if not isinstance(node_type, str) or not node_type:
            raise InvalidWorkflowError(f"node {node_id} has no type", node_id=str(node_id))
        if str(node_id) in seen:
            raise InvalidWorkflowError(f"two nodes have the id {node_id}", node_id=str(node_id))
        seen.add(str(node_id))
        config = item.get("config", item.get("properties"))
        config = config if isinstance(config, Mapping) else {}
        yield (
            str(node_id),
            Node(
                id=str(node_id),
                type=node_type,
                name=str(item.get("name") or config.get("name") or node_id),
                config=config,
                is_disabled=bool(item.get("disabled") or config.get("disabled") or config.get("_disabled")),
            ),
        )


def _connect(graph: Graph, connection: Any, number: int) -> None:
    if not isinstance(connection, Mapping):
        raise InvalidWorkflowError(f"connections[{number}] is not an object")
    source, source_port = _end(
        graph, connection, ("source_node", "from_node", "source", "from"), ("source_port", "from_port", "sourceHandle")
    )
    target, target_port = _end(
        graph, connection, ("target_node", "to_node", "target", "to"), ("target_port", "to_port", "targetHandle")
    )
    for side, node_id in (("source", source), ("target", target)):
        if node_id not in graph.nodes:
            raise InvalidWorkflowError(f"connections[{number}] has a {side} that is no node: {node_id or 'none given'}")
    if target_port is None or target_port in EXEC_TARGETS:
        graph.connect(source, source_port or "exec_out", target)
    else:
        graph.data_edges[target, target_port] = (source, source_port or "result")


def _end(
    graph: Graph, connection: Mapping[str, Any], names: tuple[str, ...], ports: tuple[str, ...]
) -> tuple[str, str | None]:
    end = next((connection[name] for name in names if name in connection), None)
    port = next((str(connection[name]) for name in ports if connection.get(name) is not None), None)
    if isinstance(end, Mapping):
        port = end.get("port", port)
        end = end.get("node", end.get("node_id", end.get("id")))
    text = "" if end is None else str(end)
    if port is None and text not in graph.nodes and "." in text:
        text, _, port = text.rpartition(".")
    return text, port


def declared_variables(variables: Any) -> dict[str, Any]:
    """Variables with their first values, from a map of values, a map of declarations or a list of declarations."""
    if isinstance(variables, Mapping):
        return {str(name): _first_value(value) for name, value in variables.items()}
    if isinstance(variables, list):
        declared = (item for item in variables if isinstance(item, Mapping) and item.get("name"))
        return {str(item["name"]): _declared_value(item) for item in declared}
    return {}


def _first_value(value: Any) -> Any:
    """A map that has a value key, and otherwise only what declarations have, is a declaration; else it is the value."""
    if isinstance(value, Mapping) and value.keys() & VALUE_KEYS and value.keys() <= DECLARATION_KEYS:
        return _declared_value(value)
    return value


def _declared_value(declaration: Mapping[str, Any]) -> Any:
    return next((declaration[key] for key in VALUE_KEYS if declaration.get(key) is not None), None)


def subflow_of(graph: Graph, node: Node) -> Graph:
    """The workflow that a sub-workflow node runs: in the node itself, or in the definition's `subflows`."""
    inline = (node.config.get(key) for key in ("workflow", "definition", "workflow_json", "subflow"))
    definition: Any = next((found for found in inline if isinstance(found, Mapping)), None)
    if definition is None:
        wanted = (node.config.get(key) for key in ("subflow_id", "workflow_id", "subflow"))
        name = next((str(found) for found in wanted if found), "")
        if name not in graph.subflows:
            raise UnsupportedNodeError(
                f"sub-workflow {name or '(no id)'} is not part of this definition", node_id=node.id
            )
        definition = graph.subflows[name]
    inner = parse_graph(parse_definition(definition))
    inner.subflows = {**graph.subflows, **inner.subflows}
    return inner


def _refuse_cycles(graph: Graph) -> None:
    """Only loop nodes may repeat: any other way back to a node would run for ever."""
    state: dict[str, int] = {}
    for root in graph.nodes:
        stack: list[tuple[str, Iterator[str]]] = [(root, _onward(graph, root))] if root not in state else []
        state.setdefault(root, 1)
        while stack:
            node_id, onward = stack[-1]
            target = next(onward, None)
            if target is None:
                state[node_id] = 2
                stack.pop()
            elif state.get(target) == 1:
                path = [entry[0] for entry in stack]
                cycle = " → ".join([*path[path.index(target) :], target])
                raise InvalidWorkflowError(f"nodes lead back to themselves outside a loop: {cycle}", node_id=target)
            elif target not in state:
                state[target] = 1
                stack.append((target, _onward(graph, target)))


def _onward(graph: Graph, node_id: str) -> Iterator[str]:
    if graph.nodes[node_id].kind in LOOP_ENDS | {"break", "continue"}:
        return iter(())
    return (target for target in graph.successors(node_id) if graph.nodes[target].kind not in LOOP_STARTS)
