"""ForkNode and JoinNode: every branch runs, and nothing of what it did is lost."""

from typing import Any

import pytest
from tests.robot.workflows import Workshop, graph

from casare_cloud.robot.executor.errors import InvalidWorkflowError, ThrownError


def sets(name: str, value: Any) -> tuple[str, dict[str, Any]]:
    return ("SetVariableNode", {"variable_name": name, "value": value})


def says(message: str) -> tuple[str, dict[str, Any]]:
    return ("LogNode", {"message": message})


def forked(left: Any, right: Any, fork: Any = None, join: Any = None, **more: Any) -> dict[str, Any]:
    """Start → fork → left and right → join → after."""
    nodes = {
        "s": ("StartNode", {}),
        "f": ("ForkNode", {"branch_count": 2, **(fork or {})}),
        "l": left,
        "r": right,
        "j": ("JoinNode", join or {"paired_fork_id": "f"}),
        "after": says("after"),
        **more,
    }
    return graph(
        nodes,
        ("s.out", "f.in"),
        ("f.branch_1", "l"),
        ("f.branch_2", "r"),
        ("l.out", "j"),
        ("r.out", "j"),
        ("j.out", "after"),
    )


BOTH = (sets("left", 1), sets("right", 2))
FAILS = ("ThrowErrorNode", {"error_message": "boom", "error_type": "Boom"})


@pytest.mark.parametrize("fork", [{}, {"paired_join_id": "j"}])
@pytest.mark.parametrize("join", [{}, {"paired_fork_id": "f"}])
def test_every_branch_runs_and_then_what_follows_the_join_once(workshop: Workshop, fork: Any, join: Any) -> None:
    result = workshop.run(forked(*BOTH, fork, join))
    assert (result["variables"]["left"], result["variables"]["right"]) == (1, 2)
    assert workshop.recorder.messages == ["after"]
    assert [t["node_id"] for t in result["node_executions"]] == ["s", "f", "l", "r", "j", "after"]


def test_a_join_has_what_each_branch_set(workshop: Workshop) -> None:
    definition = forked(*BOTH)
    definition["nodes"][-1]["config"]["message"] = "{{j.results}} {{j.branch_count}} {{j.results.branch_2.right}}"
    workshop.run(definition)
    assert workshop.recorder.messages == ['{"branch_1": {"left": 1}, "branch_2": {"right": 2}} 2 2']


@pytest.mark.parametrize(
    ("strategy", "kept"), [("first", '{"branch_1": {"left": 1}}'), ("last", '{"branch_2": {"right": 2}}')]
)
def test_a_join_may_keep_the_results_of_one(workshop: Workshop, strategy: str, kept: str) -> None:
    definition = forked(*BOTH, join={"merge_strategy": strategy})
    definition["nodes"][-1]["config"]["message"] = "{{j.results}} {{right}}"
    workshop.run(definition)
    assert workshop.recorder.messages == [f"{kept} 2"]


def test_a_branch_does_not_see_what_another_set_and_the_later_one_counts(workshop: Workshop) -> None:
    result = workshop.run(forked(sets("x", "{{x}}l"), sets("x", "{{x}}r")), x="0")
    assert result["variables"]["x"] == "0r"
    assert workshop.recorder.messages == ["branch_1 and branch_2 both set x; that of branch_2 counts", "after"]


def test_the_error_of_a_branch_is_raised_when_the_others_have_run(workshop: Workshop) -> None:
    with pytest.raises(ThrownError, match=r"^boom$") as caught:
        workshop.run(forked(FAILS, says("right")))
    assert (caught.value.node_id, caught.value.error_type) == ("l", "Boom")
    assert workshop.recorder.messages == ["branch_1 of f failed: boom", "right"]


def test_the_error_of_a_branch_ends_the_fork_at_once_when_asked_to(workshop: Workshop) -> None:
    with pytest.raises(ThrownError, match="boom"):
        workshop.run(forked(FAILS, says("right"), {"fail_fast": True}))
    assert workshop.recorder.messages == []


def test_no_branch_s_error_is_lost(workshop: Workshop) -> None:
    broken = ("ListGetItemNode", {"list": []})
    with pytest.raises(ThrownError, match=r"boom \(2 of 2 branches failed: branch_1, and branch_2: the list has 0"):
        workshop.run(forked(FAILS, broken))


def test_a_failed_fork_leads_on_by_its_error_exit(workshop: Workshop) -> None:
    definition = forked(FAILS, says("right"), handler=says("{{f.error_type}}: {{f.error_message}}"))
    definition["connections"] += [{"source": "f.error", "target": "handler.exec_in"}]
    workshop.run(definition)
    assert workshop.recorder.messages[-1] == "Boom: boom"


def test_the_end_of_the_workflow_in_a_branch_waits_for_the_others(workshop: Workshop) -> None:
    workshop.run(forked(("EndNode", {"result": 5}), says("right")) | {"connections": [
        {"source": "s.out", "target": "f.in"}, {"source": "f.branch_1", "target": "l.in"},
        {"source": "f.branch_2", "target": "r.in"}, {"source": "r.out", "target": "j.in"},
        {"source": "j.out", "target": "after.in"},
    ]})  # fmt: skip
    assert workshop.recorder.messages == ["right"]


def test_a_way_out_of_a_loop_in_a_branch_waits_for_the_others(workshop: Workshop) -> None:
    nodes = {
        "s": ("StartNode", {}),
        "loop": ("ForLoopStartNode", {"items": [1, 2]}),
        "f": ("ForkNode", {}),
        "b": ("BreakNode", {}),
        "r": says("{{item}}"),
        "after": says("after"),
    }
    definition = graph(
        nodes,
        ("s.out", "loop"),
        ("loop.body", "f"),
        ("f.branch_1", "b"),
        ("f.branch_2", "r"),
        ("loop.completed", "after"),
    )
    workshop.run(definition)
    assert workshop.recorder.messages == ["1", "after"]


def test_forks_may_stand_in_branches_and_loops(workshop: Workshop) -> None:
    nodes = {
        "s": ("StartNode", {}),
        "loop": ("ForLoopStartNode", {"items": [1, 2]}),
        "f": ("ForkNode", {}),
        "g": ("ForkNode", {"branch_count": 3}),
        "a": says("a{{item}}"),
        "b": says("b{{item}}"),
        "c": says("c{{item}}"),
        "h": ("JoinNode", {}),
        "i": says("inner"),
        "r": says("r{{item}}"),
        "j": ("JoinNode", {}),
        "e": ("ForLoopEndNode", {}),
        "after": says("after"),
    }
    definition = graph(
        nodes, ("s.out", "loop"), ("loop.body", "f"), ("f.branch_1", "g"), ("f.branch_2", "r"), ("g.branch_1", "a"),
        ("g.branch_2", "b"), ("g.branch_3", "c"), ("a.out", "h"), ("b.out", "h"), ("c.out", "h"), ("h.out", "i"),
        ("i.out", "j"), ("r.out", "j"), ("j.out", "e"), ("loop.completed", "after"),
    )  # fmt: skip
    workshop.run(definition)
    assert workshop.recorder.messages == ["a1", "b1", "c1", "inner", "r1", "a2", "b2", "c2", "inner", "r2", "after"]


def test_branches_without_a_join_run_to_their_ends(workshop: Workshop) -> None:
    nodes = {"s": ("StartNode", {}), "f": ("ForkNode", {}), "l": says("l"), "r": says("r")}
    workshop.run(graph(nodes, ("s.out", "f"), ("f.branch_2", "r"), ("f.branch_1", "l")))
    assert workshop.recorder.messages == ["l", "r"]


def test_a_join_alone_passes_on(workshop: Workshop) -> None:
    nodes = {"s": ("StartNode", {}), "j": ("JoinNode", {}), "l": says("{{j.branch_count}}")}
    workshop.run(graph(nodes, ("s.out", "j"), ("j.out", "l")))
    assert workshop.recorder.messages == ["0"]


def test_a_fork_has_a_bound(workshop: Workshop) -> None:
    nodes: dict[str, Any] = {"s": ("StartNode", {}), "f": ("ForkNode", {"branch_count": 21})}
    nodes |= {f"n{number}": says("x") for number in range(1, 22)}
    pairs = [(f"f.branch_{number}", f"n{number}") for number in range(1, 22)]
    with pytest.raises(InvalidWorkflowError, match="more than 20 branches"):
        workshop.run(graph(nodes, ("s.out", "f"), *pairs))
    assert workshop.recorder.messages == []


def test_a_try_around_a_fork_catches_its_error(workshop: Workshop) -> None:
    nodes = {"s": ("StartNode", {}), "t": ("TryNode", {}), "f": ("ForkNode", {}), "l": FAILS, "r": says("r")}
    nodes |= {"c": ("CatchNode", {"paired_try_id": "t"}), "caught": says("caught {{c.error_type}}")}
    workshop.run(
        graph(
            nodes,
            ("s.out", "t"),
            ("t.try_body", "f"),
            ("f.branch_1", "l"),
            ("f.branch_2", "r"),
            ("c.catch_body", "caught"),
        )
    )
    assert workshop.recorder.messages[-1] == "caught Boom"
