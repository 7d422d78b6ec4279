"""Branches of a workflow: a ForkNode runs each of them to the JoinNode where they meet.

The branches run one after another, by their numbers. Each begins with the variables as they were at the fork, so that
none depends on what another did; at the end the variables that each set are put together, the later branch's winning.
"""

from collections.abc import Mapping
from typing import Any

from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import choice, flag, integer, text
from casare_cloud.robot.executor.errors import FATAL, InvalidWorkflowError, WorkflowError
from casare_cloud.robot.executor.flow import Flow, Jump, block
from casare_cloud.robot.executor.graph import Node

MAX_BRANCHES = 20
JOINS = frozenset({"join"})


@block(
    "ForkNode",
    takes=(integer("branch_count", default=2), flag("fail_fast"), text("paired_join_id")),
    exits=("branch_",),
)
def fork(flow: Flow, node: NodeRun) -> str:
    """Runs `branch_1`, `branch_2` …, all of them, and goes on at the JoinNode.

    A branch that fails fails the fork: after the others, or with `fail_fast` before them. An EndNode, and a way out
    of a loop around, count when every branch has run.
    """
    owner, run = node.node, flow.run
    ports = branch_ports(flow, owner)
    before = run.variables
    results: dict[str, Mapping[str, Any]] = {}
    join = _paired(flow, owner)
    errors: list[tuple[str, WorkflowError]] = []
    jump: Jump | None = None
    for port in ports:
        run.variables = dict(before)
        try:
            reached = flow.run_block(owner, flow.graph.targets(owner.id, port), JOINS, "paired_fork_id")
            join = join or reached
        except Jump as way_out:
            jump = jump or way_out
        except WorkflowError as error:
            if isinstance(error, FATAL) or node.flag("fail_fast"):
                raise
            errors.append((port, error))
            run.reporter.log("error", f"{port} of {owner.id} failed: {error}", error.node_id)
        finally:
            own = run.variables
            run.variables = before
        results[port] = {name: value for name, value in own.items() if name not in before or before[name] is not value}
    _put_together(flow, owner, results)
    if errors:
        raise _first_of(errors, len(ports))
    if jump is not None:
        raise jump
    if join is None:
        return "exec_out"
    flow.joined[join.id] = results
    flow.graph.exec_edges[owner.id, "__after__"] = flow.step(join)
    return "__after__"


def branch_ports(flow: Flow, owner: Node) -> list[str]:
    """The fork's exits that lead somewhere, by their numbers."""
    ports = {port for source, port in flow.graph.exec_edges if source == owner.id and port.startswith("branch_")}
    if len(ports) > MAX_BRANCHES:
        raise InvalidWorkflowError(f"{owner.id} has more than {MAX_BRANCHES} branches", node_id=owner.id)
    return sorted(ports, key=lambda port: (len(port), port))


def _put_together(flow: Flow, owner: Node, results: Mapping[str, Mapping[str, Any]]) -> None:
    seen: dict[str, str] = {}
    for port, variables in results.items():
        for name in variables:
            if name in seen and results[seen[name]][name] != variables[name]:
                flow.run.warn_once(f"{seen[name]} and {port} both set {name}; that of {port} counts", owner.id)
            seen[name] = port
        flow.run.variables.update(variables)


def _first_of(errors: list[tuple[str, WorkflowError]], branches: int) -> WorkflowError:
    """The error of the first branch that failed, which names the others."""
    (port, first), *others = errors
    if others:
        listed = "; ".join(f"{name}: {error}" for name, error in others)
        first.args = (f"{first} ({len(errors)} of {branches} branches failed: {port}, and {listed})",)
    return first


def _paired(flow: Flow, owner: Node) -> Node | None:
    named = flow.graph.nodes.get(str(owner.config.get("paired_join_id") or ""))
    if named is not None:
        return named
    joins = (node for node in flow.graph.nodes.values() if node.kind in JOINS)
    return next((node for node in joins if node.config.get("paired_fork_id") == owner.id), None)


@block(
    "JoinNode",
    takes=(text("paired_fork_id"), choice("merge_strategy", "all", "first", "last", default="all")),
    gives=("results", "branch_count"),
)
def join(flow: Flow, node: NodeRun) -> str:
    """Where branches meet. `results` holds the variables that each branch set, or the first's, or the last's."""
    results = flow.joined.pop(node.node.id, {})
    names = list(results)
    chosen = {"all": names, "first": names[:1], "last": names[-1:]}[node.choice("merge_strategy")]
    flow.run.outputs[node.node.id] = {
        "results": {name: results[name] for name in chosen},
        "branch_count": len(results),
    }
    return "exec_out"
