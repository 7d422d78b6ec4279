"""Parts that request and answer shapes are made of."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, model_validator

JSON_LEVELS = 100  # objects and lists inside each other, in a body; private.is_deep_json() has the database's word
TOO_DEEP = f"must not be nested deeper than {JSON_LEVELS} levels"
_CONTAINERS = (dict, list)


def _as_utc(value: datetime) -> str:
    text = value.astimezone(UTC).isoformat(timespec="microseconds" if value.microsecond else "seconds")
    return text.replace("+00:00", "Z")


Time = Annotated[datetime, PlainSerializer(_as_utc, return_type=str, when_used="json")]
"""A moment, written ISO-8601 in UTC with `Z`."""


class Answer(BaseModel):
    """Base of answer shapes. Its validators are built on first use, so that a cold process imports quickly."""

    model_config = ConfigDict(defer_build=True, extra="ignore", from_attributes=True)


class Body(BaseModel):
    """Base of request shapes: unknown fields are ignored unless a document closes them (`extra="forbid"`).

    No field, known or not, may be so deep that an answer could not show it again.
    """

    model_config = ConfigDict(defer_build=True, extra="ignore", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _is_not_too_deep(cls, data: Any) -> Any:
        if isinstance(data, dict):
            for name, value in data.items():
                if is_too_deep(value, JSON_LEVELS - 1):
                    raise ValueError(f"{name[:64]} {TOO_DEEP}")
        return data


class OpenBody(Body):
    """Base of what makes things by documents that let unknown fields pass: the answer says which were ignored."""

    model_config = ConfigDict(extra="allow")

    def warnings(self) -> list[str]:
        """A sentence for each field that means nothing here."""
        return [f"{name[:64]} is not a known field, and was ignored." for name in self.model_extra or {}]


class Report(Body):
    """Base of what a robot says of its work: text that cannot be stored is not refused, see `storable`."""


Warnings = Annotated[list[str], Field(description="Fields that were ignored, and that no registered robot would do.")]


def is_too_deep(value: Any, levels: int = JSON_LEVELS) -> bool:
    """Whether a JSON value has more than so many levels of objects and lists."""
    layer = [value] if isinstance(value, _CONTAINERS) else []
    for _ in range(levels):
        if not layer:
            return False
        children = (child for item in layer for child in (item.values() if isinstance(item, dict) else item))
        layer = [child for child in children if isinstance(child, _CONTAINERS)]
    return bool(layer)
