"""Business calendars that schedules heed."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

from casare_cloud.client.session import Answer, Session, quoted


class CalendarOptions(TypedDict, total=False):
    """When a calendar works; lists are replaced as a whole."""

    working_hours: Mapping[str, Sequence[str]] | None
    country: str | None
    subdivision: str | None
    rules: Sequence[Mapping[str, Any]] | None
    blackouts: Sequence[Mapping[str, Any]] | None


class CalendarChanges(CalendarOptions, total=False):
    """What may be changed of a calendar."""

    name: str


class CalendarCalls(Session):
    """Business calendars."""

    async def list_calendars(self) -> Answer:
        """`{calendars}`, by name."""
        return await self._get("/calendars")

    async def create_calendar(self, name: str, **more: Unpack[CalendarOptions]) -> Answer:
        """Make a calendar (`working_hours`, `country`, `subdivision`, `rules`, `blackouts`)."""
        return await self._create("/calendars", {"name": name, **more})

    async def get_calendar(self, calendar_id: str) -> Answer:
        """One calendar; `needs_refresh` when its country's holidays are known for less than a year."""
        return await self._get(f"/calendars/{quoted(calendar_id)}")

    async def update_calendar(self, calendar_id: str, **changes: Unpack[CalendarChanges]) -> Answer:
        """Change what is named; an empty `country` takes it away."""
        return await self._call("PUT", f"/calendars/{quoted(calendar_id)}", json=changes)

    async def delete_calendar(self, calendar_id: str) -> Answer:
        """Delete a calendar that no schedule heeds."""
        return await self._call("DELETE", f"/calendars/{quoted(calendar_id)}")

    async def list_calendar_days(self, calendar_id: str, year: int) -> Answer:
        """`{days}`: those of a year on which the calendar differs from its week."""
        return await self._get(f"/calendars/{quoted(calendar_id)}/days", {"year": year})

    async def refresh_calendar(self, calendar_id: str) -> Answer:
        """Look the country's holidays up again, for years ahead."""
        return await self._call("POST", f"/calendars/{quoted(calendar_id)}/refresh")

    async def import_calendar(self, calendar_id: str, file_name: str, content: bytes) -> Answer:
        """Add the events of an iCalendar file: `{calendar, added_days, added_blackouts, ignored_events}`."""
        files = {"file": (file_name, content, "text/calendar")}
        return await self._call("POST", f"/calendars/{quoted(calendar_id)}/import", files=files)
