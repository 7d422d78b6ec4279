"""Fields that several resources of the face share. Those of any face are in the kit."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query
from pydantic import AfterValidator, BeforeValidator, Field

from casare_cloud.errors import ApiError, InvalidArgument
from casare_cloud.faces.automation import permission_words
from casare_cloud.faces.kit.fields import Moment
from casare_cloud.faces.kit.shapes import Body

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


async def changes_in(
    body: Body, find: Callable[[], Awaitable[object]], besides: set[str] | None = None
) -> dict[str, Any]:
    """The fields that a body names, but for those that say something `besides`; null is as if it were left out.

    A body that names none is 400 NOTHING_TO_CHANGE to those for whom `find` finds what would be changed.
    """
    changes = body.model_dump(exclude_none=True, exclude=besides)
    if changes:
        return changes
    await find()
    raise ApiError(400, "NOTHING_TO_CHANGE", "The request names nothing that it would change.")


@dataclass(frozen=True, slots=True)
class Dates:
    """From when on, and until before when."""

    since: datetime | None
    until: datetime | None


def _until(value: Any) -> Any:
    """A day without a time means all of it."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return datetime.fromisoformat(value).replace(tzinfo=UTC) + timedelta(days=1)
        except (ValueError, OverflowError):
            return value
    return value


async def _dates(
    date_from: Annotated[Moment | None, Query(description="ISO 8601; UTC when it names no zone.")] = None,
    date_to: Annotated[
        Annotated[Moment, BeforeValidator(_until)] | None, Query(description="As date_from; a day means all of it.")
    ] = None,
) -> Dates:
    if date_from is not None and date_to is not None and date_from > date_to:
        raise InvalidArgument("date_from (query): must not be after date_to.")
    return Dates(date_from, date_to)


Within = Annotated[Dates, Depends(_dates)]
