"""The types of steps that the service tells editors of, against what a robot without plugins does with them."""

import pytest
from tests.robot.test_steps import step
from tests.robot.workflows import Workshop

from casare_cloud.robot.executor.check import find_workflow_problems
from casare_cloud.robot.executor.declarations import kind_of
from casare_cloud.robot.executor.errors import UnsupportedNodeError
from casare_cloud.robot.executor.scripts import SCRIPTS
from casare_cloud.robot.executor.tasks import find_step_type
from casare_cloud.task_types import BY_NAME, TASK_TYPES, TaskType

OWN = [each for each in TASK_TYPES if each.needs in (None, "scripts", "browser")]
FOREIGN = [each for each in TASK_TYPES if each not in OWN]


@pytest.mark.parametrize("task_type", OWN, ids=lambda each: each.task_type)
def test_a_robot_reads_whatever_an_editor_is_told_to_offer(task_type: TaskType) -> None:
    declared = find_step_type(task_type.task_type)
    assert declared is not None
    assert [name for name in task_type.fields if declared.option(name) is None] == []
    assert (kind_of(task_type.task_type) in SCRIPTS) == (task_type.needs == "scripts")
    assert (declared.extra == "browser") == (task_type.needs == "browser")
    assert set(task_type.required) <= set(task_type.fields)


@pytest.mark.parametrize("task_type", FOREIGN, ids=lambda each: each.task_type)
def test_a_type_that_needs_more_is_refused_before_anything_runs(workshop: Workshop, task_type: TaskType) -> None:
    definition = {"steps": [step("a", "log", {"message": "a"}), step("b", task_type.task_type)]}
    assert [problem.rule for problem in find_workflow_problems(definition)] == ["unknown_type"]
    with pytest.raises(UnsupportedNodeError, match=rf"{task_type.task_type} \(step b\)"):
        workshop.run(definition)
    assert workshop.recorder.messages == []


def test_each_type_is_named_once() -> None:
    assert len(BY_NAME) == len(TASK_TYPES)
