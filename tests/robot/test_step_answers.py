"""What a step's request expects of its answer and takes out of it, and how long a step may take."""

from typing import Any

import pytest
from tests.robot.local_page import LocalPage
from tests.robot.test_steps import say, step
from tests.robot.workflows import Workshop

from casare_cloud.robot.executor.check import find_workflow_problems
from casare_cloud.robot.executor.errors import HttpRequestError, InvalidWorkflowError, NodeError, NodeInputError


def get(workshop: Workshop, page: LocalPage, path: str = "/orders.json", **config: Any) -> dict[str, Any]:
    output = workshop.run({"steps": [step("get", "http_request", {"url": page.url + path, **config})]})["output"]
    return dict(output)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"status_code": [201, 202]}, "answered 200"),
        ({"status_code": 404}, "answered 200"),
        ({"json_path": "$.orders[7]"}, "without anything at"),
        ({"contains": "cancelled"}, "without the text 'cancelled'"),
    ],
)
def test_an_answer_that_breaks_a_rule_of_validate_fails_the_step(
    workshop: Workshop, page: LocalPage, rules: dict[str, Any], said: str
) -> None:
    with pytest.raises(HttpRequestError, match=said.replace("[", r"\[")):
        get(workshop, page, validate=rules)


def test_an_answer_that_keeps_the_rules_is_none(workshop: Workshop, page: LocalPage) -> None:
    rules = {"status_code": [200], "json_path": "$.orders[0].id", "contains": "unit_price"}
    assert get(workshop, page, validate=rules)["data"]["orders"][0]["id"] == 1
    missing = get(workshop, page, "/missing", validate={"status_code": [404]})
    assert (missing["status_code"], missing["data"]) == (404, "not here")


@pytest.mark.parametrize("path", ["$.orders[1].id", "orders.1.id", "$.orders.1.id"])
def test_extract_takes_data_and_headers_out_of_an_answer(workshop: Workshop, page: LocalPage, path: str) -> None:
    found = get(workshop, page, extract={"json_path": path, "headers": ["Content-TYPE", "X-None"]})["extracted"]
    assert found == {"data": 2, "headers": {"Content-TYPE": "application/json", "X-None": None}}
    assert get(workshop, page, extract={"json_path": "$.none"})["extracted"] == {"data": None}


@pytest.mark.parametrize("config", [{"validate": {"status": 200}}, {"extract": {"jsonpath": "$"}}])
def test_a_rule_that_there_is_not_is_named(workshop: Workshop, page: LocalPage, config: dict[str, Any]) -> None:
    [(option, rule)] = config.items()
    with pytest.raises(NodeInputError, match=rf"{option}\.{next(iter(rule))} of get"):
        get(workshop, page, **config)


def steps(*items: dict[str, Any]) -> dict[str, Any]:
    return {"steps": list(items)}


def test_a_step_that_takes_longer_than_its_timeout_fails_and_the_workflow_may_go_on(workshop: Workshop) -> None:
    slow = step("slow", "delay", {"seconds": 20}, timeout=0.05)
    with pytest.raises(NodeError, match=r"longer than its timeout of 0\.05 seconds") as caught:
        workshop.run(steps(slow))
    assert (caught.value.error_type, caught.value.node_id) == ("StepTimeout", "slow")
    workshop.run(steps({**slow, "on_error": "after"}, say("after")))
    assert "after" in workshop.recorder.messages


def test_a_request_a_try_and_a_loop_are_held_to_the_timeout_of_their_step(workshop: Workshop, page: LocalPage) -> None:
    with pytest.raises(NodeError, match="longer than its timeout"):
        workshop.run(steps(step("get", "http_request", {"url": page.url + "/slow"}, timeout=0.2)))
    again = {"max_attempts": 2, "backoff": "fixed", "delay": 0}
    with pytest.raises(NodeError) as caught:
        workshop.run(steps(step("slow", "delay", {"seconds": 20}, timeout=0.05, retry=again)))
    assert [item["attempts"] for item in caught.value.node_executions] == [2]
    inner = {"id": "wait", "type": "delay", "config": {"seconds": 20}}
    with pytest.raises(NodeError, match="longer than its timeout"):
        workshop.run(steps(step("l", "loop", {"loop_type": "count", "count": 3, "step": inner}, timeout=0.05)))


@pytest.mark.parametrize("timeout", ["soon", 0, -1, [5]])
def test_a_timeout_that_is_no_time_is_found_before_anything_runs(workshop: Workshop, timeout: Any) -> None:
    definition = steps(say("a"), say("b") | {"timeout": timeout})
    assert [problem.path for problem in find_workflow_problems(definition)] == ["steps[1]"]
    with pytest.raises(InvalidWorkflowError, match="timeout of step b"):
        workshop.run(definition)
    assert workshop.recorder.messages == []
