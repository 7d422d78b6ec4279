"""What the published product's own workflow files hold: other names of ports, dots, declarations, triggers, options."""

from typing import Any

import pytest
from tests.robot.workflows import Workshop, chain, graph

from casare_cloud.robot.executor.declarations import NodeType
from casare_cloud.robot.executor.errors import InvalidWorkflowError, NodeInputError, WorkflowError
from casare_cloud.robot.executor.graph import TRIGGER_TYPES
from casare_cloud.robot.executor.registry import built_in_types

MARK = ("SetVariableNode", {"variable_name": "mark", "value": "ran"})


# Ports and dots


def test_exec_ports_may_be_called_out_and_in(workshop: Workshop) -> None:
    definition = graph({"s": ("StartNode", {}), "m": MARK, "e": ("EndNode", {})}, ("s.out", "m.in"), ("m.out", "e.in"))
    result = workshop.run(definition)
    assert (result["variables"]["mark"], result["nodes_executed"]) == ("ran", 3)
    assert workshop.recorder.logs == []


@pytest.mark.parametrize("type_", ["RerouteNode", "VisualRerouteNode"])
def test_dots_in_an_exec_wire_pass_the_execution_on(workshop: Workshop, type_: str) -> None:
    nodes = {"s": ("StartNode", {}), "a": (type_, {"is_exec_reroute": True}), "b": (type_, {}), "m": MARK}
    definition = graph(nodes, ("s.exec_out", "a.in"), ("b.out", "m"), ("a.out", "b.in"))
    assert workshop.run(definition)["variables"]["mark"] == "ran"
    assert workshop.recorder.logs == []


@pytest.mark.parametrize("type_", ["RerouteNode", "VisualRerouteNode"])
def test_dots_in_a_data_wire_pass_the_value_on(workshop: Workshop, type_: str) -> None:
    nodes: dict[str, Any] = {"s": ("StartNode", {}), "m": ("MathOperationNode", {"a": 2, "b": 3})}
    nodes |= {"a": (type_, {"is_exec_reroute": False}), "b": (type_, {"data_type": "ANY"}), "l": ("LogNode", {})}
    definition = graph(
        nodes, ("s.out", "m.in"), ("m.out", "l.in"), ("m.result", "a.in"), ("a.out", "b.in"), ("b.out", "l.message")
    )
    workshop.run(definition)
    assert workshop.recorder.messages == ["5"]


def test_the_body_of_a_loop_may_leave_by_loop(workshop: Workshop) -> None:
    nodes = {"s": ("StartNode", {}), "f": ("ForLoopStartNode", {"items": [1, 2]}), "l": ("LogNode", {"message": "x"})}
    workshop.run(graph(nodes, ("s.out", "f.in"), ("f.loop", "l.in")))
    assert workshop.recorder.messages == ["x", "x"]


# Variables


@pytest.mark.parametrize(
    "declaration",
    [
        {"name": "city", "type": "String", "default_value": "Izmir", "sensitive": False, "readonly": False},
        {"name": "city", "data_type": "String", "default_value": "Izmir", "required": True},
        {"type": "String", "default_value": "Izmir", "some_new_key": 1},
        "Izmir",
    ],
)
def test_a_variable_may_be_declared_as_the_editor_does(workshop: Workshop, declaration: Any) -> None:
    definition = chain(("v", "SetVariableNode", {"variable_name": "copy", "value": "{{city}}"}))
    definition["variables"] = {"city": declaration}
    assert workshop.run(definition)["variables"]["copy"] == "Izmir"
    assert workshop.run(definition, city="Ankara")["variables"]["copy"] == "Ankara"
    definition["variables"] = [
        {"name": "city", **(declaration if isinstance(declaration, dict) else {"value": "Izmir"})}
    ]
    assert workshop.run(definition)["variables"]["copy"] == "Izmir"


@pytest.mark.parametrize(
    "value", [{"value": 3, "unit": "kg"}, {"name": "Ada", "type": "person"}, {"default": 1, "x": 2}]
)
def test_a_map_that_declares_nothing_is_the_value(workshop: Workshop, value: Any) -> None:
    definition = chain()
    definition["variables"] = {"it": value}
    assert workshop.run(definition)["variables"]["it"] == value


def test_a_required_variable_that_is_missing_is_a_business_error_in_both_forms(workshop: Workshop) -> None:
    definition = chain(("l", "LogNode", {"message": "x"}))
    definition["variables"] = {"city": {"type": "String", "default_value": None, "required": True}}
    with pytest.raises(NodeInputError, match="needs the variable city"):
        workshop.run(definition)
    assert workshop.recorder.messages == []


# Triggers


@pytest.mark.parametrize("type_", TRIGGER_TYPES)
def test_a_trigger_is_a_start(workshop: Workshop, type_: str) -> None:
    definition = graph({"t": (type_, {"time_hour": 9, "anything": "goes"}), "m": MARK}, ("t.exec_out", "m"))
    assert workshop.run(definition)["variables"]["mark"] == "ran"
    assert workshop.recorder.logs == []


def test_a_trigger_puts_out_what_the_job_was_given(workshop: Workshop) -> None:
    nodes = {
        "t": ("WebhookTriggerNode", {}),
        "l": ("LogNode", {"message": "{{t.payload.order}}"}),
        "m": ("LogNode", {}),
    }
    workshop.run(graph(nodes, ("t.out", "l.in"), ("l.out", "m.in"), ("t.order", "m.message")), order=7)
    assert workshop.recorder.messages == ["7", "7"]


def test_several_triggers_of_one_beginning_are_one_start(workshop: Workshop) -> None:
    nodes = {"t": ("WebhookTriggerNode", {}), "u": ("ScheduleTriggerNode", {}), "m": MARK, "n": MARK}
    assert workshop.run(graph(nodes, ("t.out", "m.in"), ("u.out", "m.in"), ("m.out", "n.in")))["nodes_executed"] == 3
    with pytest.raises(InvalidWorkflowError, match="no single node where it could begin"):
        workshop.run(graph(nodes, ("t.out", "m.in"), ("u.out", "n.in")))


# Options


OPTIONS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("TextReplaceNode", {"text": "aaa", "old_value": "a", "new_value": "b", "count": 1}, {"result": "baa"}),
    ("TextReplaceNode", {"text": "aaa", "old_value": "a", "new_value": "b", "count": 0}, {"replacements": 0}),
    ("TextReplaceNode", {"text": "a1A2", "old_value": "a.", "use_regex": True, "ignore_case": True}, {"result": ""}),
    ("TextReplaceNode", {"text": "a1b2c3", "old_value": "[0-9]", "use_regex": True, "count": 2}, {"result": "abc3"}),
    ("TextReplaceNode", {"text": "a.A.b", "old_value": "A.", "new_value": "\\1", "ignore_case": True},
     {"result": "\\1\\1b"}),
    ("TextLinesNode", {"lines": ["p", "q"], "mode": "join"}, {"text": "p\nq", "count": 2}),
    ("TextLinesNode", {"lines": ["p", "", 3], "mode": "Join", "line_separator": "comma"}, {"text": "p,,3"}),
    ("TextLinesNode", {"lines": ["p", ""], "mode": "join", "remove_empty": True}, {"text": "p"}),
    ("TextJoinNode", {"items": ["p", "q"]}, {"result": "pq"}),
    ("ListJoinNode", {"list": ["p", "q"]}, {"result": "p, q"}),
    ("TextExtractNode", {"text": "k=1 k=2", "pattern": "k=(.)", "all_matches": True}, {"groups": [["1"], ["2"]]}),
    ("TextExtractNode", {"text": "k=1 k=2", "pattern": "k=(.)"}, {"groups": ["1"], "match": "k=1"}),
    ("MathOperationNode", {"operation": "log", "a": 8, "b": 2}, {"result": 3.0}),
    ("MathOperationNode", {"operation": "log", "a": 81, "b": 3, "round_digits": 9}, {"result": 4.0}),
    ("MathOperationNode", {"operation": "log", "a": 1}, {"result": 0.0}),
    ("ListReduceNode", {"list": ["p", "q"], "operation": "join"}, {"result": "pq"}),
    ("ListReduceNode", {"list": ["p", "q"], "operation": "join", "initial": "-"}, {"result": "p-q"}),
    ("RandomChoiceNode", {"items": ["p", "p"], "count": 2}, {"result": ["p", "p"], "index": -1}),
    ("RandomChoiceNode", {"items": ["p"], "count": 3, "allow_duplicates": True}, {"result": ["p", "p", "p"]}),
    ("DateTimeDiffNode", {"datetime_1": "2024-01-01T00:00:00", "datetime_2": "2024-01-02T01:02:03"},
     {"days": 1, "hours": 1, "minutes": 2, "seconds": 3}),
    ("DateTimeDiffNode", {"datetime_1": "2024-01-02T01:00:00", "datetime_2": "2024-01-01T00:00:00"},
     {"days": -1, "hours": 1, "total_hours": -25}),
    ("FileExistsNode", {"path": "x", "check_type": "directory"}, {"exists": False, "is_file": True}),
    ("ListDirectoryNode", {"files_only": True}, {"items": ["x"], "count": 1}),
    ("ListDirectoryNode", {"dirs_only": True}, {"items": ["d"], "count": 1}),
    ("ListFilesNode", {}, {"files": ["x"], "count": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "config", "outputs"), OPTIONS)
def test_an_option_has_its_effect(
    workshop: Workshop, type_: str, config: dict[str, Any], outputs: dict[str, Any]
) -> None:
    (workshop.folder / "x").write_text("1", encoding="utf-8")
    (workshop.folder / "d").mkdir()
    found = workshop.outputs(type_, config)
    assert {port: found[port] for port in outputs} == outputs


def test_a_random_text_is_of_the_included_characters(workshop: Workshop) -> None:
    only_digits = {"include_uppercase": False, "include_lowercase": False}
    assert workshop.outputs("RandomStringNode", {"length": 50, **only_digits})["result"].isdigit()
    assert len(workshop.outputs("RandomStringNode", {})["result"]) == 8
    with pytest.raises(NodeInputError, match="no kind of characters"):
        workshop.outputs("RandomStringNode", {**only_digits, "include_digits": False})


def test_a_uuid_has_the_wanted_form(workshop: Workshop) -> None:
    assert len(workshop.outputs("RandomUUIDNode", {"format": "hex"})["result"]) == 32
    assert workshop.outputs("UUIDGeneratorNode", {"uuid_version": "1", "count": 2})["uuids"][1][14] == "1"


@pytest.mark.parametrize(
    ("type_", "config", "sentence"),
    [
        ("WriteFileNode", {"file_path": "n/x", "content": "", "create_dirs": False}, "create_dirs is not set"),
        ("AppendFileNode", {"file_path": "x", "content": "", "create_if_missing": False}, "no file x"),
        ("CreateDirectoryNode", {"dir_path": "a/b", "parents": False}, "parents is not set"),
        ("CreateDirectoryNode", {"dir_path": ".", "exist_ok": False}, "exist_ok is not set"),
        ("TextTrimNode", {"text": "x", "mode": "sideways"}, "sideways is no mode of TextTrimNode; use one of both"),
        ("RandomChoiceNode", {"items": [1], "count": 0}, "0 items cannot be chosen"),
    ],
)
def test_an_option_that_forbids_is_obeyed(workshop: Workshop, type_: str, config: Any, sentence: str) -> None:
    with pytest.raises(NodeInputError, match=sentence):
        workshop.outputs(type_, config)


# One node for all that is done with files


def test_the_file_system_node_does_what_its_action_names(workshop: Workshop) -> None:
    does: Any = lambda action, **config: ("FileSystemSuperNode", {"action": action, **config})  # noqa: E731
    actions = [
        does("Write File", file_path="a.txt", content="hello"),
        does("append file", file_path="a.txt", content="!"),
        does("Create Directory", directory_path="sub"),
        does("Copy File", source_path="a.txt", dest_path="sub/b.txt"),
        does("Move File", source_path="sub/b.txt", dest_path="sub/c.txt"),
        does("Delete File", file_path="none", ignore_missing=True),
        does("Read File", file_path="sub/c.txt", max_size=0),
        does("File Exists", path="sub", check_type="directory"),
        does("Get File Size", file_path="a.txt"),
        does("Get File Info", file_path="sub/c.txt"),
        does("List Files", directory_path=".", recursive=True),
        does("List Directory", dir_path=".", pattern="*"),
    ]
    seen = "{{n6.content}} {{n7.exists}} {{n8.size}} {{n9.parent}} {{n10.files}} {{n11.items}}"
    nodes = [(f"n{number}", type_, config) for number, (type_, config) in enumerate(actions)]
    workshop.run(chain(*nodes, ("l", "LogNode", {"message": seen})))
    assert workshop.recorder.messages == ['hello! true 6 sub ["a.txt", "sub/c.txt"] ["sub", "a.txt"]']


def test_the_file_system_node_refuses_what_it_cannot_do(workshop: Workshop) -> None:
    with pytest.raises(NodeInputError, match="Shred File is no action of FileSystemSuperNode; use one of Read File"):
        workshop.outputs("FileSystemSuperNode", {"action": "Shred File"})
    with pytest.raises(WorkflowError, match="leads out of the job's folder"):
        workshop.outputs("FileSystemSuperNode", {"action": "Read File", "file_path": "../x"})


# The declarations themselves


@pytest.mark.parametrize("declared", built_in_types(), ids=lambda declared: declared.names[0])
def test_a_node_reads_only_what_it_declares(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, declared: NodeType
) -> None:
    monkeypatch.setattr(workshop.control, "sleep", lambda seconds: None)
    samples = {"integer": 1, "number": 1, "boolean": True, "list": [1], "object": {"a": 1}, "expression": "false"}
    full = {
        option.name + ("1" if option.numbered else ""): (*option.choices, samples.get(option.kind, "a"))[0]
        for option in declared.options.values()
        if not option.no_effect
    }
    full |= {"url": "http://127.0.0.1:9/", "proxy": ""} if "url" in full else {}
    for config in ({}, full):
        said = ""
        try:
            workshop.run(chain(("n", declared.names[0], config)))
        except WorkflowError as error:
            said = str(error)
        assert "its declaration does not have" not in said


def test_what_a_node_puts_out_is_declared(workshop: Workshop) -> None:
    from tests.robot.test_nodes import OUTPUTS

    types = {name: one for one in built_in_types() for name in one.names}
    for type_, config, _ in OUTPUTS:
        assert set(workshop.outputs(type_, config, x=7)) <= types[type_].outputs, type_
