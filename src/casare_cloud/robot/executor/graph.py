"""The nodes-and-connections form: read in every shape that is in use, and checked before anything runs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from casare_cloud.robot.executor.declarations import kind_of
from casare_cloud.robot.executor.errors import InvalidWorkflowError, NodeInputError, UnsupportedNodeError
from casare_cloud.robot.executor.registry import find_declaration
from casare_cloud.robot.executor.wires import Broken, Wire, kept_in, read_wires, sort_wires

MAX_NODES = 1_000
TOO_DEEP = "the workflow is nested too deeply"
LOOP_STARTS = frozenset({"forloopstart", "whileloopstart"})
LOOP_ENDS = frozenset({"forloopend", "whileloopend"})
SUBFLOWS = frozenset({"subflow", "subworkflow", "callsubflow", "callsubworkflow"})
INLINE = ("workflow", "definition", "workflow_json", "subflow")
"""Options of a sub-workflow node that hold the workflow itself."""
TRIGGER_TYPES = tuple(
    f"{name}TriggerNode"
    for name in (
        "AppEvent", "Chat", "Drive", "Email", "Error", "FileWatch", "Form", "Gmail", "RSSFeed", "SSE", "Schedule",
        "Sheets", "Telegram", "Webhook", "WhatsApp", "WorkflowCall",
    )
)  # fmt: skip
TRIGGERS = frozenset(kind_of(name) for name in TRIGGER_TYPES)

VALUE_KEYS = {"value": 0, "default_value": 1, "default": 2}.keys()  # in this order
TYPE_KEYS = frozenset({"type", "data_type"})
DECLARATION_KEYS = VALUE_KEYS | TYPE_KEYS | {
    "name", "description", "required", "scope", "sensitive", "readonly", "category", "is_input", "is_output",
}  # fmt: skip


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
    wires: list[Wire] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    subflows: dict[str, Any] = field(default_factory=dict)
    written: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # the nodes as the definition has them
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
        """Where execution begins: the StartNode, the trigger, or the one node that leads on and nothing leads to.

        Several triggers are one beginning when they lead to the same nodes: whichever fired, it has fired already.
        """
        starts = [node.id for node in self.nodes.values() if node.kind == "start"]
        if len(starts) > 1:
            message = f"the workflow has {len(starts)} StartNodes; one is needed"
            raise InvalidWorkflowError(message, node_id=starts[1], path=f"nodes.{starts[1]}")
        if starts:
            return starts
        first = [node_id for node_id in self._onward if node_id not in self._is_led_to]
        triggers = [node_id for node_id in first if self.nodes[node_id].kind in TRIGGERS]
        if triggers and all(self.successors(other) == self.successors(triggers[0]) for other in triggers):
            return triggers[:1]
        if not first and len(self.nodes) <= 1:
            return list(self.nodes)
        if len(first) != 1:
            message = "the workflow has no StartNode, and no single node where it could begin"
            raise InvalidWorkflowError(message, path="nodes")
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
        except RecursionError as error:
            raise InvalidWorkflowError(TOO_DEEP) from error
    if not isinstance(definition, dict):
        raise InvalidWorkflowError("the workflow is not a JSON object")
    return definition


def parse_graph(definition: Mapping[str, Any], broken: Broken = None) -> Graph:
    """Reads `nodes` (list or map) and `connections`; raises `InvalidWorkflowError` that names what is wrong.

    With a list in `broken`, the mistakes in single nodes and connections are put there, and what has them is left out.
    """
    graph = Graph(nodes={})
    named: set[str] = set()  # also by nodes that are left out
    for node, item in _nodes(definition.get("nodes"), named, broken):
        graph.nodes[node.id] = node
        graph.written[node.id] = item
    if len(graph.nodes) > MAX_NODES:
        raise InvalidWorkflowError(
            f"the workflow has {len(graph.nodes)} nodes; at most {MAX_NODES} are allowed", path="nodes"
        )
    types = {node.id: find_declaration(node.kind) for node in graph.nodes.values()}
    kinds = {node.id: node.kind for node in graph.nodes.values()}
    wires = read_wires(definition.get("connections"), named, broken)
    whole = (wire for wire in wires if wire.source in kinds and wire.target in kinds)
    graph.wires = sort_wires(whole, kinds, types)
    for wire in graph.wires:
        if wire.exit is not None:
            graph.connect(wire.source, wire.exit, wire.target)
        elif wire.target_port is not None:
            graph.data_edges[wire.target, wire.target_port] = (wire.source, wire.source_port or "result")
    graph.variables = declared_variables(definition.get("variables"))
    subflows = definition.get("subflows") or definition.get("subworkflows") or {}
    if not isinstance(subflows, Mapping):
        raise InvalidWorkflowError("subflows is not an object", path="subflows")
    graph.subflows = dict(subflows)
    with kept_in(broken):
        _refuse_cycles(graph)
    return graph


def _nodes(nodes: Any, named: set[str], broken: Broken) -> Iterator[tuple[Node, Mapping[str, Any]]]:
    if isinstance(nodes, Mapping):
        items = [{"id": key, **value} if isinstance(value, Mapping) else value for key, value in nodes.items()]
    elif isinstance(nodes, list):
        items = nodes
    else:
        raise InvalidWorkflowError("nodes is neither a list nor an object", path="nodes")
    for number, item in enumerate(items):
        with kept_in(broken):
            yield _node(item, f"nodes[{number}]", named), item


def _node(item: Any, place: str, named: set[str]) -> Node:
    if not isinstance(item, Mapping):
        raise InvalidWorkflowError(f"{place} is not an object", path=place)
    node_id = item.get("node_id", item.get("id"))
    node_type = item.get("node_type", item.get("type"))
    if not isinstance(node_id, str | int) or node_id == "":
        raise InvalidWorkflowError(f"{place} has no id", path=f"{place}.id")
    node_id = str(node_id)
    if node_id in named:
        raise InvalidWorkflowError(
            f"two nodes have the id {node_id}", node_id=node_id, path=f"{place}.id", rule="duplicate_id"
        )
    named.add(node_id)
    if not isinstance(node_type, str) or not node_type:
        raise InvalidWorkflowError(f"node {node_id} has no type", node_id=node_id, path=f"nodes.{node_id}.type")
    config = item.get("config") or item.get("properties") or {}
    if not isinstance(config, Mapping):
        message = f"the config of node {node_id} is not an object"
        raise InvalidWorkflowError(message, node_id=node_id, path=f"nodes.{node_id}.config")
    return Node(
        id=node_id,
        type=node_type,
        name=str(item.get("name") or config.get("name") or node_id),
        config=config,
        is_disabled=bool(item.get("disabled") or config.get("disabled") or config.get("_disabled")),
    )


def declared_variables(variables: Any) -> dict[str, Any]:
    """Variables with their first values, from a map of values, a map of declarations or a list of declarations."""
    if isinstance(variables, Mapping):
        return {str(name): _first_value(value) for name, value in variables.items()}
    if isinstance(variables, list):
        declared = (item for item in variables if isinstance(item, Mapping) and item.get("name"))
        return {str(item["name"]): _declared_value(item) for item in declared}
    return {}


def is_declaration(value: Any) -> bool:
    """Whether a variable's map declares it (and is not its value).

    So it is with `default_value` beside a type or a name, and with a value key beside nothing but what declarations
    have.
    """
    if not isinstance(value, Mapping) or not value.keys() & VALUE_KEYS:
        return False
    if value.keys() <= DECLARATION_KEYS:
        return True
    return "default_value" in value and bool(value.keys() & (TYPE_KEYS | {"name"}))


def _first_value(value: Any) -> Any:
    return _declared_value(value) if is_declaration(value) else value


def _declared_value(declaration: Mapping[str, Any]) -> Any:
    return next((declaration[key] for key in VALUE_KEYS if declaration.get(key) is not None), None)


def required_variables(variables: Any) -> list[str]:
    """The names of the variables that are declared as required."""
    if isinstance(variables, Mapping):
        return [str(name) for name, value in variables.items() if is_declaration(value) and value.get("required")]
    items = variables if isinstance(variables, list) else ()
    return [str(item.get("name")) for item in items if isinstance(item, Mapping) and item.get("required")]


def set_variables(variables: dict[str, Any], declared: Any, input: Mapping[str, Any]) -> None:
    """Gives the variables their declared first values, then those of the job's input.

    Raises `NodeInputError` when one that is declared as required has none.
    """
    variables.update(declared_variables(declared))
    variables.update(input)
    for name in required_variables(declared):
        if variables.get(name) is None:
            raise NodeInputError(f"the workflow needs the variable {name}", error_type="MissingInputError")
    variables.setdefault("input", dict(input))


def subflow_of(graph: Graph, node: Node) -> Graph:
    """The workflow that a sub-workflow node runs: in the node itself, or in the definition's `subflows`."""
    definition: Any = inline_subflow(node)
    if definition is None:
        name = subflow_name(node)
        if name not in graph.subflows:
            raise UnsupportedNodeError(
                f"sub-workflow {name or '(no id)'} is not part of this definition", node_id=node.id
            )
        definition = graph.subflows[name]
    inner = parse_graph(parse_definition(definition))
    inner.subflows = {**graph.subflows, **inner.subflows}
    return inner


def inline_subflow(node: Node) -> Mapping[str, Any] | None:
    """The workflow that a sub-workflow node carries itself, or None."""
    return next((node.config[key] for key in INLINE if isinstance(node.config.get(key), Mapping)), None)


def subflow_name(node: Node) -> str:
    """By which a sub-workflow node names a part of the definition's `subflows`."""
    wanted = (node.config.get(key) for key in ("subflow_id", "workflow_id", "subflow"))
    return next((str(found) for found in wanted if found), "")


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
                message = f"nodes lead back to themselves outside a loop: {cycle}"
                raise InvalidWorkflowError(message, node_id=target, path=f"nodes.{target}")
            elif target not in state:
                state[target] = 1
                stack.append((target, _onward(graph, target)))


def _onward(graph: Graph, node_id: str) -> Iterator[str]:
    if graph.nodes[node_id].kind in LOOP_ENDS | {"break", "continue"}:
        return iter(())
    return (target for target in graph.successors(node_id) if graph.nodes[target].kind not in LOOP_STARTS)
