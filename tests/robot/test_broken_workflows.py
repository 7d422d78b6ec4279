"""Forty workflows, each broken in one place: none ends completed without a word that names the place."""

from typing import Any

import pytest
from tests.robot.workflows import Workshop, graph

from casare_cloud.robot.executor.check import find_workflow_problems
from casare_cloud.robot.executor.errors import WorkflowError

START: dict[str, Any] = {"id": "s", "type": "StartNode"}
MARK: dict[str, Any] = {"id": "m", "type": "SetVariableNode", "config": {"variable_name": "mark", "value": "ran"}}
LEAD: dict[str, Any] = {"source": "s.exec_out", "target": "m.exec_in"}


def workflow(*changes: dict[str, Any], wires: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    """Start leads to a node that sets a variable, with nodes added or changed."""
    nodes = {node["id"]: node for node in (START, MARK, *changes)}
    return {"nodes": list(nodes.values()), "connections": [LEAD, *(wires or [])], **more}


def wire(source: str, target: str, **more: Any) -> dict[str, Any]:
    return {"source": source, "target": target, **more}


def mark(**config: Any) -> dict[str, Any]:
    return {**MARK, "config": {**MARK["config"], **config}}


LOG = {"id": "l", "type": "LogNode", "config": {"message": "x"}}
FORK = {"id": "f", "type": "ForkNode", "config": {"branch_count": 2}}
IF = {"id": "i", "type": "IfNode", "config": {"condition": "true"}}
SWITCH = {"id": "w", "type": "SwitchNode", "config": {"value": 1, "cases": [1, 2]}}
VALIDATE = {"id": "v", "type": "ValidateNode", "config": {"value": "x"}}

# what is broken: (the workflow, words of the sentence that says so)
BROKEN: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "no nodes": ({"nodes": [], "connections": []}, ("node",)),
    "nodes are no list": ({"nodes": "all"}, ("nodes",)),
    "neither nodes nor steps": ({"connections": []}, ("neither nodes nor steps",)),
    "an envelope": ({"template": {"nodes": [START]}}, ("neither nodes nor steps",)),
    "a node without a type": (workflow({"id": "x"}), ("x", "no type")),
    "a node without an id": (workflow() | {"nodes": [START, MARK, {"type": "LogNode"}]}, ("nodes[2]", "no id")),
    "two nodes of one id": (workflow() | {"nodes": [START, MARK, MARK]}, ("two nodes", "m")),
    "two beginnings": (workflow({"id": "t", "type": "StartNode"}), ("2 StartNodes",)),
    "a type that is not there": (workflow({"id": "x", "type": "LevitateNode"}), ("LevitateNode", "x")),
    "a type that is misspelt": (workflow({**LOG, "type": "LgoNode"}), ("LgoNode", "LogNode")),
    "a wire to no node": (workflow(wires=[wire("m.exec_out", "gone.exec_in")]), ("gone",)),
    "a wire from no node": (workflow(wires=[wire("gone.exec_out", "m.exec_in")]), ("gone",)),
    "a wire without a target": (workflow(wires=[{"source": "m.exec_out"}]), ("connections[1]",)),
    "a wire from an exit that is not there": (
        workflow(LOG, wires=[wire("m.exec_oot", "l.exec_in")]), ("exec_oot", "m")),
    "a wire into a port that is not there": (workflow(LOG, wires=[wire("m.value", "l.massage")]), ("massage", "l")),
    "a wire from an output that is not there": (workflow(LOG, wires=[wire("m.vlaue", "l.message")]), ("vlaue", "m")),
    "an exit into a value": (workflow(LOG, wires=[wire("m.exec_out", "l.message")]), ("exec_out", "l")),
    "a value into an exec port": (workflow(LOG, wires=[wire("m.value", "l.exec_in")]), ("value", "l")),
    "an if without a port": (workflow(IF, LOG, wires=[wire("m.exec_out", "i"), wire("i", "l.exec_in")]), ("i",)),
    "a wire out of a validation by a wrong exit": (
        workflow(VALIDATE, LOG, wires=[wire("m.exec_out", "v.exec_in"), wire("v.ok", "l.exec_in")]), ("ok", "v")),
    "a branch too many": (
        workflow(FORK, LOG, wires=[wire("m.exec_out", "f.exec_in"), wire("f.branch_3", "l.exec_in")]),
        ("branch_3", "f")),
    "a case that is not there": (
        workflow(SWITCH, LOG, wires=[wire("m.exec_out", "w.exec_in"), wire("w.case_9", "l.exec_in")]), ("case_9", "w")),
    "two wires into one input": (
        workflow(LOG, {**LOG, "id": "k"}, wires=[wire("m.exec_out", "k.exec_in"), wire("k.exec_out", "l.exec_in"),
                                                 wire("m.value", "l.message"), wire("s.message", "l.message")]),
        ("l",)),
    "a circle": (workflow(LOG, wires=[wire("m.exec_out", "l.exec_in"), wire("l.exec_out", "m.exec_in")]), ("back to",)),
    "nothing is led to": ({"nodes": [START, MARK], "connections": [wire("m.exec_out", "s.exec_in")]}, ("s",)),
    "no wires at all": ({"nodes": [START, MARK], "connections": []}, ("m",)),
    "wires under another name": ({"nodes": [START, MARK], "edges": [LEAD]}, ("edges", "connections")),
    "a node that nothing leads to": (workflow(LOG), ("nothing leads to l",)),
    "an option that is misspelt": (workflow(mark(vaule=1)), ("vaule", "m", "value")),
    "an option that no node has": (workflow(mark(colour_of_the_sky="blue")), ("colour_of_the_sky", "m")),
    "an option beside config": (workflow({**LOG, "message": "y"}), ("message", "l")),
    "options under another key": (workflow({**LOG, "config": {}, "params": {"message": "y"}}), ("params", "l")),
    "a config that is no object": (workflow({**MARK, "config": ["x"]}), ("config", "m")),
    "a word that is no choice": (workflow({**LOG, "config": {"message": "x", "level": "loud"}},
                                          wires=[wire("m.exec_out", "l.exec_in")]), ("loud", "l")),
    "an action that a super node has not": (
        workflow({"id": "t", "type": "TextSuperNode", "config": {"action": "Shout"}},
                 wires=[wire("m.exec_out", "t.exec_in")]), ("Shout", "t")),
    "an option without effect": (
        workflow({"id": "b", "type": "FileExistsNode", "config": {"path": "x", "allow_dangerous_paths": True}},
                 wires=[wire("m.exec_out", "b.exec_in")]), ("allow_dangerous_paths", "b")),
    "nothing but a start": ({"nodes": [START]}, ("no node of the workflow does anything",)),
    "a start that leads to the end alone": (
        {"nodes": [START, {"id": "e", "type": "EndNode"}], "connections": [wire("s.exec_out", "e.exec_in")]},
        ("no node of the workflow does anything",)),
    "a key of a wire that is not read": (workflow(wires=[wire("s.error", "m.exec_in", when="x > 1")]), ("when",)),
    "a key of the workflow that is not read": (workflow(retries=3), ("retries",)),
    "a template that names nothing": (workflow(mark(value="{{nobody.result}}")), ("nobody.result",)),
    "a sub-workflow that is not there": (
        workflow({"id": "c", "type": "CallSubworkflowNode", "config": {"workflow_id": "gone"}},
                 wires=[wire("m.exec_out", "c.exec_in")]), ("gone",)),
    "a sub-workflow that is broken": (
        workflow({"id": "c", "type": "SubflowNode", "config": {"workflow": {"nodes": [{"id": "x"}]}}},
                 wires=[wire("m.exec_out", "c.exec_in")]), ("x",)),
    "a variable whose declaration has a word too many": (
        workflow(variables={"city": {"type": "String", "default_value": "Izmir", "dafault": 1}}), ("dafault", "city")),
}  # fmt: skip


def test_there_are_forty_of_them() -> None:
    assert len(BROKEN) >= 40


@pytest.mark.parametrize("what", BROKEN)
def test_no_broken_workflow_ends_completed_without_a_word(workshop: Workshop, what: str) -> None:
    definition, words = BROKEN[what]
    told = [problem.sentence for problem in find_workflow_problems(definition)]
    try:
        workshop.run(definition)
    except WorkflowError as error:
        told.append(str(error))
    else:
        told += [entry["message"] for entry in workshop.recorder.logs if entry["level"] in ("warning", "error")]
    assert any(all(word in sentence for word in words) for sentence in told), told


def test_a_workflow_without_a_fault_is_told_nothing(workshop: Workshop) -> None:
    definition = graph({"s": ("StartNode", {}), "m": ("SetVariableNode", MARK["config"])}, ("s.out", "m.in"))
    assert find_workflow_problems(definition) == []
    assert workshop.run(definition)["variables"]["mark"] == "ran"
    assert workshop.recorder.logs == []
