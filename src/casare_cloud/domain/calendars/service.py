"""What can be done with calendars. The rules are the SQL functions'; the holidays of countries are looked up here."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.calendars import queries
from casare_cloud.domain.calendars.holidays import holidays_of
from casare_cloud.domain.calendars.ical import read_ical
from casare_cloud.domain.calendars.model import Calendar, Day, Fields, Import


async def create(tx: Transaction, fields: Fields) -> Calendar:
    """Make a calendar, with the holidays of its country for years ahead.

    Raises 400 INVALID_ARGUMENT, 409 CALENDAR_EXISTS or TOO_MANY_CALENDARS. Needs schedules.write.
    """
    whole = await _with_holidays(fields, fields.get("country"), fields.get("subdivision"))
    return _calendar(await tx.fetch_value(queries.CREATE_CALENDAR, {"fields": whole}))


async def update(tx: Transaction, calendar_id: UUID, changes: Fields) -> Calendar:
    """Change the named fields (None leaves one as it is, an empty country takes it away); lists are replaced.

    Raises 404 CALENDAR_NOT_FOUND, 400 INVALID_ARGUMENT, 409 CALENDAR_EXISTS. Needs schedules.write.
    """
    if changes.get("country") is not None or changes.get("subdivision") is not None:
        stored = await get(tx, calendar_id)
        country = stored.country if changes.get("country") is None else changes["country"]
        subdivision = stored.subdivision if changes.get("subdivision") is None else changes["subdivision"]
        if country != stored.country and changes.get("subdivision") is None:
            subdivision = None  # the part was another country's
        changes = await _with_holidays({**changes, "subdivision": subdivision or ""}, country, subdivision)
    return _calendar(await tx.fetch_value(queries.UPDATE_CALENDAR, {"calendar_id": calendar_id, "changes": changes}))


async def refresh(tx: Transaction, calendar_id: UUID) -> Calendar:
    """Look the holidays of the calendar's country up again, for years ahead of now; 404 CALENDAR_NOT_FOUND.

    Needs schedules.write.
    """
    stored = await get(tx, calendar_id)
    changes = await _with_holidays({}, stored.country, stored.subdivision)
    return _calendar(await tx.fetch_value(queries.UPDATE_CALENDAR, {"calendar_id": calendar_id, "changes": changes}))


async def import_ical(tx: Transaction, calendar_id: UUID, content: bytes) -> tuple[Calendar, Import]:
    """Add what an iCalendar file holds: whole days to the rules, other events to the blackouts; none twice.

    Raises 404 CALENDAR_NOT_FOUND, 400 INVALID_ARGUMENT. Needs schedules.write.
    """
    stored = await get(tx, calendar_id)
    timezone = await tx.fetch_value(queries.TENANT_TIMEZONE) or "UTC"
    found = await asyncio.to_thread(read_ical, content, timezone, _today())
    days = {rule["date"] for rule in stored.rules if "date" in rule}
    spans = {(_moment(one["starts_at"]), _moment(one["ends_at"])) for one in stored.blackouts}
    new = Import(
        [rule for rule in found.rules if rule["date"] not in days],
        [one for one in found.blackouts if (_moment(one["starts_at"]), _moment(one["ends_at"])) not in spans],
        found.ignored_events,
    )
    changes = {"rules": [*stored.rules, *new.rules], "blackouts": [*stored.blackouts, *new.blackouts]}
    return await update(tx, calendar_id, changes), new


async def get(tx: Transaction, calendar_id: UUID) -> Calendar:
    """One calendar; 404 CALENDAR_NOT_FOUND. Needs schedules.read."""
    return _calendar(await tx.fetch_value(queries.LIST_CALENDARS, {"calendar_id": calendar_id}))


async def list_all(tx: Transaction) -> list[Calendar]:
    """The calendars of the tenant by name. Needs schedules.read."""
    return [_calendar(row["calendar"]) for row in await tx.fetch_all(queries.LIST_CALENDARS, {"calendar_id": None})]


async def list_days(tx: Transaction, calendar_id: UUID, year: int) -> list[Day]:
    """The days of a year on which a calendar differs from its week; 404 CALENDAR_NOT_FOUND. Needs schedules.read."""
    await get(tx, calendar_id)
    bounds = {"calendar_id": calendar_id, "first": date(year, 1, 1), "last": date(year, 12, 31)}
    return [Day(**row) for row in await tx.fetch_all(queries.LIST_DAYS, bounds)]


async def delete(tx: Transaction, calendar_id: UUID) -> None:
    """Take a calendar away; 404 CALENDAR_NOT_FOUND, 409 CALENDAR_IN_USE. Needs schedules.write."""
    await tx.execute(queries.DELETE_CALENDAR, {"calendar_id": calendar_id})


async def _with_holidays(fields: Fields, country: str | None, subdivision: str | None) -> Fields:
    if not country:
        return fields
    return {**fields, **await asyncio.to_thread(holidays_of, country, subdivision, _today().year)}


def _calendar(row: dict[str, Any]) -> Calendar:
    until = row["holidays_until"]
    moments = {name: _moment(row[name]) for name in ("created_at", "updated_at")}
    return Calendar(**{**row, **moments, "holidays_until": until and date.fromisoformat(until)})


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _today() -> date:
    return datetime.now(UTC).date()
