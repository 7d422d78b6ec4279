"""What a workflow writes and nothing reads is never passed over in silence: an error before it runs, or a warning."""

import json
import re
import subprocess
import sys
import time
from typing import Any

import pytest
from tests.robot.workflows import Workshop, chain, connections, graph

from casare_cloud.local.schema import project_root
from casare_cloud.robot.executor import registry
from casare_cloud.robot.executor.check import find_workflow_problems
from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.declarations import text
from casare_cloud.robot.executor.errors import InvalidWorkflowError
from casare_cloud.robot.executor.registry import declares

SET: tuple[str, dict[str, Any]] = ("SetVariableNode", {"name": "x", "value": 1})
SUM: tuple[str, dict[str, Any]] = ("MathOperationNode", {})
NODES: dict[str, Any] = {"s": ("StartNode", {}), "v": SET, "m": SUM, "if": ("IfNode", {"expression": "true"})}
USED = {name: NODES[name] for name in ("s", "v", "m")}
ON = ("s.exec_out", "v")


def wired(*pairs: tuple[str, str]) -> dict[str, Any]:
    return graph(NODES, *pairs)


def with_key(definition: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**definition, **more}


def with_node_key(**more: Any) -> dict[str, Any]:
    nodes = [{"id": "s", "type": "StartNode"}, {"id": "l", "type": "LogNode", **more}]
    return {"nodes": nodes, "connections": connections(("s.exec_out", "l"))}


def fork(**config: Any) -> dict[str, Any]:
    nodes = {"s": ("StartNode", {}), "f": ("ForkNode", config), "v": SET}
    return graph(nodes, ("s.out", "f"), ("f.branch_3", "v"))


def step(type_: str, **config: Any) -> dict[str, Any]:
    return {"id": "a", "type": type_, "config": config}


ERRORS: list[tuple[Any, str, str, str | None, str]] = [
    # a key of a node's configuration
    (chain(("v", "SetVariableNode", {"variable_name": "x", "vaule": 1})), "nodes.v.config.vaule", "unknown_option",
     "value", "vaule is no option of SetVariableNode v; did you mean value?"),
    (chain(("v", "SetVariableNode", {"variableName": "x"})), "nodes.v.config.variableName", "unknown_option",
     "variable_name", "did you mean variable_name"),
    (chain(("l", "LogNode", {"zzz": 1})), "nodes.l.config.zzz", "unknown_option", None, "its options: data, include"),
    (with_node_key(message="x"), "nodes.l.message", "misplaced_option", None, "the options of LogNode stand in config"),
    (with_node_key(parameters={"message": "x"}), "nodes.l.parameters", "misplaced_option", None, "stand in config"),
    (with_node_key(config=[1]), "nodes.l.config", "structure", None, "the config of node l is not an object"),
    # a port
    (wired(ON, ("v.exec_ouy", "m")), "connections[1].source_port", "unknown_port", "exec_out", "no exit of SetVar"),
    (wired(ON, ("v.finished", "m")), "connections[1].source_port", "unknown_port", "exec_out", "finished is no exit"),
    (wired(ON, ("v.value", "m")), "connections[1].source_port", "unknown_port", "exec_out", "value of .* is a value"),
    (wired(ON, ("v.out", "if"), ("if.exec_out", "m")), "connections[2].source_port", "unknown_port", None, "false, t"),
    (wired(ON, ("v.out", "if"), ("if.True", "m")), "connections[2].source_port", "unknown_port", "true", "mean true"),
    (wired(ON, ("m.result", "v.vlaue")), "connections[1].target_port", "unknown_port", "value", "no input of SetVar"),
    (wired(ON, ("m.reslt", "v.value")), "connections[1].source_port", "unknown_port", "result", "no output of MathOp"),
    (wired(ON, ("if.true", "v.value")), "connections[1].target_port", "unknown_port", "exec_in", "true is an exit of"),
    (wired(ON, ("m.error_message", "v.value")), "connections[1].source_port", "unknown_port", None, "error_message"),
    (graph({"s": ("StartNode", {}), "e": ("EndNode", {}), "v": SET}, ("s.out", "e.in"), ("e.out", "v.in")),
     "connections[1].source_port", "unknown_port", None, "nothing runs after EndNode e"),
    (fork(branch_count=2), "connections[1].source_port", "branch_count", None, "branch_3 of f is beyond"),
    # a beginning that leads nowhere
    (wired(("v.out", "m.in")), "nodes.s", "leads_nowhere", None, "StartNode s leads nowhere"),
    (wired(("s.error", "v.in")), "nodes.s", "leads_nowhere", None, "leads nowhere"),
    (wired(("m.result", "v.value")), "nodes.s", "leads_nowhere", None, "leads nowhere"),
    # a key of the workflow
    ({"nodes": chain(("v", *SET))["nodes"], "edges": [{"source": "start", "target": "v"}]}, "edges", "unknown_key",
     "connections", "edges is no key of a workflow; did you mean connections"),
    # steps
    ({"steps": [step("log", mesage="x")]}, "steps[0].config.mesage", "unknown_option", "message", "mesage is no"),
    ({"steps": [step("log")], "step_mappings": [{"step_id": "b"}]}, "step_mappings[0].step_id", "unknown_step", None,
     "for the step b, which is not there"),
    ({"steps": [step("log")], "step_mappings": [{"step_id": "a", "input_mapping": {"mesage": "x"}}]},
     "step_mappings[0].input_mapping.mesage", "unknown_option", "message", "mesage is no option"),
    ({"steps": [step("log")], "step_mappings": [{"step_id": "a", "output_mapping": {"text": "x"}}]},
     "step_mappings[0].output_mapping.text", "unknown_port", None, "text is no output of log a"),
]  # fmt: skip


@pytest.mark.parametrize(("definition", "path", "rule", "meant", "sentence"), ERRORS, ids=lambda value: str(value)[:40])
def test_a_mistake_is_refused_before_anything_runs(
    workshop: Workshop, definition: Any, path: str, rule: str, meant: str | None, sentence: str
) -> None:
    errors = [problem for problem in find_workflow_problems(definition) if problem.severity == "error"]
    assert [(problem.path, problem.rule, problem.did_you_mean) for problem in errors] == [(path, rule, meant)]
    with pytest.raises(InvalidWorkflowError, match=sentence) as caught:
        workshop.run(definition)
    assert not caught.value.is_retryable
    assert workshop.recorder.nodes == []
    assert caught.value.node_id == errors[0].node_id


WARNINGS: list[tuple[Any, str, str]] = [
    (wired(ON), "unreachable", "nothing leads to if, m, which will not run"),
    (chain(("l", "LogNode", {"_ui_state": 1})), "unknown_key", "_ui_state of l is not read"),
    (with_node_key(nonsense=1), "unknown_key", "nonsense of l is not read"),
    (with_key(chain(), made_with="x"), "unknown_key", "made_with of the workflow is not read"),
    (with_key(chain(), settings={"stop_on_error": False}), "no_effect", "stop_on_error has no effect here"),
    (with_key(chain(), variables={"x": {"default_value": 1, "type": "Int32", "unit": "kg"}}), "unknown_key", "unit of"),
    (chain(("f", "ReadFileNode", {"file_path": "x", "allow_dangerous_paths": True})), "no_effect", "own folder only"),
    (chain(("t", "TextTrimNode", {"mode": "bothh"})), "bad_choice", "bothh is no mode of TextTrimNode t"),
    (graph(USED, ON, ("s.message", "v.value"), ("m.result", "v.value")), "two_sources", "only m counts"),
    (
        graph({"s": ("SwitchNode", {"value": "a", "cases": ["a"]}), "v": SET}, ("s.case_b", "v")),
        "never_taken",
        "case_b of s is never",
    ),
    (chain(("b", "LaunchApplicationNode", {"url": "x"})), "unknown_type", "LaunchApplicationNode of b is not built in"),
    (chain(("b", "SetVarableNode", {})), "unknown_type", "did you mean SetVariableNode"),
    ({"steps": [{**step("log"), "on_errors": "stop"}]}, "unknown_key", "on_errors of steps[0] is not read"),
    ({"steps": [step("http_requst")]}, "unknown_type", "did you mean http_request"),
]


@pytest.mark.parametrize(("definition", "rule", "sentence"), WARNINGS, ids=lambda value: str(value)[:40])
def test_what_may_be_meant_is_a_warning(definition: Any, rule: str, sentence: str) -> None:
    (problem,) = find_workflow_problems(definition)
    assert (problem.severity, problem.rule) == ("warning", rule)
    assert sentence in problem.sentence


def test_warnings_are_lines_in_the_job_s_log_and_do_not_flood_it(workshop: Workshop) -> None:
    config = {f"_{number}": number for number in range(30)}
    workshop.run(chain(("l", "LogNode", config)))
    said = [entry for entry in workshop.recorder.logs if entry["level"] == "warning"]
    assert (said[0]["message"], said[0]["node_id"]) == ("_0 of l is not read", "l")
    assert said[-1]["message"] == "10 more warnings about the workflow are not shown"
    assert len(said) == 21


def test_several_mistakes_are_told_at_once(workshop: Workshop) -> None:
    config = {f"wrong_{number}": number for number in range(7)}
    with pytest.raises(InvalidWorkflowError, match=r"wrong_0 is no option.*wrong_4.*\(and 2 more problems\)"):
        workshop.run(chain(("l", "LogNode", config)))


def test_sub_workflows_are_checked_too(workshop: Workshop) -> None:
    inner = chain(("l", "LogNode", {"mesage": "x"}))
    definition = chain(("a", "SubflowNode", {"workflow": inner}), ("b", "SubflowNode", {"subflow_id": "other"}))
    definition["subflows"] = {"other": inner}
    paths = [problem.path for problem in find_workflow_problems(definition)]
    assert paths == ["subflows.other.nodes.l.config.mesage", "nodes.a.config.workflow.nodes.l.config.mesage"]
    with pytest.raises(InvalidWorkflowError, match="did you mean message"):
        workshop.run(definition)


def test_a_value_that_a_node_did_not_put_out_is_warned_about(workshop: Workshop) -> None:
    nodes = {"t": ("WebhookTriggerNode", {}), "l": ("LogNode", {"message": "mine"})}
    workshop.run(graph(nodes, ("t.out", "l.in"), ("t.order", "l.message")))
    assert workshop.recorder.messages == ["t put out no order for message of l", "mine"]


@pytest.mark.parametrize("name", ["basket.json", "orders.json"])
def test_the_examples_have_no_problems(name: str) -> None:
    assert find_workflow_problems((project_root() / "examples" / name).read_text()) == []


@pytest.mark.parametrize(
    "definition",
    [
        {"nodes": [], "connections": []},
        {"nodes": {}, "connections": [], "metadata": {}},
        {"nodes": [{"id": "1", "type": "StartNode"}]},
        {"nodes": [{"id": "start", "type": "StartNode"}, {"id": "end", "type": "EndNode"}]},
    ],
)
def test_the_documents_own_workflows_run(workshop: Workshop, definition: Any) -> None:
    assert workshop.run(definition)["nodes_executed"] <= 1
    assert not [problem for problem in find_workflow_problems(definition) if problem.severity == "error"]


@pytest.mark.parametrize(
    "definition", ["{", [], {"name": "x"}, {"nodes": 5}, {"steps": 5}, {"nodes": [], "connections": 5}]
)
def test_what_is_no_workflow_is_one_problem(definition: Any) -> None:
    (problem,) = find_workflow_problems(definition)
    assert (problem.rule, problem.severity) == ("structure", "error")
    assert json.dumps(problem.to_json())


LEAD = {"source": "s", "source_port": "exec_out", "target": "f"}
STEP = {"id": "a", "type": "log"}


@pytest.mark.parametrize(
    "definition",
    [
        {"steps": [{**STEP, "depends_on": 1.5}]},
        {"steps": [STEP], "step_mappings": 5},
        {"steps": [STEP], "step_mappings": [{"step_id": "a", "input_mapping": 1.5}]},
        {"steps": [STEP], "step_mappings": [{"step_id": "a", "output_mapping": ["x"]}]},
        {"nodes": [{"id": "s", "type": "StartNode"}], "subflows": ["x"]},
        {"nodes": [{"id": "s", "type": "StartNode"}], "subflows": 5},
        "[" * 100_000,
    ],
)
def test_a_form_that_nobody_can_read_is_refused_in_words_and_breaks_nothing(
    workshop: Workshop, definition: Any
) -> None:
    (problem,) = find_workflow_problems(definition)
    assert (problem.rule, problem.severity) == ("structure", "error")
    with pytest.raises(InvalidWorkflowError, match=re.escape(problem.message)):
        workshop.run(definition)


@pytest.mark.parametrize("port", [{"a": 1}, [], 5, "branch_²", "branch_" + "9" * 5000])
@pytest.mark.parametrize("end", ["source", "target"])
def test_a_port_may_be_anything_and_is_spoken_of(end: str, port: Any) -> None:
    nodes = [{"id": name, "type": kind} for name, kind in (("s", "StartNode"), ("f", "ForkNode"), ("l", "LogNode"))]
    nodes[1]["config"] = {"branch_count": 2}  # type: ignore[assignment]
    odd = {"source": "f", "source_port": "branch_1", "target": "l", end: {"node": "f", "port": port}}
    problems = find_workflow_problems({"nodes": nodes, "connections": [LEAD, odd]})
    assert all(isinstance(problem.message, str) for problem in problems)


def test_values_of_any_depth_break_nothing() -> None:
    value: Any = {}
    for _ in range(5_000):
        value = {"a": value}
    (problem,) = find_workflow_problems(chain(("l", "LogNode", {"message": value})))
    assert (problem.rule, problem.severity) == ("structure", "error")


def test_a_long_gap_in_a_text_is_read_once() -> None:
    """Else each of its places would be tried, while nothing else of the robot could run: minutes for this one."""
    definition = chain(("l", "LogNode", {"message": ("{{" + " " * 200_000) * 40}))
    began_at = time.process_time()
    assert find_workflow_problems(definition) == []
    assert time.process_time() - began_at < 10


def test_a_plugin_that_declares_its_options_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    @declares(takes=(text("text"),), gives=("result",))
    def shout(run: NodeRun) -> dict[str, Any]:
        return {"result": run.text("text").upper()}

    definition = chain(("a", "ShoutNode", {"txt": "hi"}))
    monkeypatch.setattr(registry, "_from_plugin", lambda kind: shout if kind == "shout" else None)
    (problem,) = find_workflow_problems(definition)
    assert (problem.rule, problem.did_you_mean) == ("unknown_option", "text")


def test_the_check_needs_nothing_heavy() -> None:
    heavy = ("httpx2", "regex", "psycopg", "fastapi", "pydantic", "websockets")
    code = f"import sys, casare_cloud.robot.executor.check; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_work_for_thousands_of_mistakes_is_bounded() -> None:
    """Looking for what each may mean among a thousand names would take half a minute for this one."""
    nodes = [{"id": f"n{number}", "type": "LgoNode", "config": {"a": f"{{{{x{number}}}}}"}} for number in range(1_000)]
    wires = [{"source": "n1", "target": f"nn{number}"} for number in range(20_000)]
    began_at = time.process_time()
    problems = find_workflow_problems({"nodes": nodes, "connections": wires})
    assert time.process_time() - began_at < 10
    assert len(problems) > 20_000
    assert problems[0].did_you_mean
