"""Values of the calendars domain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

Fields = Mapping[str, Any]
"""What somebody says of a calendar, in JSON values: private.change_calendar()."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar as it is; `needs_refresh` when its country's holidays are known for less than a year."""

    calendar_id: UUID
    name: str
    working_hours: dict[str, list[str]]
    country: str | None
    subdivision: str | None
    rules: list[dict[str, Any]]
    blackouts: list[dict[str, Any]]
    holidays_until: date | None
    needs_refresh: bool
    schedules: int
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which a calendar differs from its week."""

    day: date
    name: str
    is_working: bool
    source: Literal["country", "rule"]


@dataclass(frozen=True, slots=True)
class Import:
    """What an iCalendar file came to: days for the rules, periods for the blackouts, and what it held besides."""

    rules: list[dict[str, Any]]
    blackouts: list[dict[str, Any]]
    ignored_events: int
