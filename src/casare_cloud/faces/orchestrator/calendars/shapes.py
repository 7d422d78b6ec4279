"""Shapes of the calendar endpoints."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.calendars.model import Calendar, Day, Import
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Name
from casare_cloud.faces.kit.shapes import Answer, Body, Time
from casare_cloud.faces.orchestrator.calendars import examples


class _CalendarFields(Body):
    """What may be said of a calendar. The rules are the database's."""

    working_hours: Annotated[
        dict[str, list[str]] | None,
        Field(description='By day of the week, {"mon": ["09:00", "17:00"]}; default: Monday to Friday, the whole day.'),
    ] = None
    country: Annotated[
        str | None, Field(max_length=64, description="Its public holidays are closed days (ISO 3166: DE).")
    ] = None
    subdivision: Annotated[
        str | None, Field(max_length=64, description="A part of it with holidays of its own: BY.")
    ] = None
    rules: Annotated[
        list[dict[str, Any]] | None,
        Field(
            max_length=1000,
            description="Own closed days: of type fixed (month, day), nth_weekday (month, weekday, nth, -1 the last), "
            "easter (offset in days), date (date); and, with work all the same, working_date (date). All have names.",
        ),
    ] = None
    blackouts: Annotated[
        list[dict[str, Any]] | None,
        Field(max_length=500, description="Periods in which nothing runs: starts_at, ends_at, reason."),
    ] = None

    def described(self) -> dict[str, Any]:
        """What was said."""
        return self.model_dump(mode="json", exclude_none=True)


class CreateCalendarBody(_CalendarFields):
    """A calendar to make."""

    model_config = showing(examples.CREATE_CALENDAR, extra="forbid")

    name: Name


class UpdateCalendarBody(_CalendarFields):
    """What is to change; a field that is left out, or null, stays as it is, and a list is replaced."""

    model_config = showing(examples.UPDATE_CALENDAR, extra="forbid")

    name: Name | None = None


class CalendarAnswer(Answer):
    """A calendar. It needs a refresh when less than a year is left until `holidays_until`."""

    model_config = showing(examples.CALENDAR)

    calendar_id: UUID
    name: str
    working_hours: dict[str, list[str]]
    country: str | None
    subdivision: str | None
    rules: list[dict[str, Any]]
    blackouts: list[dict[str, Any]]
    holidays_until: date | None
    needs_refresh: bool
    schedules: Annotated[int, Field(description="How many heed it.")]
    created_by: UUID | None
    created_at: Time
    updated_at: Time


class CalendarList(Answer):
    """The calendars of the tenant, by name."""

    model_config = showing(examples.CALENDARS)

    calendars: list[CalendarAnswer]


class CalendarDeleted(Answer):
    """The calendar is gone."""

    model_config = showing(examples.CALENDAR_DELETED)

    calendar_id: UUID
    deleted: bool


class DayAnswer(Answer):
    """A day on which the calendar differs from its week, and whose doing that is: its rules' or the country's."""

    model_config = showing(examples.DAY)

    day: date
    name: str
    is_working: bool
    source: Literal["country", "rule"]


class DayList(Answer):
    """The days of a year on which a calendar differs from its week."""

    model_config = showing(examples.DAYS)

    calendar_id: UUID
    year: int
    days: list[DayAnswer]

    @classmethod
    def of(cls, calendar_id: UUID, year: int, days: list[Day]) -> "DayList":
        """Days as the service gives them."""
        return cls(calendar_id=calendar_id, year=year, days=[DayAnswer.model_validate(day) for day in days])


class CalendarImported(Answer):
    """The calendar with what a file added to it."""

    model_config = showing(examples.IMPORTED)

    calendar: CalendarAnswer
    added_days: int
    added_blackouts: int
    ignored_events: Annotated[int, Field(description="Events that could not be read, or repeat too often.")]

    @classmethod
    def of(cls, calendar: Calendar, added: Import) -> "CalendarImported":
        """What the service answers."""
        return cls(
            calendar=CalendarAnswer.model_validate(calendar),
            added_days=len(added.rules),
            added_blackouts=len(added.blackouts),
            ignored_events=added.ignored_events,
        )
