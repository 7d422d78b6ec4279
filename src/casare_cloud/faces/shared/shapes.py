"""Parts that request and answer shapes are made of."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer


def _as_utc(value: datetime) -> str:
    text = value.astimezone(UTC).isoformat(timespec="microseconds" if value.microsecond else "seconds")
    return text.replace("+00:00", "Z")


Time = Annotated[datetime, PlainSerializer(_as_utc, return_type=str, when_used="json")]
"""A moment, written ISO-8601 in UTC with `Z`."""


class Answer(BaseModel):
    """Base of answer shapes. Its validators are built on first use, so that a cold process imports quickly."""

    model_config = ConfigDict(defer_build=True, extra="ignore", from_attributes=True)


class Body(BaseModel):
    """Base of request shapes: unknown fields are ignored unless a document closes them (`extra="forbid"`)."""

    model_config = ConfigDict(defer_build=True, extra="ignore")
