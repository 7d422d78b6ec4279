"""Conditions, loops, tries and retries."""

from typing import Any

import pytest
from tests.robot.workflows import Workshop, chain, graph

from casare_cloud.robot.executor import blocks
from casare_cloud.robot.executor.errors import (
    InvalidWorkflowError,
    LoopLimitError,
    NodeInputError,
    ThrownError,
)


def loop(config: dict[str, Any], *body: tuple[str, str, dict[str, Any]], kind: str = "ForLoop") -> dict[str, Any]:
    """Start → loop over `body` → "after"."""
    nodes: dict[str, Any] = {"s": ("StartNode", {}), "loop": (f"{kind}StartNode", config)}
    nodes |= {id_: (type_, node_config) for id_, type_, node_config in body}
    nodes |= {"e": (f"{kind}EndNode", {"paired_start_id": "loop"}), "after": ("LogNode", {"message": "after"})}
    ids = [id_ for id_, _, _ in body]
    pairs = [("s.exec_out", "loop"), ("loop.body", (ids or ["e"])[0]), ("loop.completed", "after")]
    pairs += [(f"{a}.exec_out", b) for a, b in zip(ids, [*ids[1:], "e"], strict=False)]
    return graph(nodes, *pairs)


SAY = ("say", "LogNode", {"message": "{{item}}"})


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"items": ["a", "b"]}, ["a", "b"]),
        ({"items": '["a", "b"]'}, ["a", "b"]),
        ({"items": "{{given}}"}, ["x", "y"]),
        ({"list_var": "given"}, ["x", "y"]),
        ({"items": {"k": 1, "l": 2}}, ["1", "2"]),
        ({"items": "ab"}, ["a", "b"]),
        ({"items": 3}, ["0", "1", "2"]),
        ({"items": []}, []),
        ({"mode": "range", "start": 1, "end": 6, "step": 2}, ["1", "3", "5"]),
        ({"mode": "range", "end": "{{limit}}"}, ["0", "1"]),
        ({"start": 5, "end": 3, "step": -1}, ["5", "4"]),
    ],
)
def test_a_for_loop_runs_its_body_for_each_item(workshop: Workshop, config: dict[str, Any], said: list[str]) -> None:
    workshop.run(loop(config, SAY), given=["x", "y"], limit=2)
    assert workshop.recorder.messages == [*said, "after"]


def test_loop_variables_have_the_chosen_name(workshop: Workshop) -> None:
    body = ("say", "LogNode", {"message": "{{row_index}} {{row_key}} {{row.n}} {{loop.current_index}}"})
    workshop.run(loop({"items": {"k": {"n": 7}}, "item_var": "row"}, body))
    assert workshop.recorder.messages[0] == "0 k 7 0"


def test_a_body_that_leads_nowhere_ends_the_iteration(workshop: Workshop) -> None:
    definition = graph(
        {
            "s": ("StartNode", {}),
            "loop": ("ForLoopStartNode", {"items": [1, 2]}),
            "say": ("LogNode", {"message": "{{item}}"}),
        },
        ("s.exec_out", "loop"),
        ("loop.body", "say"),
    )
    workshop.run(definition)
    assert workshop.recorder.messages == ["1", "2"]


def test_what_follows_the_end_node_runs_once_when_completed_is_not_connected(workshop: Workshop) -> None:
    definition = graph(
        {
            "s": ("StartNode", {}),
            "loop": ("ForLoopStartNode", {"items": [1, 2]}),
            "say": ("LogNode", {"message": "{{item}}"}),
            "e": ("ForLoopEndNode", {"paired_start_id": "loop"}),
            "after": ("LogNode", {"message": "after"}),
        },
        ("s.exec_out", "loop"),
        ("loop.body", "say"),
        ("say.exec_out", "e"),
        ("e.exec_out", "after"),
    )
    workshop.run(definition)
    assert workshop.recorder.messages == ["1", "2", "after"]


def branch_in_loop(way_out: str) -> dict[str, Any]:
    return graph(
        {
            "s": ("StartNode", {}),
            "loop": ("ForLoopStartNode", {"items": [1, 2, 3]}),
            "if": ("IfNode", {"expression": "{{item}} == 2"}),
            "out": (way_out, {"paired_loop_start_id": "loop"}),
            "say": ("LogNode", {"message": "{{item}}"}),
            "e": ("ForLoopEndNode", {"paired_start_id": "loop"}),
            "after": ("LogNode", {"message": "after"}),
        },
        ("s.exec_out", "loop"),
        ("loop.body", "if"),
        ("if.true", "out"),
        ("if.false", "say"),
        ("say.exec_out", "e"),
        ("loop.completed", "after"),
    )


def test_break_leaves_the_loop(workshop: Workshop) -> None:
    workshop.run(branch_in_loop("BreakNode"))
    assert workshop.recorder.messages == ["1", "after"]


def test_continue_goes_to_the_next_item(workshop: Workshop) -> None:
    workshop.run(branch_in_loop("ContinueNode"))
    assert workshop.recorder.messages == ["1", "3", "after"]


def test_break_of_an_outer_loop_leaves_both(workshop: Workshop) -> None:
    definition = graph(
        {
            "s": ("StartNode", {}),
            "outer": ("ForLoopStartNode", {"items": [1, 2], "item_var": "o"}),
            "inner": ("ForLoopStartNode", {"items": [1, 2], "item_var": "i"}),
            "say": ("LogNode", {"message": "{{o}}{{i}}"}),
            "b": ("BreakNode", {"paired_loop_start_id": "outer"}),
            "after": ("LogNode", {"message": "after"}),
        },
        ("s.exec_out", "outer"),
        ("outer.body", "inner"),
        ("inner.body", "say"),
        ("say.exec_out", "b"),
        ("outer.completed", "after"),
    )
    workshop.run(definition)
    assert workshop.recorder.messages == ["11", "after"]


def test_nested_loops_run_every_pair(workshop: Workshop) -> None:
    definition = graph(
        {
            "s": ("StartNode", {}),
            "outer": ("ForLoopStartNode", {"items": [1, 2], "item_var": "o"}),
            "inner": ("ForLoopStartNode", {"items": ["a", "b"], "item_var": "i"}),
            "say": ("LogNode", {"message": "{{o}}{{i}}"}),
            "ie": ("ForLoopEndNode", {"paired_start_id": "inner"}),
            "oe": ("ForLoopEndNode", {"paired_start_id": "outer"}),
            "after": ("LogNode", {"message": "after"}),
        },
        ("s.exec_out", "outer"),
        ("outer.body", "inner"),
        ("inner.body", "say"),
        ("say.exec_out", "ie"),
        ("inner.completed", "oe"),
        ("outer.completed", "after"),
    )
    workshop.run(definition)
    assert workshop.recorder.messages == ["1a", "1b", "2a", "2b", "after"]


def test_a_break_outside_a_loop_is_an_error(workshop: Workshop) -> None:
    with pytest.raises(InvalidWorkflowError, match="BreakNode is not inside a loop"):
        workshop.run(chain(("b", "BreakNode", {})))


@pytest.mark.parametrize("key", ["expression", "condition"])
def test_a_while_loop_runs_while_its_condition_holds(workshop: Workshop, key: str) -> None:
    count = ("count", "IncrementVariableNode", {"variable_name": "n"})
    result = workshop.run(loop({key: "{{n}} < 3"}, count, kind="WhileLoop"), n=0)
    assert result["variables"]["n"] == 3
    assert workshop.recorder.messages == ["after"]


def test_a_while_loop_that_does_not_end_is_an_error(workshop: Workshop) -> None:
    with pytest.raises(LoopLimitError, match="looped 5 times"):
        workshop.run(loop({"expression": "true", "max_iterations": 5}, SAY, kind="WhileLoop"), item=1)


def test_a_for_loop_over_too_many_items_is_an_error(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MAX_ITERATIONS", 10)
    with pytest.raises(LoopLimitError, match="at most 10"):
        workshop.run(loop({"mode": "range", "end": 11}, SAY))


def test_a_workflow_that_runs_too_many_nodes_is_an_error(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casare_cloud.robot.executor.context.MAX_NODE_RUNS", 20)
    with pytest.raises(LoopLimitError, match="more than 20 nodes"):
        workshop.run(loop({"mode": "range", "end": 30}, SAY))


def test_a_loop_over_something_else_is_an_error(workshop: Workshop) -> None:
    with pytest.raises(NodeInputError, match="nothing to loop over"):
        workshop.run(loop({"items": "{{nothing}}"}, SAY), nothing=None)


def test_progress_moves_with_the_items_of_a_loop(workshop: Workshop) -> None:
    workshop.run(loop({"mode": "range", "end": 100}, SAY))
    percents = [percent for percent, _ in workshop.recorder.steps]
    assert percents == sorted(percents)
    assert len(set(percents)) > 30


@pytest.mark.parametrize(("colour", "said"), [("red", "stop"), ("green", "go"), ("blue", "what?")])
def test_a_switch_leaves_by_its_case(workshop: Workshop, colour: str, said: str) -> None:
    definition = graph(
        {
            "s": ("StartNode", {}),
            "sw": ("SwitchNode", {"expression": "{{colour}}", "cases": ["red", "green"]}),
            "stop": ("LogNode", {"message": "stop"}),
            "go": ("LogNode", {"message": "go"}),
            "what": ("LogNode", {"message": "what?"}),
        },
        ("s.exec_out", "sw"),
        ("sw.case_red", "stop"),
        ("sw.case_green", "go"),
        ("sw.default", "what"),
    )
    workshop.run(definition, colour=colour)
    assert workshop.recorder.messages == [said]


def test_an_end_node_in_a_branch_ends_the_workflow(workshop: Workshop) -> None:
    definition = loop({"items": [1, 2]}, SAY)
    definition["nodes"].append({"id": "end", "type": "EndNode"})
    definition["connections"][-1] = {"source": "say.exec_out", "target": "end.exec_in"}
    workshop.run(definition)
    assert workshop.recorder.messages == ["1"]


# Errors


def try_catch(catch_config: dict[str, Any], *, last: bool = False) -> dict[str, Any]:
    nodes: dict[str, Any] = {
        "s": ("StartNode", {}),
        "try": ("TryNode", {}),
        "risk": ("ThrowErrorNode", {"message": "boom {{what}}", "error_type": "ValidationError"}),
        "catch": ("CatchNode", {"paired_try_id": "try", **catch_config}),
        "caught": ("LogNode", {"message": "caught {{catch.error_type}}: {{error_message}}"}),
        "after": ("LogNode", {"message": "after"}),
    }
    pairs = [("s.exec_out", "try"), ("try.try_body", "risk"), ("catch.catch_body", "caught"), ("try.exec_out", "after")]
    if last:
        nodes["finally"] = ("FinallyNode", {"paired_try_id": "try"})
        nodes["clean"] = ("LogNode", {"message": "clean {{finally.had_error}}"})
        pairs += [("risk.exec_out", "finally"), ("finally.finally_body", "clean")]
    return graph(nodes, *pairs)


def test_an_error_in_a_try_is_caught(workshop: Workshop) -> None:
    workshop.run(try_catch({}), what="!")
    assert workshop.recorder.messages[1:] == ["caught ValidationError: boom !", "after"]


def test_an_error_of_another_type_is_not_caught(workshop: Workshop) -> None:
    with pytest.raises(ThrownError, match="boom") as caught:
        workshop.run(try_catch({"error_types": "KeyError, IndexError"}), what="!")
    assert caught.value.error_type == "ValidationError"
    assert caught.value.node_id == "risk"
    assert not caught.value.is_retryable


def test_finally_runs_after_a_caught_error(workshop: Workshop) -> None:
    workshop.run(try_catch({}, last=True), what="!")
    assert workshop.recorder.messages[-3:] == ["caught ValidationError: boom !", "clean true", "after"]


def test_finally_runs_when_the_error_is_not_caught(workshop: Workshop) -> None:
    with pytest.raises(ThrownError):
        workshop.run(try_catch({"error_types": "KeyError"}, last=True), what="!")
    assert workshop.recorder.messages == ["clean true"]


def test_finally_runs_without_an_error(workshop: Workshop) -> None:
    definition = try_catch({}, last=True)
    definition["nodes"][2] = {"id": "risk", "type": "LogNode", "config": {"message": "fine"}}
    workshop.run(definition)
    assert workshop.recorder.messages == ["fine", "clean false", "after"]


def test_an_error_port_leads_to_the_catch(workshop: Workshop) -> None:
    definition = graph(
        {
            "s": ("StartNode", {}),
            "risk": ("ReadFileNode", {"file_path": "none.txt"}),
            "catch": ("CatchNode", {}),
            "caught": ("LogNode", {"message": "caught {{catch.error_type}}"}),
        },
        ("s.exec_out", "risk"),
        ("risk.error", "catch"),
        ("catch.catch_body", "caught"),
    )
    workshop.run(definition)
    assert workshop.recorder.messages == ["caught NodeInputError"]


def test_a_retry_runs_its_body_again_until_it_succeeds(workshop: Workshop) -> None:
    definition = graph(
        {
            "s": ("StartNode", {}),
            "retry": ("RetryNode", {"max_attempts": 3, "delay_ms": 0}),
            "count": ("IncrementVariableNode", {"name": "n"}),
            "check": ("AssertNode", {"condition": "{{n}} >= 3"}),
            "ok": ("LogNode", {"message": "ok after {{retry.attempt_number}}"}),
        },
        ("s.exec_out", "retry"),
        ("retry.retry_body", "count"),
        ("count.exec_out", "check"),
        ("retry.success", "ok"),
    )
    workshop.run(definition, n=0)
    assert workshop.recorder.messages == ["ok after 3"]


def test_a_retry_that_never_succeeds_leaves_by_failure(workshop: Workshop) -> None:
    definition = graph(
        {
            "s": ("StartNode", {}),
            "retry": ("RetryNode", {"max_attempts": 2, "delay_ms": 0}),
            "fail": ("RetryFailNode", {"error_message": "no"}),
            "bad": ("LogNode", {"message": "gave up: {{retry.last_error}}"}),
        },
        ("s.exec_out", "retry"),
        ("retry.retry_body", "fail"),
        ("retry.failure", "bad"),
    )
    workshop.run(definition)
    assert workshop.recorder.messages == ["gave up: no"]
