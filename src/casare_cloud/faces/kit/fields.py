"""Fields that shapes of any face are made of: their rules, once."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, Strict


def _in_utc(time: datetime) -> datetime:
    """The same moment in UTC: Postgres takes no offset of 16 hours or more."""
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("must lie in the years 1 to 9999") from error


def _is_no_number(value: Any) -> Any:
    """A number, or a text of one, could be seconds since 1970 or milliseconds: it is refused, never guessed."""
    try:
        float(value)
    except (TypeError, ValueError):
        return value
    raise ValueError("must be a date and time in ISO 8601")


Moment = Annotated[
    datetime,
    BeforeValidator(_is_no_number),
    AfterValidator(_in_utc),
    Field(description="ISO 8601; UTC when it names no zone."),
]
Integer = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Words = list[Annotated[str, Field(min_length=1, max_length=64)]]

CronExpression = Annotated[
    str,
    Field(
        min_length=1,
        max_length=255,
        description="Five fields (minute, hour, day of month, month, day of week) with names (MON-FRI, JAN), lists, "
        "ranges and steps, or @hourly, @daily, @weekly, @monthly, @yearly; or @every 15m, which counts real time.",
    ),
]
Timezone = Annotated[
    str, Field(max_length=64, description="A name of the IANA database, Europe/Berlin; default: the tenant's.")
]

# Every published name of a job's input (api-decisions#names-of-a-jobs-input).
InputNames = AliasChoices("input", "input_data", "parameters", "variables", "params", "payload")
Input = Annotated[
    dict[str, Any] | None,
    Field(
        validation_alias=InputNames,
        description="What the workflow starts with. Also: input_data, parameters, variables, params, payload.",
    ),
]
