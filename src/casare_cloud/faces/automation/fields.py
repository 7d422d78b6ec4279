"""Fields that several resources of the face share. Those of any face are in the kit."""

from typing import Annotated
from uuid import UUID

from fastapi import Path
from pydantic import AfterValidator, Field

from casare_cloud.faces.automation import permission_words

UserId = Annotated[UUID, Path(description="The id of the user.")]
RoleId = Annotated[UUID, Path(description="The id of the role.")]
KeyId = Annotated[UUID, Path(description="The id of the key, not the key.")]
WorkflowId = Annotated[UUID, Path(description="The id of the workflow.")]
ExecutionId = Annotated[UUID, Path(description="The id of the execution.")]
AgentId = Annotated[UUID, Path(description="The id of the agent.")]
ScheduleId = Annotated[UUID, Path(description="The id of the schedule.")]
TriggerId = Annotated[UUID, Path(description="The id of the trigger.")]

PermissionCode = Annotated[
    str,
    Field(min_length=1, max_length=130, description="A permission or a wildcard: workflows.read, executions.*, *."),
    AfterValidator(permission_words.meant),
]
