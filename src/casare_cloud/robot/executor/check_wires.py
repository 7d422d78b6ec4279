"""Finds the connections whose ports lead nowhere."""

from collections.abc import Iterator
from dataclasses import dataclass

from casare_cloud.robot.executor.declarations import ERROR_OUTPUTS, NodeType
from casare_cloud.robot.executor.graph import Graph, Node
from casare_cloud.robot.executor.problems import Problem, listed, nearest
from casare_cloud.robot.executor.registry import find_declaration
from casare_cloud.robot.executor.templates import as_text
from casare_cloud.robot.executor.wires import Wire


def wire_problems(graph: Graph, path: str) -> Iterator[Problem]:
    """The problems of a graph's connections, in their order."""
    types = {node.id: find_declaration(node.kind) for node in graph.nodes.values()}
    entered: dict[tuple[str, str], Wire] = {}
    cases: dict[str, _Cases] = {}
    for wire in graph.wires:
        place, source, target = f"{path}connections[{wire.number}]", graph.nodes[wire.source], graph.nodes[wire.target]
        if wire.exit is not None:
            yield from _exit_problems(wire, source, types[wire.source], cases, place)
            continue
        yield from _output_problems(graph, wire, source, types[wire.source], place)
        yield from _input_problems(wire, source, target, types[wire.target], place)
        port = (wire.target, str(wire.target_port))
        if port in entered and entered[port].source != wire.source:
            before = graph.nodes[entered[port].source]
            message = (
                f"{wire.target_port} of {target.id} is fed by {before.id} and by {source.id}: only {source.id} counts"
            )
            yield Problem(place, "two_sources", "warning", message, node_id=target.id)
        entered[port] = wire


@dataclass(frozen=True, slots=True)
class _Cases:
    """What the cases of a SwitchNode are, worked out once for all that leads out of it."""

    names: frozenset[str] | None  # None: they are computed
    shown: str

    @classmethod
    def of(cls, node: Node) -> "_Cases":
        cases = node.config.get("cases")
        if not isinstance(cases, list) or "{{" in str(cases):
            return cls(None, "")
        names = frozenset(map(as_text, cases))
        return cls(names, listed(names))


def _exit_problems(
    wire: Wire, source: Node, declared: NodeType | None, cases: dict[str, _Cases], place: str
) -> Iterator[Problem]:
    port = wire.source_port or "exec_out"
    if declared is None:
        return
    if declared.exit(port) is None:
        if port in declared.outputs or declared.any_output:
            message = f"{port} of {source.type} {source.id} is a value: it cannot lead into exec_in of {wire.target}"
        elif not declared.exits:
            message = f"nothing runs after {source.type} {source.id}: it has no exit"
        else:
            message = f"{port} is no exit of {source.type} {source.id} ({_exits(declared)})"
        meant = nearest(port, declared.exits) or _only(declared)
        yield Problem(f"{place}.source_port", "unknown_port", "error", message, meant, source.id)
    elif source.kind == "fork" and (number := port.removeprefix("branch_")).isdecimal():
        count = source.config.get("branch_count")
        if isinstance(count, int | float) and float(number) > count:
            message = f"{port} of {source.id} is beyond its branch_count of {count}"
            yield Problem(f"{place}.source_port", "branch_count", "error", message, node_id=source.id)
    elif source.kind == "switch" and port.startswith("case_"):
        if source.id not in cases:
            cases[source.id] = _Cases.of(source)
        known = cases[source.id]
        if known.names is not None and port.removeprefix("case_") not in known.names:
            message = f"{port} of {source.id} is never taken: its cases are {known.shown}"
            yield Problem(f"{place}.source_port", "never_taken", "warning", message, node_id=source.id)


def _output_problems(
    graph: Graph, wire: Wire, source: Node, declared: NodeType | None, place: str
) -> Iterator[Problem]:
    port = wire.source_port or "result"
    if declared is None or declared.any_output or port in declared.outputs:
        return
    if wire.source_port is None and len(declared.outputs) == 1:
        return
    if port in ERROR_OUTPUTS and graph.targets(source.id, "error"):
        return
    if declared.exit(port) is not None:
        message = f"{port} is an exit of {source.type} {source.id}: it leads into no value of {wire.target}"
        yield Problem(f"{place}.target_port", "unknown_port", "error", message, "exec_in", source.id)
        return
    message = f"{port} is no output of {source.type} {source.id} (its outputs: {listed(declared.outputs)})"
    yield Problem(f"{place}.source_port", "unknown_port", "error", message, nearest(port, declared.outputs), source.id)


def _input_problems(wire: Wire, source: Node, target: Node, declared: NodeType | None, place: str) -> Iterator[Problem]:
    port = str(wire.target_port)
    if declared is None or declared.any_port or declared.any_option or declared.option(port) is not None:
        return
    names = [*declared.option_names, "exec_in"]
    message = f"{port} is no input of {target.type} {target.id} (its inputs: {listed(names)})"
    yield Problem(f"{place}.target_port", "unknown_port", "error", message, nearest(port, names), target.id)


def _exits(declared: NodeType) -> str:
    return "its exits: " + listed(f"{name}…" if name.endswith("_") else name for name in declared.exits.values())


def _only(declared: NodeType) -> str | None:
    ways = set(declared.exits.values())
    return ways.pop() if len(ways) == 1 and not next(iter(ways)).endswith("_") else None
