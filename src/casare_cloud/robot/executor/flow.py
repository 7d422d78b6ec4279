"""Walks a graph of nodes: one after another along the execution ports, blocks (loops, tries) within blocks."""

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from casare_cloud.robot.executor.check import refuse_problems
from casare_cloud.robot.executor.check_graph import graph_problems
from casare_cloud.robot.executor.context import NodeRun, Run, Stopwatch, make_lookup
from casare_cloud.robot.executor.declarations import ERROR_OUTPUTS, kind_of, node_type
from casare_cloud.robot.executor.errors import FATAL, InvalidWorkflowError, NodeError, NodeInputError, WorkflowError
from casare_cloud.robot.executor.graph import LOOP_ENDS, SUBFLOWS, Graph, Node, parse_graph, set_variables, subflow_of
from casare_cloud.robot.executor.problems import few_suggestions
from casare_cloud.robot.executor.registry import Next, declare, find_node, refuse_unsupported
from casare_cloud.robot.executor.templates import MISSING

MAX_DEPTH = 40
MAX_SUBFLOW_DEPTH = 10
INPUT_ERRORS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, UnicodeError)


class Jump(BaseException):
    """Leaves blocks at once. Not an `Exception`: a TryNode catches errors, not the way out of a loop."""

    def __init__(self, loop_id: str | None = None) -> None:
        super().__init__(loop_id)
        self.loop_id = loop_id


class Break(Jump):
    """On to what follows the loop."""


class Continue(Jump):
    """On to the loop's next item."""


class Finish(Jump):
    """The workflow is over: an EndNode was reached."""


@dataclass(slots=True)
class Block:
    """A part of the graph that is run as one: it ends at its own end node, or where nothing leads on."""

    owner: Node
    end_kinds: frozenset[str]
    pair_keys: tuple[str, ...]
    reached: Node | None = None

    def ends_at(self, node: Node) -> bool:
        if node.id == self.owner.id:
            return True
        if node.kind not in self.end_kinds:
            return False
        pair = next((node.config[key] for key in self.pair_keys if node.config.get(key)), None)
        return pair is None or str(pair) == self.owner.id


BlockFunction = Callable[["Flow", NodeRun], str]
BLOCKS: dict[str, BlockFunction] = {}


def block(*types: str, **parts: Any) -> Callable[[BlockFunction], BlockFunction]:
    """Registers a node type that runs other nodes; its function returns the port by which to leave.

    `parts` are those of its declaration (see `node_type`).
    """

    def register(function: BlockFunction) -> BlockFunction:
        BLOCKS.update({kind_of(name): function for name in types})
        declare(node_type(types, function.__doc__, subject=function.__module__, **parts))
        return function

    return register


def supported_kinds() -> frozenset[str]:
    """The kinds that the walker itself implements."""
    from casare_cloud.robot.executor import blocks, branches  # noqa: F401

    return frozenset(blocks.BLOCKS)


def run_graph(definition: Mapping[str, Any], input: Mapping[str, Any], run: Run) -> None:
    """Checks and runs a nodes-and-connections definition; the outcome is left in `run`."""
    graph = parse_graph(definition)
    check_types(graph)
    with few_suggestions():
        refuse_problems(graph_problems(definition, graph), run.reporter)
    set_variables(run.variables, definition.get("variables"), input)
    Flow(graph, run).walk()


def check_types(graph: Graph, depth: int = 0) -> None:
    """Refuses node types that nothing here can run, and sub-workflows that are not there, at any depth."""
    if depth > MAX_SUBFLOW_DEPTH:
        raise InvalidWorkflowError(f"sub-workflows are nested more than {MAX_SUBFLOW_DEPTH} deep")
    refuse_unsupported(((node.id, node.type) for node in graph.nodes.values()), also=supported_kinds())
    for node in graph.nodes.values():
        if node.kind in SUBFLOWS:
            check_types(subflow_of(graph, node), depth + 1)


@dataclass(slots=True)
class Flow:
    """One graph being walked. Blocks keep to `run_block`; everything else is a node with a function."""

    graph: Graph
    run: Run
    blocks: list[Block] = field(default_factory=list)
    joined: dict[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)  # what branches brought, by join
    _seen: set[str] = field(default_factory=set)
    _total: int = 1
    _loop: tuple[set[str], float] | None = None
    _computing: set[str] = field(default_factory=set)

    def walk(self) -> None:
        """Runs the graph from its entry to the end."""
        entries = self.graph.entries()
        self._total = max(1, len(self.graph.reachable(entries)))
        try:
            self._chain(entries, None)
        except Finish:
            return
        except Jump as jump:
            raise InvalidWorkflowError(f"{type(jump).__name__}Node is not inside a loop") from None

    # Blocks

    def run_block(self, owner: Node, targets: Iterable[str], end_kinds: frozenset[str], *pair_keys: str) -> Node | None:
        """Runs the nodes from `targets` to the block's end; returns the end node when one was reached."""
        if len(self.blocks) >= MAX_DEPTH:
            raise InvalidWorkflowError(f"loops and tries are nested more than {MAX_DEPTH} deep", node_id=owner.id)
        inner = Block(owner, end_kinds, pair_keys)
        self.blocks.append(inner)
        try:
            self._chain(targets, inner)
        finally:
            self.blocks.pop()
        return inner.reached

    @contextmanager
    def counting(self, owner: Node, targets: list[str]) -> Iterator[Callable[[float], None]]:
        """Progress of an outermost loop: the given function takes the part of the loop that is done, 0 to 1."""
        if self._loop is not None:
            yield lambda part: None
            return
        body = set(self.graph.reachable(targets, LOOP_ENDS)) - {owner.id}

        def done(part: float) -> None:
            self._loop = (body, part)
            self._show(owner)

        self._loop = (body, 0.0)
        try:
            yield done
        finally:
            self._seen |= body
            self._loop = None

    def node_run(self, node: Node) -> NodeRun:
        return NodeRun(
            self.run, node, lambda port: self._connected(node.id, port), make_lookup(self.run, self._compute)
        )

    # One node after another

    def _chain(self, targets: Iterable[str], inner: Block | None) -> None:
        stack = list(targets)[::-1]
        while stack:
            node = self.graph.nodes[stack.pop()]
            if inner is not None and inner.ends_at(node):
                inner.reached = node if node.id != inner.owner.id else inner.reached
                continue
            stack.extend(self.step(node)[::-1])

    def step(self, node: Node) -> list[str]:
        """Runs one node, and what it runs within; returns the nodes to run after it."""
        if node.kind == "comment" or node.is_disabled:
            return self.graph.targets(node.id, "exec_out")
        timing = self.run.begin(node)
        watch = Stopwatch()
        self._show(node)
        timing.status = "completed"
        try:
            port = self._execute(node)
        except Jump:
            raise
        except Exception as error:
            timing.status = "failed"
            explained = self._explained(node, error)
            handlers = [] if isinstance(explained, FATAL) else self.graph.targets(node.id, "error")
            if not handlers:
                raise explained from error
            self.keep_error(node.id, explained)
            return handlers
        finally:
            self.run.end(timing, watch.seconds)
            self._seen.add(node.id)
        return self.graph.targets(node.id, port)

    def _execute(self, node: Node) -> str:
        node_run = self.node_run(node)
        inside = BLOCKS.get(node.kind)
        if inside is not None:
            return inside(self, node_run)
        function = find_node(node.kind)
        if function is None:
            raise InvalidWorkflowError(f"{node.type} has no implementation", node_id=node.id)
        left = function(node_run)
        outcome = left if isinstance(left, Next) else Next(outputs=left or {})
        if outcome.outputs or node.id not in self.run.outputs:
            self.run.outputs[node.id] = dict(outcome.outputs)
        return outcome.port

    def keep_error(self, node_id: str, error: WorkflowError) -> None:
        """Makes an error readable to the workflow, as outputs of `node_id` and as variables."""
        facts = {"error_message": str(error), "error_type": error.error_type, "stack_trace": error.stack_trace or ""}
        self.run.outputs.setdefault(node_id, {}).update(facts, error=str(error), success=False)
        self.run.variables.update(error_message=str(error), error_type=error.error_type)

    @staticmethod
    def _explained(node: Node, error: Exception) -> WorkflowError:
        if isinstance(error, WorkflowError):
            error.node_id = error.node_id or node.id
            error.stack_trace = error.stack_trace or traceback.format_exc(limit=8)
            return error
        kind = NodeInputError if isinstance(error, INPUT_ERRORS) else NodeError
        explained = kind(f"{node.type} {node.id}: {error}", node_id=node.id, error_type=type(error).__name__)
        explained.stack_trace = traceback.format_exc(limit=8)
        return explained

    # Values

    def _connected(self, node_id: str, port: str) -> Any:
        source = self.graph.data_edges.get((node_id, port))
        if source is None:
            return MISSING
        self._compute(source[0], again=True)
        outputs = self.run.outputs.get(source[0], {})
        if source[1] in outputs:
            return outputs[source[1]]
        if len(outputs) == 1 and source[1] == "result":
            return next(iter(outputs.values()))
        if source[0] in self.run.outputs and source[1] not in ERROR_OUTPUTS:
            self.run.warn_once(f"{source[0]} put out no {source[1]} for {port} of {node_id}", node_id)
        return MISSING

    def _compute(self, node_id: str, *, again: bool = False) -> None:
        """Runs a node that no execution reaches, because its value is wanted."""
        if node_id not in self.graph.nodes or not self.graph.is_passive(node_id):
            return
        if node_id in self.run.outputs and not again:
            return
        if node_id in self._computing:
            raise InvalidWorkflowError(f"the value of node {node_id} depends on itself", node_id=node_id)
        self._computing.add(node_id)
        try:
            self.step(self.graph.nodes[node_id])
        finally:
            self._computing.discard(node_id)

    def _show(self, node: Node) -> None:
        if self._loop is None:
            self.run.show(100 * len(self._seen) / self._total, node)
            return
        body, part = self._loop
        self.run.show(100 * (len(self._seen - body) + len(body) * part) / self._total, node)
