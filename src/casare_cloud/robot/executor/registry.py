"""Which node and task types this robot can run: the built-in ones and those of installed plugins.

A plugin is a package with entry points in the group `casare_cloud.nodes`; each is named by the node type or task type
it serves and loads to a function that takes a `NodeRun` and returns its outputs. With `@declares(...)` on it, what
workflows write for it is checked as for the built-in types; without, it is not checked.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from casare_cloud.robot.executor.declarations import NodeType, kind_of, node_type
from casare_cloud.robot.executor.errors import UnsupportedNodeError
from casare_cloud.robot.executor.extras import lacking

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
_DECLARED: dict[str, NodeType] = {}


def declare(declared: NodeType) -> None:
    """Makes a declaration known under every name of the type."""
    _DECLARED.update({kind_of(name): declared for name in declared.names})


def node(*types: str, **parts: Any) -> Callable[[NodeFunction], NodeFunction]:
    """Registers a function as the implementation of these node types, with its declaration (see `node_type`)."""

    def register(function: NodeFunction) -> NodeFunction:
        _NODES.update({kind_of(name): function for name in types})
        declare(node_type(types, function.__doc__, subject=function.__module__, **parts))
        return function

    return register


def declares(**parts: Any) -> Callable[[NodeFunction], NodeFunction]:
    """For plugins: says which options, outputs and exits the function has (see `node_type`)."""

    def attach(function: NodeFunction) -> NodeFunction:
        function.declaration = node_type((function.__name__,), function.__doc__, **parts)  # type: ignore[attr-defined]
        return function

    return attach


def find_node(kind: str) -> NodeFunction | None:
    """The implementation of a node kind, built-in before plugin, or None."""
    _load_built_in()
    return _NODES.get(kind) or _from_plugin(kind)


def is_built_in(kind: str) -> bool:
    """Whether this package has the node kind, not a plugin."""
    _load_built_in()
    return kind in _NODES


def find_declaration(kind: str) -> NodeType | None:
    """The declaration of a node kind, or None when the type is unknown or has none."""
    _load_built_in()
    return _DECLARED.get(kind) or getattr(_from_plugin(kind), "declaration", None)


def built_in(kind: str) -> NodeType:
    """The declaration of a type of this package that is registered already."""
    return _DECLARED[kind]


def built_in_types() -> list[NodeType]:
    """Every declaration of this package, by its first name."""
    _load_built_in()
    return sorted({id(found): found for found in _DECLARED.values()}.values(), key=lambda found: found.names[0])


def refuse_unsupported(types: Iterable[tuple[str, str]], also: frozenset[str] = frozenset()) -> None:
    """Raises `UnsupportedNodeError` that names every `(id, type)` which nothing here can run."""
    every = list(types)
    refuse_missing(
        "node", [each for each in every if kind_of(each[1]) not in also and find_node(kind_of(each[1])) is None]
    )
    refuse_lacking("node", [(*each, find_declaration(kind_of(each[1]))) for each in every])


def refuse_missing(what: str, missing: list[tuple[str, str]]) -> None:
    """Raises `UnsupportedNodeError` that names every `(id, type)`; they are nodes or steps, as `what` says."""
    if missing:
        listed = ", ".join(f"{name} ({what} {item})" for item, name in missing[:10])
        more = f" and {len(missing) - 10} more" if len(missing) > 10 else ""
        raise UnsupportedNodeError(
            f"this robot cannot run {listed}{more}; install a plugin for it", node_id=missing[0][0]
        )


def refuse_lacking(what: str, declared: Iterable[tuple[str, str, NodeType | None]]) -> None:
    """Raises `UnsupportedNodeError` for the first of `(id, type, declaration)` that needs an extra this robot lacks."""
    for item, name, declaration in declared:
        if declaration is not None and (install := lacking(declaration.extra)):
            raise UnsupportedNodeError(
                f"this robot cannot run {name} ({what} {item}), which needs {declaration.extra}: {install}",
                node_id=item,
            )


@cache
def _load_built_in() -> None:
    from casare_cloud.robot.executor import blocks, branches  # noqa: F401
    from casare_cloud.robot.executor.nodes import load

    load()


@cache
def _from_plugin(kind: str) -> NodeFunction | None:
    entry_point = _plugins().get(kind)
    function: NodeFunction | None = None if entry_point is None else entry_point.load()
    return function


@cache
def _plugins() -> dict[str, EntryPoint]:
    """Found once: looking through all that is installed takes tens of milliseconds."""
    return {kind_of(entry_point.name): entry_point for entry_point in entry_points(group=ENTRY_POINT_GROUP)}
