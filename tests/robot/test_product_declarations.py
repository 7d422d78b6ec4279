"""This package's node types beside the published product's: options, defaults, words, outputs and exits."""

from typing import Any

import pytest
from tests.robot.product_choices import CHOICES
from tests.robot.product_nodes import NODES
from tests.robot.workflows import graph

from casare_cloud.local.schema import project_root
from casare_cloud.robot.executor.check import find_workflow_problems
from casare_cloud.robot.executor.declarations import NodeType, kind_of
from casare_cloud.robot.executor.registry import find_declaration

# Where a default differs here, and what it is. docs/workflows.md says why, by the same words.
MEANT: dict[str, Any] = {
    "AssertNode.condition": None,
    "HttpRequestNode.content_type": "",
    "HttpSuperNode.content_type": "",
    "ListFilesNode.directory_path": ".",
    "LogNode.level": "info",
    "ParallelForEachNode.fail_fast": True,
}
LEFT_OUT = {"ParallelForEachNode.results"}  # outputs


def declaration(type_: str) -> NodeType:
    declared = find_declaration(kind_of(type_))
    assert declared is not None
    return declared


def is_same(ours: Any, theirs: Any) -> bool:
    nothing = [value is None or value is False or value in ("", [], {}) for value in (ours, theirs)]
    return all(nothing) or ours == theirs or (not any(nothing) and str(ours).lower() == str(theirs).lower())


@pytest.mark.parametrize("type_", NODES)
def test_a_node_takes_and_gives_what_the_products_does(type_: str) -> None:
    options, outputs, exits = NODES[type_]
    declared = declaration(type_)
    found = {name: declared.option(name) for name in options}
    assert [name for name, option in found.items() if option is None and not declared.any_port] == []
    different = {
        f"{type_}.{name}": option.default
        for name, option in found.items()
        if option is not None and options[name] is not None and not is_same(option.default, options[name])
        and option.default != "*"
    }  # fmt: skip
    assert different == {name: default for name, default in MEANT.items() if name.startswith(f"{type_}.")}
    if not declared.any_output:
        missing = {f"{type_}.{name}" for name in outputs.split()} - {f"{type_}.{name}" for name in declared.outputs}
        assert missing == {name for name in LEFT_OUT if name.startswith(f"{type_}.")}
    assert [name for name in exits.split() if declared.exit(name) is None] == []


@pytest.mark.parametrize("name", CHOICES)
def test_an_option_allows_the_words_of_the_product(name: str) -> None:
    type_, _, option_name = name.partition(".")
    option = declaration(type_).option(option_name)
    assert option is not None
    allowed = {word.lower() for word in option.choices}  # in any case
    assert option.no_effect or option.kind == "list" or {word.lower() for word in CHOICES[name]} <= allowed


@pytest.mark.parametrize("type_", NODES)
def test_an_option_that_a_node_does_not_know_is_refused(type_: str) -> None:
    problems = find_workflow_problems(graph({"n": (type_, {"no_such_option": 1})}))
    assert [(problem.severity, problem.node_id) for problem in problems if problem.rule == "unknown_option"] == [
        ("error", "n")
    ]


def test_what_differs_is_told_in_the_documentation() -> None:
    told = (project_root() / "docs" / "workflows.md").read_text(encoding="utf-8")
    assert [name for name in (*MEANT, *LEFT_OUT) if f"`{name}`" not in told] == []
