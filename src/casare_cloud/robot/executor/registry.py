"""Which node and task types this robot can run: the built-in ones and those of installed plugins.

A plugin is a package with entry points in the group `casare_cloud.nodes`; each is named by the node type or task type
it serves and loads to a function that takes a `NodeRun` and returns its outputs.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from casare_cloud.robot.executor.errors import UnsupportedNodeError
from casare_cloud.robot.executor.graph import kind_of

if TYPE_CHECKING:
    from casare_cloud.robot.executor.context import NodeRun

ENTRY_POINT_GROUP = "casare_cloud.nodes"


@dataclass(frozen=True, slots=True)
class Next:
    """What a node leaves behind, and the execution port by which it leaves."""

    port: str = "exec_out"
    outputs: Mapping[str, Any] = field(default_factory=dict)


NodeFunction = Callable[["NodeRun"], "Next | Mapping[str, Any] | None"]

_NODES: dict[str, NodeFunction] = {}


def node(*types: str) -> Callable[[NodeFunction], NodeFunction]:
    """Registers a function as the implementation of these node types."""

    def register(function: NodeFunction) -> NodeFunction:
        for node_type in types:
            _NODES[kind_of(node_type)] = function
        return function

    return register


def find_node(kind: str) -> NodeFunction | None:
    """The implementation of a node kind, built-in before plugin, or None."""
    _load_built_in()
    return _NODES.get(kind) or _from_plugin(kind)


def refuse_unsupported(types: Iterable[tuple[str, str]], also: frozenset[str] = frozenset()) -> None:
    """Raises `UnsupportedNodeError` that names every `(id, type)` which nothing here can run."""
    missing = [
        (node_id, name) for node_id, name in types if kind_of(name) not in also and find_node(kind_of(name)) is None
    ]
    if missing:
        listed = ", ".join(f"{name} (node {node_id})" for node_id, name in missing[:10])
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        raise UnsupportedNodeError(
            f"this robot cannot run {listed}{more}; install a plugin for it", node_id=missing[0][0]
        )


@cache
def _load_built_in() -> None:
    from casare_cloud.robot.executor.nodes import load

    load()


@cache
def _from_plugin(kind: str) -> NodeFunction | None:
    for entry_point in entry_points(group=ENTRY_POINT_GROUP):
        if kind_of(entry_point.name) == kind:
            function: NodeFunction = entry_point.load()
            return function
    return None
