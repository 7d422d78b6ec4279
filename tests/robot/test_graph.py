"""The nodes-and-connections form: every shape in use is read, and what cannot run is refused before anything runs."""

import json
from typing import Any

import pytest
from tests.robot.workflows import Workshop, chain, graph

from casare_cloud.robot.executor.errors import (
    InvalidWorkflowError,
    NodeInputError,
    ResultTooLarge,
    UnsupportedNodeError,
)


def test_the_example_of_the_documents_completes(workshop: Workshop) -> None:
    definition = {
        "nodes": [{"id": "start", "type": "StartNode"}, {"id": "end", "type": "EndNode"}],
        "connections": [],
    }
    assert workshop.run(definition)["nodes_executed"] == 1


def test_an_empty_workflow_completes(workshop: Workshop) -> None:
    assert workshop.run({"nodes": {}, "connections": [], "metadata": {}})["nodes_executed"] == 0


CONNECTION_SHAPES: list[dict[str, Any]] = [
    {"source": "a.exec_out", "target": "b.exec_in"},
    {"source_node": "a", "source_port": "exec_out", "target_node": "b", "target_port": "exec_in"},
    {"from_node": "a", "from_port": "exec_out", "to_node": "b", "to_port": "exec_in"},
    {"from": "a", "to": "b"},
    {"source": {"node": "a", "port": "exec_out"}, "target": {"node": "b", "port": "exec_in"}},
]


@pytest.mark.parametrize("connection", CONNECTION_SHAPES)
def test_connections_are_read_in_every_shape(workshop: Workshop, connection: dict[str, Any]) -> None:
    nodes = [
        {"id": "a", "type": "StartNode"},
        {"id": "b", "type": "SetVariableNode", "config": {"name": "x", "value": 1}},
    ]
    assert workshop.run({"nodes": nodes, "connections": [connection]})["variables"]["x"] == 1


def test_nodes_may_be_an_object_with_the_product_s_keys(workshop: Workshop) -> None:
    definition = {
        "nodes": {
            "s": {"node_id": "s", "node_type": "StartNode", "position": [0, 0]},
            "v": {"node_id": "v", "node_type": "SetVariableNode", "config": {"variable_name": "x", "value": 42}},
        },
        "connections": [{"source_node": "s", "source_port": "exec_out", "target_node": "v", "target_port": "exec_in"}],
    }
    assert workshop.run(json.dumps(definition))["variables"]["x"] == 42


def test_without_a_start_node_the_one_node_that_leads_on_is_the_start(workshop: Workshop) -> None:
    definition = graph(
        {"a": ("SetVariableNode", {"name": "x", "value": 1}), "b": ("IncrementVariableNode", {"name": "x"})},
        ("a.exec_out", "b"),
    )
    assert workshop.run(definition)["variables"]["x"] == 2


@pytest.mark.parametrize("name", ["HTTPRequestNode", "HttpRequestNode", "http_request"])
def test_a_type_is_known_however_it_is_written(workshop: Workshop, name: str) -> None:
    with pytest.raises(Exception, match="needs url"):
        workshop.run(chain(("r", name, {})))


def test_an_unknown_type_is_refused_before_anything_runs(workshop: Workshop) -> None:
    definition = chain(("w", "WriteFileNode", {"file_path": "x", "content": "y"}), ("b", "LaunchApplicationNode", {}))
    with pytest.raises(UnsupportedNodeError, match="LaunchApplicationNode") as caught:
        workshop.run(definition)
    assert caught.value.node_id == "b"
    assert not caught.value.is_retryable
    assert list(workshop.folder.iterdir()) == []


def test_an_unknown_type_in_a_sub_workflow_is_refused_before_anything_runs(workshop: Workshop) -> None:
    inner = chain(("b", "SendKeysNode", {}))
    definition = chain(
        ("w", "WriteFileNode", {"file_path": "x", "content": "y"}), ("s", "SubflowNode", {"workflow": inner})
    )
    with pytest.raises(UnsupportedNodeError, match="SendKeysNode"):
        workshop.run(definition)
    assert list(workshop.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("definition", "sentence"),
    [
        ("{", "not JSON"),
        ([], "not a JSON object"),
        ({"name": "x"}, "neither nodes nor steps"),
        ({"nodes": 5}, "neither a list nor an object"),
        ({"nodes": ["a"]}, r"nodes\[0\]"),
        ({"nodes": [{"type": "StartNode"}]}, r"nodes\[0\] has no id"),
        ({"nodes": [{"id": "a"}]}, "node a has no type"),
        ({"nodes": [{"id": "a", "type": "StartNode"}, {"id": "a", "type": "EndNode"}]}, "two nodes have the id a"),
        ({"nodes": [{"id": "a", "type": "StartNode"}, {"id": "b", "type": "StartNode"}]}, "2 StartNodes"),
        ({"nodes": [{"id": "a", "type": "LogNode"}, {"id": "b", "type": "LogNode"}]}, "no StartNode"),
        (
            {"nodes": [{"id": "a", "type": "StartNode"}], "connections": [{"from": "a", "to": "z"}]},
            "a target that is no node: z",
        ),
        ({"nodes": [{"id": str(n), "type": "LogNode"} for n in range(1001)]}, "at most 1000"),
    ],
)
def test_what_is_no_workflow_is_refused_with_the_reason(workshop: Workshop, definition: Any, sentence: str) -> None:
    with pytest.raises(InvalidWorkflowError, match=sentence):
        workshop.run(definition)


def test_a_circle_outside_a_loop_is_refused(workshop: Workshop) -> None:
    definition = graph(
        {"s": ("StartNode", {}), "a": ("LogNode", {}), "b": ("LogNode", {})},
        ("s.exec_out", "a"),
        ("a.exec_out", "b"),
        ("b.exec_out", "a"),
    )
    with pytest.raises(InvalidWorkflowError, match="a → b → a"):
        workshop.run(definition)


def test_data_travels_along_ports(workshop: Workshop) -> None:
    definition = graph(
        {
            "s": ("StartNode", {}),
            "m": ("MathOperationNode", {"operation": "add", "a": 2, "b": 3}),
            "v": ("SetVariableNode", {"name": "x", "value": "not this"}),
        },
        ("s.exec_out", "m"),
        ("m.exec_out", "v"),
        ("m.result", "v.value"),
    )
    assert workshop.run(definition)["variables"]["x"] == 5


def test_a_node_off_the_path_is_computed_each_time_its_value_is_wanted(workshop: Workshop) -> None:
    definition = graph(
        {
            "s": ("StartNode", {}),
            "loop": ("ForLoopStartNode", {"items": [1, 2, 3]}),
            "double": ("MathOperationNode", {"operation": "multiply", "b": 2}),
            "log": ("LogNode", {}),
            "e": ("ForLoopEndNode", {"paired_start_id": "loop"}),
        },
        ("s.exec_out", "loop"),
        ("loop.body", "log"),
        ("log.exec_out", "e"),
        ("loop.current_item", "double.a"),
        ("double.result", "log.message"),
    )
    workshop.run(definition)
    assert workshop.recorder.messages == ["2", "4", "6"]


def test_a_value_that_depends_on_itself_is_refused(workshop: Workshop) -> None:
    definition = graph(
        {"s": ("StartNode", {}), "a": ("MathOperationNode", {}), "b": ("MathOperationNode", {}), "l": ("LogNode", {})},
        ("s.exec_out", "l"),
        ("a.result", "l.message"),
        ("b.result", "a.a"),
        ("a.result", "b.a"),
    )
    with pytest.raises(InvalidWorkflowError, match="depends on itself"):
        workshop.run(definition)


def test_the_result_tells_output_variables_files_and_timings(workshop: Workshop) -> None:
    definition = chain(("w", "WriteFileNode", {"file_path": "out/a.txt", "content": "hi"}))
    definition["nodes"][-1]["config"] = {"result": "{{w.bytes_written}}"}
    result = workshop.run(definition, colour="red")
    assert result["output"] == 2
    assert result["variables"]["colour"] == "red"
    assert result["files"] == ["out/a.txt"]
    assert [(t["node_id"], t["status"], t["runs"]) for t in result["node_executions"]] == [
        ("start", "completed", 1),
        ("w", "completed", 1),
        ("end", "completed", 1),
    ]


def test_progress_grows_to_100_and_names_the_node(workshop: Workshop) -> None:
    workshop.run(chain(("a", "LogNode", {}), ("b", "LogNode", {})))
    percents = [percent for percent, _ in workshop.recorder.steps]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert [node for _, node in workshop.recorder.steps][:4] == ["start", "a", "b", "end"]


def test_a_result_is_kept_whole_or_fails_and_names_what_is_too_large(workshop: Workshop) -> None:
    definition = chain(("v", "SetVariableNode", {"name": "report", "value": "ü" * 5_200_000}))
    assert len(workshop.run(definition)["variables"]["report"]) == 5_200_000
    with pytest.raises(
        ResultTooLarge, match=r"variable report alone has 10,400,002 bytes .* may have 10,484,736"
    ) as caught:
        workshop.run(definition, other="x" * 100_000)
    assert not caught.value.is_retryable
    assert [each["node_id"] for each in caught.value.node_executions] == ["start", "v", "end"]
    assert (100, None) not in workshop.recorder.steps
    with pytest.raises(ResultTooLarge, match="variable many cannot be kept: a number has more than 4,000 digits"):
        workshop.run(chain(), many=[10**4200])


def test_what_postgres_cannot_store_is_made_storable(workshop: Workshop) -> None:
    given = {"text": "a\0b\ud800", "k\ud800": 1, "number": float("nan")}
    result = workshop.run(chain(("w", "WriteFileNode", {"file_path": "f\udc80", "content": ""})), **given)
    variables = result["variables"]
    assert (variables["text"], variables["k?"], variables["number"]) == ("ab?", 1, None)
    assert result["files"] == ["f?"]


def test_disabled_nodes_and_comments_are_passed_by(workshop: Workshop) -> None:
    definition = chain(
        ("a", "LogNode", {"message": "no", "disabled": True}),
        ("c", "CommentNode", {"comment": "x"}),
        ("b", "LogNode", {"message": "yes"}),
    )
    workshop.run(definition)
    assert workshop.recorder.messages == ["yes"]


def test_declared_variables_have_their_first_values_and_inputs_replace_them(workshop: Workshop) -> None:
    definition = chain(("a", "LogNode", {"message": "{{greeting}} {{name}} {{count}}"}))
    definition["variables"] = {"greeting": "hello", "name": {"type": "STRING", "default_value": "nobody"}, "count": 3}
    workshop.run(definition, name="Ada")
    assert workshop.recorder.messages == ["hello Ada 3"]


def test_the_variables_may_be_a_list_of_declarations(workshop: Workshop) -> None:
    definition = chain(("a", "LogNode", {"message": "{{greeting}}"}))
    definition["variables"] = [{"name": "greeting", "type": "STRING", "value": "hello"}]
    workshop.run(definition)
    assert workshop.recorder.messages == ["hello"]


def test_each_node_s_beginning_and_end_are_told(workshop: Workshop) -> None:
    with pytest.raises(NodeInputError):
        workshop.run(chain(("a", "LogNode", {}), ("b", "ListGetItemNode", {"list": []})))
    assert workshop.recorder.nodes == [
        ("started", "start"),
        ("completed", "start"),
        ("started", "a"),
        ("completed", "a"),
        ("started", "b"),
        ("failed", "b"),
    ]


def test_nodes_of_a_sub_workflow_are_told_apart(workshop: Workshop) -> None:
    result = workshop.run(
        chain(("sub", "SubflowNode", {"workflow": chain(("a", "LogNode", {}))}), ("a", "LogNode", {}))
    )
    ids = [timing["node_id"] for timing in result["node_executions"]]
    assert ids == ["start", "sub", "sub/start", "sub/a", "sub/end", "a", "end"]
