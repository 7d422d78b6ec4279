"""Business calendars: working hours, holidays, own rules and blackouts, for schedules to heed. Not of the documents."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Path, Query, UploadFile

from casare_cloud.domain.calendars import service
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.calendars.shapes import (
    CalendarAnswer,
    CalendarDeleted,
    CalendarImported,
    CalendarList,
    CreateCalendarBody,
    DayList,
    UpdateCalendarBody,
)
from casare_cloud.faces.orchestrator.refusals import idempotent, refusals

router = APIRouter(prefix="/calendars", tags=["calendars"], route_class=Route)

CalendarId = Annotated[UUID, Path(description="The id of the calendar.")]


@router.get("", responses=refusals())
async def list_calendars(tx: Tx) -> CalendarList:
    """List the calendars by name. Needs schedules.read."""
    return CalendarList(calendars=[CalendarAnswer.model_validate(one) for one in await service.list_all(tx)])


@router.post("", status_code=201, **idempotent())
async def create_calendar(body: CreateCalendarBody, tx: Tx) -> CalendarAnswer:
    """Make a calendar; the holidays of its country are looked up for five years ahead.

    A schedule heeds it with `calendar_id`: it does not run on a closed day, at a closed hour or in a blackout, or, with
    `on_closed_day`, runs on the next or the previous working day. 409 CALENDAR_EXISTS: there is one of this name;
    TOO_MANY_CALENDARS: the plan allows no more. Needs schedules.write.
    """
    return CalendarAnswer.model_validate(await service.create(tx, body.described()))


@router.get("/{calendar_id}", responses=refusals(404))
async def get_calendar(calendar_id: CalendarId, tx: Tx) -> CalendarAnswer:
    """One calendar. Needs schedules.read."""
    return CalendarAnswer.model_validate(await service.get(tx, calendar_id))


@router.put("/{calendar_id}", responses=refusals(404, 409))
async def update_calendar(calendar_id: CalendarId, body: UpdateCalendarBody, tx: Tx) -> CalendarAnswer:
    """Change what is named; schedules that the calendar moves are planned again. Needs schedules.write."""
    return CalendarAnswer.model_validate(await service.update(tx, calendar_id, body.described()))


@router.delete("/{calendar_id}", responses=refusals(404, 409))
async def delete_calendar(calendar_id: CalendarId, tx: Tx) -> CalendarDeleted:
    """Delete a calendar. 409 CALENDAR_IN_USE: schedules heed it. Needs schedules.write."""
    await service.delete(tx, calendar_id)
    return CalendarDeleted(calendar_id=calendar_id, deleted=True)


@router.get("/{calendar_id}/days", responses=refusals(404))
async def list_calendar_days(calendar_id: CalendarId, tx: Tx, year: Annotated[int, Query(ge=1970, le=2199)]) -> DayList:
    """The days of a year on which the calendar differs from its week: holidays and own rules. Needs schedules.read."""
    return DayList.of(calendar_id, year, await service.list_days(tx, calendar_id, year))


@router.post("/{calendar_id}/refresh", responses=refusals(404, 409))
async def refresh_calendar(calendar_id: CalendarId, tx: Tx) -> CalendarAnswer:
    """Look the country's holidays up again, for five years ahead of now. Needs schedules.write.

    The event calendar.expiring says when this is due: less than a year before the known ones end.
    """
    return CalendarAnswer.model_validate(await service.refresh(tx, calendar_id))


@router.post("/{calendar_id}/import", operation_id="import_calendar", responses=refusals(404, 409))
async def import_calendar(
    calendar_id: CalendarId,
    file: Annotated[UploadFile, File(description="An iCalendar file (.ics) of at most 1 MB.")],
    tx: Tx,
) -> CalendarImported:
    """Add the events of an iCalendar file: those of whole days as closed days, others as blackouts.

    Events that repeat are followed for five years; what the calendar has already is not added again. Times without a
    zone are the tenant's. Needs schedules.write.
    """
    return CalendarImported.of(*await service.import_ical(tx, calendar_id, await file.read()))
