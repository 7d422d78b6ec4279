"""Connections: reads every form that is in use, and tells whether one carries execution or a value."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from casare_cloud.robot.executor.declarations import NodeType
from casare_cloud.robot.executor.errors import InvalidWorkflowError
from casare_cloud.robot.executor.problems import nearest

EXEC_INPUTS = frozenset({"exec_in", "exec"})
REROUTES = frozenset({"reroute", "visualreroute"})
EXEC_WORDS = frozenset({"exec_out", "exec", "out", "true", "false", "body", "completed", "default", "error"})
"""Exits of node types that declare none."""

SOURCE_KEYS = ("source_node", "from_node", "source", "from")
SOURCE_PORT_KEYS = ("source_port", "from_port", "sourceHandle")
TARGET_KEYS = ("target_node", "to_node", "target", "to")
TARGET_PORT_KEYS = ("target_port", "to_port", "targetHandle")


Broken = list[InvalidWorkflowError] | None
"""Where the mistakes in single nodes and connections are kept, which are left out then; None: the first is raised."""


@contextmanager
def kept_in(broken: Broken) -> Iterator[None]:
    """Keeps a mistake, where mistakes are kept."""
    try:
        yield
    except InvalidWorkflowError as error:
        if broken is None:
            raise
        broken.append(error)


@dataclass(frozen=True, slots=True)
class Wire:
    """A connection: ports as they are written, and None where none is.

    `exit` is set when it carries execution: the exit of the source as the walker knows it.
    """

    number: int
    source: str
    source_port: str | None
    target: str
    target_port: str | None
    exit: str | None = None


def read_wires(connections: Any, nodes: Collection[str], broken: Broken = None) -> list[Wire]:
    """Every connection; raises `InvalidWorkflowError` for one that is none, or that has no node at an end."""
    if connections is None:
        return []
    if not isinstance(connections, list):
        raise InvalidWorkflowError("connections is not a list", path="connections")
    wires: list[Wire] = []
    for number, connection in enumerate(connections):
        with kept_in(broken):
            wires.append(_read(connection, number, nodes))
    return wires


def _read(connection: Any, number: int, nodes: Collection[str]) -> Wire:
    place = f"connections[{number}]"
    if not isinstance(connection, Mapping):
        raise InvalidWorkflowError(f"{place} is not an object", path=place)
    source, source_port = _end(connection, SOURCE_KEYS, SOURCE_PORT_KEYS, nodes)
    target, target_port = _end(connection, TARGET_KEYS, TARGET_PORT_KEYS, nodes)
    for side, node_id in (("source", source), ("target", target)):
        if node_id not in nodes:
            raise InvalidWorkflowError(
                f"{place} has a {side} that is no node: {node_id or 'none given'}",
                path=f"{place}.{side}",
                rule="dangling_connection",
                did_you_mean=nearest(node_id, nodes),
            )
    return Wire(number, source, source_port, target, target_port)


def _end(
    connection: Mapping[str, Any], names: tuple[str, ...], ports: tuple[str, ...], nodes: Collection[str]
) -> tuple[str, str | None]:
    end = next((connection[name] for name in names if name in connection), None)
    port = next((str(connection[name]) for name in ports if connection.get(name) is not None), None)
    if isinstance(end, Mapping):
        port = port if end.get("port") is None else str(end["port"])
        end = end.get("node", end.get("node_id", end.get("id")))
    text = "" if end is None else str(end)
    if port is None and text not in nodes and "." in text:
        text, _, port = text.rpartition(".")
    return text, port


def sort_wires(wires: Iterable[Wire], kinds: Mapping[str, str], types: Mapping[str, NodeType | None]) -> list[Wire]:
    """The connections with `exit` set on those that carry execution; `kinds` and `types` are those of the nodes.

    A connection carries execution when it enters by `exec_in`, `exec` or no port, or by `in` of a node that has no
    such value. What leads into a dot says what it carries, through as many dots as there are.
    """
    wires = list(wires)
    dots: set[str] = set()
    sorter = _Sorter(kinds, types, dots)
    into_dots = [wire for wire in wires if kinds[wire.target] in REROUTES]
    by_source: dict[str, list[Wire]] = {}
    for wire in into_dots:
        by_source.setdefault(wire.source, []).append(wire)
    ready = [wire for wire in into_dots if sorter.is_exec(wire)]
    while ready:
        dot = ready.pop().target
        if dot not in dots:
            dots.add(dot)
            ready += [wire for wire in by_source.get(dot, ()) if sorter.is_exec(wire)]
    return [replace(wire, exit=sorter.exit(wire)) if sorter.is_exec(wire) else wire for wire in wires]


@dataclass(frozen=True, slots=True)
class _Sorter:
    kinds: Mapping[str, str]
    types: Mapping[str, NodeType | None]
    dots: set[str]  # those that are known to carry execution

    def is_exec(self, wire: Wire) -> bool:
        if wire.target_port is None or wire.target_port in EXEC_INPUTS:
            return True
        if wire.target_port != "in":
            return False
        declared = self.types[wire.target]
        if declared is not None and "in" not in declared.options and not declared.any_port:
            return True
        return self._leaves_by_exit(wire)

    def _leaves_by_exit(self, wire: Wire) -> bool:
        if self.kinds[wire.source] in REROUTES:
            return wire.source in self.dots or wire.source_port in ("exec_out", "exec")
        declared, port = self.types[wire.source], wire.source_port or "exec_out"
        if declared is None:
            return port in EXEC_WORDS
        return declared.exit(port) is not None and port not in declared.outputs

    def exit(self, wire: Wire) -> str:
        port = wire.source_port or "exec_out"
        declared = self.types[wire.source]
        if declared is None:
            return "exec_out" if port in ("out", "exec") else port
        return declared.exit(port) or port
