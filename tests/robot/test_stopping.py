"""Sub-workflows, and runs that are stopped from outside or by their timeout."""

import threading

import pytest
from tests.robot.test_control_flow import loop, try_catch
from tests.robot.workflows import Workshop, chain

from casare_cloud.robot.executor.control import RunCancelled, RunControl
from casare_cloud.robot.executor.errors import (
    InvalidWorkflowError,
    JobTimeoutError,
)


def test_a_sub_workflow_shares_variables_and_returns_its_result(workshop: Workshop) -> None:
    inner = chain(
        ("sum", "EvaluateExpressionNode", {"expression": "{{a}} + {{b}}"}),
        ("v", "SetVariableNode", {"name": "set_inside", "value": 1}),
    )
    inner["nodes"][-1]["config"] = {"result": "{{sum.result}}"}
    definition = chain(
        ("sub", "SubflowNode", {"subflow_id": "adder", "inputs": {"b": "{{two}}"}}),
        ("say", "LogNode", {"message": "{{sub.result}} {{set_inside}}"}),
    )
    definition["subflows"] = {"adder": inner}
    workshop.run(definition, a=1, two=2)
    assert workshop.recorder.messages == ["3 1"]


def test_a_sub_workflow_s_output_ports_are_the_node_s(workshop: Workshop) -> None:
    inner = chain(
        ("in", "SubflowInputNode", {"port_name": "x"}),
        ("out", "SubflowOutputNode", {"port_name": "y", "value": "{{in.value}}"}),
    )
    definition = chain(
        ("sub", "SubflowNode", {"workflow": inner, "inputs": {"x": 5}}), ("say", "LogNode", {"message": "{{sub.y}}"})
    )
    workshop.run(definition)
    assert workshop.recorder.messages == ["5"]


def test_a_sub_workflow_that_calls_itself_is_refused(workshop: Workshop) -> None:
    definition = chain(("sub", "SubflowNode", {"subflow_id": "me"}))
    definition["subflows"] = {"me": chain(("again", "SubflowNode", {"subflow_id": "me"}))}
    with pytest.raises(InvalidWorkflowError, match="nested more than 10 deep"):
        workshop.run(definition)


# Stopping


def test_a_cancelled_run_stops_in_the_middle_of_a_wait(workshop: Workshop) -> None:
    threading.Timer(0.05, workshop.control.cancel, ["enough"]).start()
    with pytest.raises(RunCancelled, match="enough"):
        workshop.run(chain(("w", "WaitNode", {"duration": 60}), ("l", "LogNode", {"message": "never"})))
    assert workshop.recorder.messages == []


def test_a_cancelled_run_is_not_caught_by_a_try(workshop: Workshop) -> None:
    definition = try_catch({})
    definition["nodes"][2] = {"id": "risk", "type": "WaitNode", "config": {"duration": 60}}
    workshop.control.cancel("enough")
    with pytest.raises(RunCancelled):
        workshop.run(definition)


def test_a_run_that_takes_too_long_is_an_error_that_nothing_catches(workshop: Workshop) -> None:
    workshop.control = RunControl(0.05)
    definition = try_catch({})
    definition["nodes"][2] = {"id": "risk", "type": "WaitNode", "config": {"duration": 60}}
    with pytest.raises(JobTimeoutError, match="longer than its timeout") as caught:
        workshop.run(definition)
    assert caught.value.is_retryable


def test_a_loop_that_only_counts_can_be_cancelled(workshop: Workshop) -> None:
    threading.Timer(0.05, workshop.control.cancel, ["enough"]).start()
    definition = loop(
        {"expression": "true", "max_iterations": 100_000},
        ("n", "IncrementVariableNode", {"name": "n"}),
        kind="WhileLoop",
    )
    with pytest.raises(RunCancelled):
        workshop.run(definition)
