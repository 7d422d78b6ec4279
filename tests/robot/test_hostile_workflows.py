"""The check of a workflow that somebody wrote to keep it busy: its work grows with the definition, not with its square.

Work is counted, not timed.
"""

from collections import ChainMap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.robot.workflows import Workshop, connections

from casare_cloud.robot.executor import check_wires, problems, wires
from casare_cloud.robot.executor.check import find_workflow_problems
from casare_cloud.robot.executor.check_graph import MOST_SUBFLOWS, TOO_MANY, template_problems
from casare_cloud.robot.executor.errors import InvalidWorkflowError
from casare_cloud.robot.executor.graph import parse_graph
from casare_cloud.robot.executor.problems import MOST_SUGGESTIONS, few_suggestions, listed, nearest

INNER: dict[str, Any] = {"nodes": [{"id": "l", "type": "LogNode", "config": {"message": "{{a}}"}}]}


class Count:
    """Counts the calls of a function."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        self.calls = 0
        function = getattr(owner, name)

        def counted(*args: Any, **options: Any) -> Any:
            self.calls += 1
            return function(*args, **options)

        monkeypatch.setattr(owner, name, counted)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Count:
    return Count(monkeypatch, problems, "get_close_matches")


def misspelt(count: int) -> dict[str, Any]:
    return {"nodes": [{"id": "l", "type": "LogNode", "config": {f"mesag{n}": 1 for n in range(count)}}]}


def test_long_names_and_too_many_names_are_not_compared(compared: Count) -> None:
    assert nearest("x" * 101, ["x" * 100]) is None
    assert nearest("mesage", (f"message{n}" for n in range(1_001))) is None
    assert compared.calls == 0
    assert nearest("mesage", ["message" * 20, "message"]) == "message"


def test_letters_that_are_compared_are_bounded_in_all(compared: Count) -> None:
    names = [f"{n:0100}" for n in range(500)]  # 100 × 100 × 500 pairs: all that there are
    with few_suggestions():
        for n in range(10):
            nearest(f"{n:099}x", names)
    assert compared.calls == 1


def test_names_are_not_built_when_no_suggestion_is_left() -> None:
    built = 0

    def names() -> Iterator[str]:
        nonlocal built
        built += 1
        yield "message"

    with few_suggestions():
        for _ in range(3 * MOST_SUGGESTIONS):
            nearest("mesage", names())
    assert built == MOST_SUGGESTIONS


def test_the_variables_are_walked_for_a_few_templates_only() -> None:
    walked = 0

    class Names(dict[str, Any]):
        def __iter__(self) -> Iterator[str]:
            nonlocal walked
            walked += 1
            return super().__iter__()

    config = {f"data{n}": f"{{{{nam{n}}}}}" for n in range(3 * MOST_SUGGESTIONS)}
    definition = {"nodes": [{"id": "l", "type": "LogNode", "config": config}], "subflows": dict.fromkeys("abc", INNER)}
    with few_suggestions():
        found = list(template_problems(definition, parse_graph(definition), ChainMap(Names(name=1))))
    assert len(found) == len(config) + 3
    assert 0 < walked <= MOST_SUGGESTIONS  # and not once more for each sub-workflow, which would copy them


def test_the_cases_of_a_switch_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Count(monkeypatch, check_wires, "as_text")
    nodes = [
        {"id": "s", "type": "SwitchNode", "config": {"expression": "1", "cases": [f"c{n}" for n in range(500)]}},
        {"id": "l", "type": "LogNode", "config": {"message": "x"}},
    ]
    definition = {"nodes": nodes, "connections": connections(*((f"s.case_x{n}", "l.exec_in") for n in range(300)))}
    found = [problem for problem in find_workflow_problems(definition) if problem.rule == "never_taken"]
    assert (len(found), read.calls) == (300, 500)


def test_sub_workflows_are_counted_over_all_depths() -> None:
    half = {**INNER, "subflows": {str(n): INNER for n in range(MOST_SUBFLOWS // 2)}}
    assert not any(problem.message == TOO_MANY for problem in find_workflow_problems(half))
    found = find_workflow_problems({**INNER, "subflows": {"a": half, "b": half}})
    told = [problem for problem in found if problem.message == TOO_MANY]
    assert {problem.severity for problem in told} == {"error"}
    assert [problem.path for problem in told] == ["subflows.b.subflows.498"]
    assert len([problem for problem in found if problem.rule == "unknown_name"]) <= MOST_SUBFLOWS + 1


def test_a_chain_of_dots_is_followed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Count(monkeypatch, wires._Sorter, "is_exec")
    dots = [{"id": f"d{n}", "type": "RerouteNode"} for n in range(200)]
    pairs = [(f"d{n}.out", f"d{n + 1}.in") for n in reversed(range(199))]
    parse_graph({"nodes": [*dots, {"id": "s", "type": "StartNode"}], "connections": connections(
        *pairs, ("s.exec_out", "d0.in"))})  # fmt: skip
    assert asked.calls <= 3 * len(dots) + 3


def test_names_in_a_sentence_are_cut() -> None:
    assert len(listed(["x" * 10_000, "y" * 10_000])) < 210


def test_a_robot_looks_for_a_few_suggestions_before_it_runs(tmp_path: Path, compared: Count) -> None:
    with pytest.raises(InvalidWorkflowError):
        Workshop(tmp_path / "nodes").run(misspelt(3 * MOST_SUGGESTIONS))
    config = {f"mesag{n}": 1 for n in range(3 * MOST_SUGGESTIONS)}
    before, compared.calls = compared.calls, 0
    with pytest.raises(InvalidWorkflowError):
        Workshop(tmp_path / "steps").run({"steps": [{"id": "a", "type": "log", "config": config}]})
    assert 0 < before <= MOST_SUGGESTIONS
    assert 0 < compared.calls <= MOST_SUGGESTIONS
