"""The automation form: steps with dependencies."""

from typing import Any

import pytest
from tests.robot.local_page import LocalPage
from tests.robot.workflows import Workshop

from casare_cloud.robot.executor import registry
from casare_cloud.robot.executor.context import NodeRun
from casare_cloud.robot.executor.errors import (
    HttpRequestError,
    InvalidWorkflowError,
    NodeInputError,
    UnsupportedNodeError,
)


def step(id_: str, type_: str, config: dict[str, Any] | None = None, *needs: str, **more: Any) -> dict[str, Any]:
    return {"id": id_, "name": id_.title(), "type": type_, "config": config or {}, "depends_on": list(needs), **more}


def say(id_: str, *needs: str, **config: Any) -> dict[str, Any]:
    return step(id_, "log", {"message": id_, **config}, *needs)


def test_steps_run_after_what_they_depend_on_else_as_written(workshop: Workshop) -> None:
    workshop.run({"steps": [say("d", "b", "c"), say("b", "a"), say("a"), say("c", "a")]})
    assert workshop.recorder.messages == ["a", "b", "c", "d"]


def test_outputs_are_seen_by_later_steps_under_every_name(workshop: Workshop) -> None:
    definition = {
        "steps": [
            step("calc", "data_transform", {"expression": "2 + 3"}),
            step(
                "l",
                "log",
                {"message": "{{calc.result}} {{calc.output.result}} {{steps.calc.result}} {{variables.x}}"},
                "calc",
            ),
        ]
    }
    workshop.run(definition, x="y")
    assert workshop.recorder.messages == ["5 5 5 y"]


def test_a_workflow_of_steps_does_real_work(workshop: Workshop, page: LocalPage) -> None:
    definition = {
        "variables": [{"name": "base", "type": "string", "default_value": page.url}],
        "steps": [
            step("get", "http_request", {"url": "{{base}}/orders.json", "method": "GET"}),
            step(
                "rows",
                "data_transform",
                {
                    "operation": "map",
                    "input": "{{get.json.orders}}",
                    "mapping": {"id": "item.id", "total": "item.quantity * item.unit_price"},
                },
                "get",
            ),
            step("sum", "data_transform", {"operation": "sum", "input": "{{rows.result}}", "field": "total"}, "rows"),
            step("save", "file_write", {"path": "rows.csv", "content": "{{rows.result}}"}, "rows"),
            step("wait", "delay", {"seconds": 0}, "save", "sum"),
        ],
    }
    result = workshop.run(definition)
    assert (workshop.folder / "rows.csv").read_text(encoding="utf-8") == "id,total\n1,7.0\n2,10\n"
    assert [t["status"] for t in result["node_executions"]] == ["completed"] * 5


@pytest.mark.parametrize(
    ("config", "result"),
    [
        ({"operation": "filter", "expression": "item.n > 1"}, [{"n": 2, "k": "a"}]),
        ({"operation": "sort", "field": "n", "reverse": True}, [{"n": 2, "k": "a"}, {"n": 1, "k": "b"}]),
        ({"operation": "select", "fields": ["n"]}, [{"n": 1}, {"n": 2}]),
        ({"operation": "group_by", "field": "k"}, {"b": [{"n": 1, "k": "b"}], "a": [{"n": 2, "k": "a"}]}),
        ({"operation": "aggregate", "function": "avg", "field": "n"}, 1.5),
        ({"operation": "limit", "limit": 1}, [{"n": 1, "k": "b"}]),
        ({"operation": "merge"}, {"n": 2, "k": "a"}),
        ({"operation": "unique", "field": "k"}, [{"n": 1, "k": "b"}, {"n": 2, "k": "a"}]),
        ({"mapping": {"first": "{{data[0].n}}"}}, {"first": 1}),
    ],
)
def test_data_is_transformed(workshop: Workshop, config: dict[str, Any], result: Any) -> None:
    data = [{"n": 1, "k": "b"}, {"n": 2, "k": "a"}]
    ran = workshop.run({"steps": [step("t", "data_transform", {"input": "{{data}}", **config})]}, data=data)
    assert ran["output"]["result"] == result


def test_json_text_is_transformed(workshop: Workshop) -> None:
    config = {"operation": "from_json", "input": '{"a": 1}'}
    assert workshop.run({"steps": [step("t", "data_transform", config)]})["output"]["result"] == {"a": 1}


@pytest.mark.parametrize(("amount", "said"), [(10, ["big", "always"]), (1, ["small", "always"])])
def test_a_condition_decides_which_side_runs(workshop: Workshop, amount: int, said: list[str]) -> None:
    definition = {
        "steps": [
            step("is_big", "condition", {"expression": "{{amount}} > 5"}),
            say("big", "is_big"),
            say("small", "is_big", branch="false"),
            say("always"),
        ]
    }
    result = workshop.run(definition, amount=amount)
    assert [m for m in workshop.recorder.messages if not m.endswith("skipped")] == said
    assert sorted(t["status"] for t in result["node_executions"]) == ["completed", "completed", "completed", "skipped"]


def test_what_depends_on_a_skipped_step_is_skipped(workshop: Workshop) -> None:
    definition = {"steps": [say("a") | {"condition": "1 > 2"}, say("b", "a"), say("c")]}
    result = workshop.run(definition)
    assert [(t["node_id"], t["status"]) for t in result["node_executions"]] == [
        ("a", "skipped"),
        ("b", "skipped"),
        ("c", "completed"),
    ]


def test_a_failed_step_fails_the_workflow(workshop: Workshop, page: LocalPage) -> None:
    with pytest.raises(HttpRequestError, match="answered 404") as caught:
        workshop.run({"steps": [step("get", "http_request", {"url": page.url + "/missing"})]})
    assert caught.value.node_id == "get"
    assert not caught.value.is_retryable


def test_an_expected_error_status_is_no_failure(workshop: Workshop, page: LocalPage) -> None:
    config = {"url": page.url + "/missing", "expected_status": [404]}
    assert workshop.run({"steps": [step("get", "http_request", config)]})["output"]["status_code"] == 404


def test_the_others_go_on_after_a_failure_that_may_be(workshop: Workshop) -> None:
    definition = {
        "steps": [
            step("bad", "file_read", {"path": "none", "continue_on_error": True}),
            say("after", "bad"),
            say("repair", "bad", run_on_failure=True, message="{{bad.error_type}}"),
            say("other"),
        ]
    }
    workshop.run(definition)
    said = [entry["message"] for entry in workshop.recorder.logs if entry["node_id"] in ("repair", "other")]
    assert said == ["NodeInputError", "other"]


def test_mappings_connect_variables_and_steps(workshop: Workshop) -> None:
    definition = {
        "variables": [{"name": "who", "default_value": "nobody"}],
        "step_mappings": [
            {"step_id": "l", "input_mapping": {"message": "who"}, "output_mapping": {"message": "said"}},
        ],
        "steps": [step("l", "log", {"message": "?"})],
    }
    assert workshop.run(definition, who="Ada")["variables"]["said"] == "Ada"


def test_a_required_variable_that_is_missing_is_a_business_error(workshop: Workshop) -> None:
    definition = {"variables": [{"name": "who", "required": True}], "steps": [say("a")]}
    with pytest.raises(NodeInputError, match="needs the variable who") as caught:
        workshop.run(definition)
    assert not caught.value.is_retryable
    assert workshop.recorder.messages == []


@pytest.mark.parametrize("type_", ["python_script", "shell_command", "email", "ai_classify", "nonsense"])
def test_a_task_that_needs_a_plugin_is_refused_before_anything_runs(workshop: Workshop, type_: str) -> None:
    with pytest.raises(UnsupportedNodeError, match=type_):
        workshop.run({"steps": [say("a"), step("b", type_)]})
    assert workshop.recorder.messages == []


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ({}, "not a list"),
        ([{"id": "a"}], r"steps\[0\]"),
        ([say("a"), say("a")], "two steps have the id a"),
        ([say("a", "z")], "depends on z"),
        ([say("a", "b"), say("b", "a")], "in a circle: a, b"),
    ],
)
def test_steps_that_cannot_be_run_are_refused(workshop: Workshop, steps: Any, sentence: str) -> None:
    with pytest.raises(InvalidWorkflowError, match=sentence):
        workshop.run({"steps": steps})


def test_a_plugin_adds_types_to_both_forms(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    class EntryPoint:
        name = "ShoutNode"

        @staticmethod
        def load() -> Any:
            def shout(run: NodeRun) -> dict[str, Any]:
                return {"result": run.text("text").upper()}

            return shout

    monkeypatch.setattr(registry, "entry_points", lambda group: [EntryPoint] if group == "casare_cloud.nodes" else [])
    for cached in (registry._from_plugin, registry._plugins):
        cached.cache_clear()
    try:
        assert workshop.run({"steps": [step("a", "shout", {"text": "hi"})]})["output"] == {"result": "HI"}
        nodes = {"nodes": [{"id": "a", "type": "ShoutNode", "config": {"text": "hi"}}]}
        assert workshop.run(nodes)["nodes_executed"] == 1
    finally:
        for cached in (registry._from_plugin, registry._plugins):
            cached.cache_clear()
