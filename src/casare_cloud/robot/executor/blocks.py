"""Nodes that run other nodes: loops, tries, retries and sub-workflows, and the ways out of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from casare_cloud.robot.executor.context import NodeRun, parsed, to_dict
from casare_cloud.robot.executor.declarations import (
    anything,
    choice,
    expression,
    integer,
    mapping,
    number,
    text,
    unused,
)
from casare_cloud.robot.executor.errors import (
    FATAL,
    InvalidWorkflowError,
    LoopLimitError,
    NodeError,
    NodeInputError,
    ThrownError,
    WorkflowError,
)
from casare_cloud.robot.executor.flow import BLOCKS, MAX_SUBFLOW_DEPTH, Break, Continue, Finish, Flow, block
from casare_cloud.robot.executor.graph import LOOP_ENDS, Node, subflow_of
from casare_cloud.robot.executor.templates import MISSING

__all__ = ["BLOCKS"]

MAX_ITERATIONS = 100_000
TRY_ENDS = frozenset({"catch", "finally"})
RETRY_ENDS = frozenset({"retryend", "retrysuccess"})


@block("EndNode", takes=(anything("result", "output", "outputs", "value"),), exits=())
def end(flow: Flow, node: NodeRun) -> str:
    """Ends the workflow; its result is the job's output."""
    result = node.value("result")
    if result is not None:
        flow.run.output = result
    raise Finish


LOOP = text("paired_loop_start_id", "paired_start_id")
LOOP_START = text("paired_start_id")


@block("BreakNode", takes=(LOOP,))
def break_loop(flow: Flow, node: NodeRun) -> str:
    """Leaves the loop, the innermost one unless another is named."""
    raise Break(_pair(node))


@block("ContinueNode", takes=(LOOP,))
def continue_loop(flow: Flow, node: NodeRun) -> str:
    """Goes on to the loop's next item."""
    raise Continue(_pair(node))


@block("ForLoopEndNode", "WhileLoopEndNode", takes=(LOOP_START,))
def loop_end(flow: Flow, node: NodeRun) -> str:
    """Reached outside the innermost loop only: the end of an outer one."""
    raise Continue(str(node.raw("paired_start_id") or "") or None)


_LOOPED = ("body|loop", "completed")
_ITEMS = (
    anything("items", "list"),
    text("list_var"),
    text("item_var", "item_variable", default="item"),
    choice("mode", "items", "range", default="items"),
    integer("start", default=0),
    integer("end", default=10),
    integer("step", default=1),
    unused("paired_end_id", "a loop ends at the end node that names it"),
)
_ITEM = ("current_item", "current_index", "current_key")


@block(
    "ParallelForEachNode",
    takes=(
        *_ITEMS,
        unused("batch_size", "the items are taken one after another", 5),
        unused("fail_fast", "the first item that fails ends the loop", True),
        unused("timeout_per_item", "the job has one timeout for all", 60),
    ),
    gives=_ITEM,
    exits=_LOOPED,
    needs=("items|list_var|end|mode",),
)
@block(
    "ForLoopStartNode",
    "ForLoopNode",
    "ForEachNode",
    takes=_ITEMS,
    gives=_ITEM,
    exits=_LOOPED,
    needs=("items|list_var|end|mode",),
)
def for_loop(flow: Flow, node: NodeRun) -> str:
    """Runs `body` for each item (a list, a map, a text or a number of times) or for each number of a range."""
    items, count = _loop_items(flow, node)
    if count > MAX_ITERATIONS:
        raise LoopLimitError(f"{node.node.id} would loop {count:,} times; at most {MAX_ITERATIONS:,} are allowed")
    name = str(node.raw("item_var") or "item")
    variables, owner = flow.run.variables, node.node
    targets = flow.graph.targets(owner.id, "body")
    with flow.counting(owner, targets) as done:
        for index, (key, item) in enumerate(items):
            flow.run.control.check()
            variables.update({name: item, f"{name}_index": index, f"{name}_key": key})
            flow.run.outputs[owner.id] = {"current_item": item, "current_index": index, "current_key": key}
            if not _iteration(flow, owner, targets):
                break
            done((index + 1) / max(count, 1))
    return _after_loop(flow, owner)


@block(
    "WhileLoopStartNode",
    "WhileLoopNode",
    takes=(
        expression("condition"),
        expression("expression"),
        integer("max_iterations", default=1_000),
        unused("paired_end_id", "a loop ends at the end node that names it"),
    ),
    gives=("current_iteration",),
    exits=_LOOPED,
    needs=("condition|expression",),
)
def while_loop(flow: Flow, node: NodeRun) -> str:
    """Runs `body` while the condition holds; more often than `max_iterations` is an error."""
    owner = node.node
    most = min(node.integer("max_iterations"), MAX_ITERATIONS)
    targets = flow.graph.targets(owner.id, "body")
    iteration = 0
    with flow.counting(owner, targets):
        while node.condition():
            flow.run.control.check()
            if iteration >= most:
                raise LoopLimitError(f"{owner.id} looped {most:,} times and its condition still holds")
            flow.run.outputs[owner.id] = {"current_iteration": iteration}
            if not _iteration(flow, owner, targets):
                break
            iteration += 1
    flow.run.outputs[owner.id] = {"current_iteration": iteration}
    return _after_loop(flow, owner)


def _iteration(flow: Flow, owner: Node, targets: list[str]) -> bool:
    """Runs the body once; False when it asked to leave the loop."""
    try:
        flow.run_block(owner, targets, LOOP_ENDS, "paired_start_id")
    except (Break, Continue) as jump:
        if jump.loop_id not in (None, owner.id):
            raise
        return isinstance(jump, Continue)
    return True


def _after_loop(flow: Flow, owner: Node) -> str:
    """Leaves by `completed`; in graphs that go on from the loop's end node instead, from there."""
    if not flow.graph.targets(owner.id, "completed"):
        for node_id in flow.graph.reachable(flow.graph.targets(owner.id, "body")):
            end_node = flow.graph.nodes[node_id]
            if end_node.kind in LOOP_ENDS and str(end_node.config.get("paired_start_id") or owner.id) == owner.id:
                onward = [id for id in flow.graph.targets(node_id, "exec_out") if id != owner.id]
                flow.graph.exec_edges[owner.id, "completed"] = onward
                break
    return "completed"


def _loop_items(flow: Flow, node: NodeRun) -> tuple[Iterable[tuple[Any, Any]], int]:
    values = node.value("items", default=MISSING)
    name = node.raw("list_var")
    if values is MISSING and name:
        values = node.lookup(str(name).strip("{} "))
        if values is MISSING:
            raise NodeInputError(f"{node.node.id} loops over {name}, which is no variable")
    has_end = node.raw("end") is not None or node.is_connected("end")
    if node.choice("mode") == "range" or (values is MISSING and has_end):
        numbers = range(node.integer("start"), node.integer("end"), node.integer("step"))
        return enumerate(numbers), len(numbers)
    match parsed(values):
        case Mapping() as entries:
            return entries.items(), len(entries)
        case list() | tuple() | str() as entries:
            return enumerate(entries), len(entries)
        case int() | float() as times if not isinstance(times, bool):
            return enumerate(range(int(times))), int(times)
        case _:
            raise NodeInputError(f"{node.node.id} has nothing to loop over")


_ERROR = ("error", "error_message", "error_type", "stack_trace")
_TRY = text("paired_try_id")


@block(
    "TryNode",
    "OnErrorNode",
    takes=(
        unused("paired_catch_id", "a CatchNode names its TryNode, or is the next one"),
        unused("paired_finally_id", "a FinallyNode names its TryNode, or is the next one"),
    ),
    gives=(*_ERROR, "error_node", "success"),
    exits=("exec_out", "try_body", "protected_body", "success", "catch", "on_error", "finally"),
)
def try_block(flow: Flow, node: NodeRun) -> str:
    """Runs the body; an error that a CatchNode takes runs that one's body; a FinallyNode's body runs in any case."""
    owner = node.node
    body = flow.graph.targets(owner.id, "try_body") or flow.graph.targets(owner.id, "protected_body")
    last = _paired(flow, owner, "finally")
    caught: WorkflowError | None = None
    try:
        try:
            flow.run_block(owner, body, TRY_ENDS, "paired_try_id")
        except WorkflowError as error:
            caught = error
            if isinstance(error, FATAL) or not _handle(flow, owner, error):
                raise
    finally:
        if last is not None:
            flow.run.outputs[last.id] = {"had_error": caught is not None}
            flow.run_block(last, flow.graph.targets(last.id, "finally_body"), frozenset())
        elif after := flow.graph.targets(owner.id, "finally"):
            flow.run_block(owner, after, frozenset())
    if last is not None and flow.graph.targets(last.id, "exec_out"):
        flow.graph.exec_edges.setdefault((owner.id, "__after__"), flow.graph.targets(last.id, "exec_out"))
        return "__after__"
    return "success" if caught is None and flow.graph.targets(owner.id, "success") else "exec_out"


def _handle(flow: Flow, owner: Node, error: WorkflowError) -> bool:
    """Runs what the workflow has for this error; False when it has nothing."""
    catch = _paired(flow, owner, "catch")
    port = next((name for name in ("catch", "on_error") if flow.graph.targets(owner.id, name)), None)
    if catch is None and port is None:
        return False
    if catch is not None:
        wanted = {name.strip() for name in str(catch.config.get("error_types") or "").split(",") if name.strip()}
        if wanted and error.error_type not in wanted:
            return False
        flow.keep_error(catch.id, error)
        targets = flow.graph.targets(catch.id, "catch_body") or flow.graph.targets(catch.id, "exec_out")
    else:
        targets = flow.graph.targets(owner.id, str(port))
    flow.keep_error(owner.id, error)
    flow.run.reporter.log("warning", f"caught {error.error_type}: {error}", error.node_id)
    flow.run_block(catch or owner, targets, frozenset({"finally"}), "paired_try_id")
    return True


def _paired(flow: Flow, owner: Node, kind: str) -> Node | None:
    candidates = [node for node in flow.graph.nodes.values() if node.kind == kind]
    for node in candidates:
        if str(node.config.get("paired_try_id") or "") == owner.id:
            return node
    unpaired = {node.id for node in candidates if not node.config.get("paired_try_id")}
    near = (id for id in flow.graph.reachable([owner.id]) if id in unpaired)
    found = next(near, None)
    return None if found is None else flow.graph.nodes[found]


@block("FinallyNode", takes=(_TRY,), gives=("had_error",), exits=("exec_out", "finally_body"))
@block("CatchNode", takes=(_TRY, text("error_types")), gives=_ERROR, exits=("exec_out", "catch_body"))
def lone_handler(flow: Flow, node: NodeRun) -> str:
    """Reached through an `error` port, without a TryNode around it."""
    if node.node.kind == "finally":
        return "finally_body" if flow.graph.targets(node.node.id, "finally_body") else "exec_out"
    variables = flow.run.variables
    flow.run.outputs[node.node.id] = {name: variables.get(name, "") for name in ("error_message", "error_type")}
    return "catch_body" if flow.graph.targets(node.node.id, "catch_body") else "exec_out"


@block(
    "RetryNode",
    takes=(
        integer("max_attempts", "max_retries", default=3),
        number("initial_delay", default=1.0),
        number("delay_ms"),
        number("max_delay_ms", default=30_000),
        number("backoff_multiplier", default=2.0),
    ),
    gives=("attempt", "attempt_number", "last_error", *_ERROR),
    exits=("exec_out", "retry_body", "success", "failure", "failed"),
)
def retry(flow: Flow, node: NodeRun) -> str:
    """Runs `retry_body` until it ends without an error, `max_attempts` times at most, waiting longer each time."""
    owner = node.node
    attempts = min(max(node.integer("max_attempts"), 1), 100)
    delay = node.number("initial_delay") if node.value("delay_ms") is None else node.number("delay_ms") / 1000
    most = node.number("max_delay_ms") / 1000
    for attempt in range(1, attempts + 1):
        flow.run.outputs[owner.id] = {"attempt_number": attempt, "attempt": attempt}
        try:
            flow.run_block(owner, flow.graph.targets(owner.id, "retry_body"), RETRY_ENDS)
        except WorkflowError as error:
            if isinstance(error, FATAL):
                raise
            flow.keep_error(owner.id, error)
            flow.run.outputs[owner.id] |= {"attempt_number": attempt, "attempt": attempt, "last_error": str(error)}
            if attempt < attempts:
                flow.run.control.sleep(min(delay, most))
                delay *= node.number("backoff_multiplier")
                continue
            port = next((name for name in ("failure", "failed") if flow.graph.targets(owner.id, name)), None)
            if port is None:
                raise
            return port
        break
    return "success" if flow.graph.targets(owner.id, "success") else "exec_out"


@block("RetrySuccessNode", "RetryEndNode")
def retry_success(flow: Flow, node: NodeRun) -> str:
    """The end of a RetryNode's body."""
    return "exec_out"


@block("RetryFailNode", takes=(text("error_message", default="asked to try again"),))
def retry_fail(flow: Flow, node: NodeRun) -> str:
    """Fails the RetryNode's body, so that it runs again."""
    raise NodeError(node.text("error_message"), node_id=node.node.id)


@block(
    "ThrowErrorNode",
    takes=(
        text("error_message", "message", default="Custom error"),
        text("error_type", default="Error"),
    ),
)
def throw(flow: Flow, node: NodeRun) -> str:
    """Fails the workflow with a message and type of its own."""
    raise ThrownError(node.text("error_message"), node_id=node.node.id, error_type=node.text("error_type"))


_IN_PLACE = "a sub-workflow runs within this job"
_CARRIED = "a sub-workflow is carried by the definition, under subflows"


@block(
    "SubflowNode",
    "SubWorkflowNode",
    "CallSubflowNode",
    "CallSubworkflowNode",
    takes=(
        anything("workflow", "definition", "workflow_json"),
        anything("subflow"),
        text("subflow_id", "subworkflow_id", "workflow_id"),
        mapping("inputs", "parameters", "input"),
        unused("subflow_path", _CARRIED, ""),
        unused("subworkflow_path", _CARRIED, ""),
        unused("execution_mode", _IN_PLACE, "sync"),
        unused("timeout_seconds", _IN_PLACE, 300),
        unused("wait_for_result", _IN_PLACE, True),
        unused("poll_interval", _IN_PLACE),
    ),
    any_port=True,
    any_output=True,
    needs=("workflow|subflow|subflow_id",),
)
def subflow(flow: Flow, node: NodeRun) -> str:
    """Runs a workflow that this definition carries: in the node itself, or under `subflows` by its id.

    It shares the variables, as the published product has it; its outputs become this node's.
    """
    inner = subflow_of(flow.graph, node.node)
    run = flow.run
    if len(run.within) >= MAX_SUBFLOW_DEPTH:
        raise InvalidWorkflowError("sub-workflows are nested more than 10 deep", node_id=node.node.id)
    given = to_dict(node.value("inputs", default={}), "inputs")
    given |= {port: node.connected(port) for (target, port) in flow.graph.data_edges if target == node.node.id}
    for name, value in inner.variables.items():
        run.variables.setdefault(name, value)
    run.variables.update(given)
    outer_outputs, outer_output = run.outputs, run.output
    run.outputs, run.output = {}, None
    run.within = (*run.within, node.node.id)
    try:
        Flow(inner, run).walk()
        outputs = {str(o["port_name"]): o["value"] for o in run.outputs.values() if o.keys() == {"port_name", "value"}}
        outputs.setdefault("result", run.output)
    finally:
        run.within = run.within[:-1]
        run.outputs, run.output = outer_outputs, outer_output
    run.outputs[node.node.id] = outputs
    return "exec_out"


def _pair(node: NodeRun) -> str | None:
    return str(node.raw("paired_loop_start_id") or "") or None
