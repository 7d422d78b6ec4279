"""The types that steps may have, with what each takes (document 004)."""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from casare_cloud.domain.permissions import require
from casare_cloud.errors import NotFound
from casare_cloud.faces.automation.refusals import refusals
from casare_cloud.faces.automation.task_types import examples
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.kit.shapes import Answer
from casare_cloud.task_types import BY_NAME, TASK_TYPES

router = APIRouter(prefix="/task-types", tags=["task-types"], route_class=Route)


class TaskTypeAnswer(Answer):
    """A type of steps; `needs` is what a robot must have: scripts, browser, ai, mail …; null: nothing."""

    model_config = showing(examples.TASK_TYPE)

    task_type: str
    display_name: str
    description: str
    icon: str
    config_schema: dict[str, Any]
    needs: str | None


class TaskTypeList(Answer):
    """All of them."""

    model_config = showing(examples.TASK_TYPES)

    task_types: list[TaskTypeAnswer]
    count: int


@router.get("", responses=refusals())
async def list_task_types(tx: Tx) -> TaskTypeList:
    """List the types of steps. A workflow may have others, too, of plugins. Needs workflows.read."""
    await require(tx, "workflows.read")
    found = [TaskTypeAnswer.model_validate(task_type) for task_type in TASK_TYPES]
    return TaskTypeList(task_types=found, count=len(found))


@router.get("/{task_type}", responses=refusals(404))
async def get_task_type(task_type: Annotated[str, Path(max_length=128)], tx: Tx) -> TaskTypeAnswer:
    """A type of steps with the schema of its configuration. Needs workflows.read."""
    await require(tx, "workflows.read")
    if task_type not in BY_NAME:
        raise NotFound("TASK_TYPE_NOT_FOUND", "There is no such type of steps.")
    return TaskTypeAnswer.model_validate(BY_NAME[task_type])
