"""Fields that several resources of the orchestrator share: their rules, once. Those of any face are in the kit."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path
from pydantic import BeforeValidator, Field, PlainSerializer

from casare_cloud.errors import NotFound
from casare_cloud.faces.kit.fields import Integer

BIGGEST_INTEGER = 2**31 - 1


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


ExactTime = Annotated[datetime, PlainSerializer(_with_microseconds, return_type=str, when_used="json")]
"""A moment in an answer, written as `Time` is, always with six digits of a second."""

Priority = Annotated[Integer, Field(ge=0, le=20, description="0 to 20, 0 first.")]
ExecutionMode = Literal["lan", "internet"]
LeaseToken = Annotated[Integer, Field(ge=1, le=2**63 - 1, description="Proves the lease: from the claim.")]
LeaseSeconds = Annotated[Integer, Field(ge=5, le=3600)]
RobotName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Environment = Annotated[str, Field(min_length=1, max_length=64)]

WorkflowId = Annotated[UUID, Path(description="The id of the workflow.")]
ScheduleId = Annotated[UUID, Path(description="The id of the schedule.")]
JobId = Annotated[UUID, BeforeValidator(_job_id), Path(description="The id of the job.")]
RobotId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The robot's external id (robot-prod-001) or its UUID.")
]
ApiKeyId = Annotated[UUID, Path(description="The id of the key, not the key.")]
