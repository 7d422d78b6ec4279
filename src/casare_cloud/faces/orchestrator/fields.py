"""Fields that several resources of the orchestrator share: their rules, once."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path
from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, PlainSerializer, Strict

from casare_cloud.errors import NotFound

BIGGEST_INTEGER = 2**31 - 1


def _in_utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _is_no_number(value: Any) -> Any:
    """A number, or a text of one, could be seconds since 1970 or milliseconds: it is refused, never guessed."""
    try:
        float(value)
    except (TypeError, ValueError):
        return value
    raise ValueError("must be a date and time in ISO 8601")


def _with_microseconds(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _job_id(text: str) -> UUID:
    """Document 002: job ids are words of at most 64 characters, and a word that names no job is 404."""
    if len(text) > 64:
        raise ValueError("must have at most 64 characters")
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("JOB_NOT_FOUND", "There is no such job.") from None


Moment = Annotated[
    datetime,
    BeforeValidator(_is_no_number),
    AfterValidator(_in_utc),
    Field(description="ISO 8601; UTC when it names no zone."),
]
ExactTime = Annotated[datetime, PlainSerializer(_with_microseconds, return_type=str, when_used="json")]
"""A moment in an answer, written as `Time` is, always with six digits of a second."""

Integer = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]
Priority = Annotated[Integer, Field(ge=0, le=20, description="0 to 20, 0 first.")]
ExecutionMode = Literal["lan", "internet"]
Words = list[Annotated[str, Field(min_length=1, max_length=64)]]
LeaseToken = Annotated[Integer, Field(ge=1, le=2**63 - 1, description="Proves the lease: from the claim.")]
LeaseSeconds = Annotated[Integer, Field(ge=5, le=3600)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
RobotName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Environment = Annotated[str, Field(min_length=1, max_length=64)]

CronExpression = Annotated[
    str,
    Field(
        min_length=1,
        max_length=255,
        description="Five fields (minute, hour, day of month, month, day of week) with names (MON-FRI, JAN), lists, "
        "ranges and steps, or @hourly, @daily, @weekly, @monthly, @yearly.",
    ),
]
Timezone = Annotated[
    str, Field(max_length=64, description="A name of the IANA database, Europe/Berlin; default: the tenant's.")
]

# Every published name of a job's input (api-map, conflict 28).
InputNames = AliasChoices("input", "input_data", "parameters", "variables", "params", "payload")
Input = Annotated[
    dict[str, Any] | None,
    Field(
        validation_alias=InputNames,
        description="What the workflow starts with. Also: input_data, parameters, variables, params, payload.",
    ),
]

WorkflowId = Annotated[UUID, Path(description="The id of the workflow.")]
ScheduleId = Annotated[UUID, Path(description="The id of the schedule.")]
JobId = Annotated[UUID, BeforeValidator(_job_id), Path(description="The id of the job.")]
RobotId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The robot's external id (robot-prod-001) or its UUID.")
]
ApiKeyId = Annotated[UUID, Path(description="The id of the key, not the key.")]
