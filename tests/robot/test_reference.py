"""The reference of nodes: each has an example that runs, what it says of errors holds, and it is of today."""

import json
from typing import Any

import pytest
from tests.robot.workflows import Recorder, Workshop

from casare_cloud.local.schema import project_root
from casare_cloud.robot.executor import run_workflow
from casare_cloud.robot.executor.check import find_workflow_problems
from casare_cloud.robot.executor.errors import WorkflowError
from casare_cloud.robot.executor.sandbox import Sandbox
from casare_cloud.robot.reference import document
from casare_cloud.robot.reference.pages import Page, pages

PAGES = pages()
NEVER_RUN_BY_THEMSELVES = {"CommentNode", "CatchNode", "FinallyNode", "ForLoopEndNode", "RetrySuccessNode"}
BREAK_ONLY_INSIDE = {"BreakNode", "ContinueNode", "ForLoopEndNode"}  # outside of what they belong to


def run(workshop: Workshop, definition: Any) -> dict[str, Any]:
    workshop.recorder = Recorder()
    return run_workflow(
        definition, {}, control=workshop.control, sandbox=Sandbox(workshop.folder), reporter=workshop.recorder,
        allows_scripts=True,
    )  # fmt: skip


def node_outputs(result: dict[str, Any]) -> dict[str, str]:
    return {each["node_id"]: each["status"] for each in result["node_executions"]}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{'step ' * page.is_step}{page.name}")
def test_the_example_of_each_type_has_no_mistake_and_runs(workshop: Workshop, page: Page) -> None:
    assert page.example is not None, "write one in src/casare_cloud/robot/reference/examples.toml"
    assert [problem.sentence for problem in find_workflow_problems(page.example.workflow)] == []
    if page.example.needs_network:
        return  # the nodes that ask have tests with a server of their own
    statuses = node_outputs(run(workshop, page.example.workflow))
    assert page.name in NEVER_RUN_BY_THEMSELVES or "it" in statuses
    assert [entry for entry in workshop.recorder.logs if "names no variable" in entry["message"]] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{'step ' * page.is_step}{page.name}")
def test_a_type_without_its_options_fails_as_the_reference_says(workshop: Workshop, page: Page) -> None:
    """Whatever a node needs is declared: the check finds it before the node does, and finds nothing else."""
    item = {"id": "it", "type": page.name}
    definition = {"steps": [item]} if page.is_step else {"nodes": [item], "connections": []}
    problems = [problem for problem in find_workflow_problems(definition) if problem.severity == "error"]
    assert {problem.rule for problem in problems} <= {"missing_option"}
    try:
        run(workshop, definition)
    except WorkflowError as error:
        failed_with = error.error_type
    else:
        failed_with = None
    if problems:
        assert failed_with in ("InvalidWorkflowError", "UnsupportedNodeError")
    elif page.name not in BREAK_ONLY_INSIDE:
        assert failed_with in {None, *(kind for kind, _ in page.errors)}


def test_the_reference_and_the_schema_are_of_today() -> None:
    for name, text in document.documents().items():
        assert (project_root() / name).read_text() == text, f"{name}: run make contents"


def test_every_page_is_found_by_each_of_its_names() -> None:
    assert {page.subject for page in PAGES} >= {"Basics", "HTTP", "Types of steps"}
    assert json.dumps([page.to_json() for page in PAGES])
