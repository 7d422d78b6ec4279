"""Schedules: workflows that run by the clock (document 004)."""

from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AliasChoices, Field

from casare_cloud.domain.schedules import service
from casare_cloud.domain.schedules.model import Filter, Schedule
from casare_cloud.faces.automation.fields import ScheduleId, changes_in
from casare_cloud.faces.automation.refusals import idempotent, refusals
from casare_cloud.faces.automation.schedules import examples
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import CronExpression, Flag, Name, Timezone
from casare_cloud.faces.kit.paging import NumberedPage, numbered_page
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.kit.shapes import Answer, Body, Time

router = APIRouter(prefix="/schedules", tags=["schedules"], route_class=Route)

_Cron = Annotated[CronExpression, Field(validation_alias=AliasChoices("cron_expression", "cron"))]


class ScheduleBody(Body):
    """A schedule to make."""

    model_config = showing(examples.NEW)

    workflow_id: UUID
    name: Name
    cron_expression: _Cron
    timezone: Timezone = "UTC"
    is_enabled: Flag = True


class ScheduleChanges(Body):
    """What shall be otherwise."""

    model_config = showing(examples.CHANGES)

    name: Name | None = None
    cron_expression: Annotated[
        CronExpression | None, Field(validation_alias=AliasChoices("cron_expression", "cron"))
    ] = None
    timezone: Timezone | None = None
    is_enabled: Flag | None = None


class ScheduleAnswer(Answer):
    """A schedule; `next_run_at` is null while it is not enabled."""

    model_config = showing(examples.SCHEDULE)

    id: UUID
    workflow_id: UUID
    workflow_name: str
    name: str
    cron_expression: str | None
    timezone: str
    is_enabled: bool
    next_run_at: Time | None
    last_run_at: Time | None
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, schedule: Schedule) -> Self:
        """A schedule as the service gives it."""
        every = schedule.interval_seconds
        written = schedule.cron_expression or (f"@every {every}s" if every else None)
        return cls(
            id=schedule.schedule_id,
            workflow_id=schedule.workflow_id,
            workflow_name=schedule.workflow_name,
            name=schedule.name,
            cron_expression=written,
            timezone=schedule.timezone,
            is_enabled=schedule.is_enabled,
            next_run_at=schedule.next_run_at,
            last_run_at=schedule.last_run_at,
            created_at=schedule.created_at,
            updated_at=schedule.updated_at,
        )


class ScheduleList(Answer):
    """A page of schedules, the newest first."""

    model_config = showing(examples.SCHEDULES)

    items: list[ScheduleAnswer]
    total: int
    page: int
    per_page: int
    pages: int


@router.get("", responses=refusals())
async def list_schedules(
    tx: Tx,
    page: Annotated[NumberedPage, numbered_page()],
    workflow_id: Annotated[UUID | None, Query()] = None,
    is_enabled: Annotated[bool | None, Query()] = None,
) -> ScheduleList:
    """List schedules, the newest first. Needs schedules.read."""
    found, total = await service.list_page(tx, Filter(workflow_id, is_enabled), page.limit, page.offset)
    return ScheduleList(items=[ScheduleAnswer.of(schedule) for schedule in found], **page.facts(total))


@router.post("", status_code=201, **idempotent(404))
async def create_schedule(body: ScheduleBody, tx: Tx) -> ScheduleAnswer:
    """Make a schedule: the workflow runs by the clock once it is published. 422 for a wrong expression or time zone.

    Needs schedules.write.
    """
    return ScheduleAnswer.of(await service.create(tx, body.model_dump(mode="json")))


@router.get("/{schedule_id}", responses=refusals(404))
async def get_schedule(schedule_id: ScheduleId, tx: Tx) -> ScheduleAnswer:
    """A schedule with its next run. Needs schedules.read."""
    return ScheduleAnswer.of(await service.get(tx, schedule_id))


@router.put("/{schedule_id}", responses=refusals(400, 404))
async def update_schedule(schedule_id: ScheduleId, body: ScheduleChanges, tx: Tx) -> ScheduleAnswer:
    """Change what is named; the next run is reckoned anew. 400 NOTHING_TO_CHANGE. Needs schedules.write."""
    changes = await changes_in(body, lambda: service.get(tx, schedule_id))
    return ScheduleAnswer.of(await service.update(tx, schedule_id, changes))


@router.delete("/{schedule_id}", status_code=204, responses=refusals(404))
async def delete_schedule(schedule_id: ScheduleId, tx: Tx) -> None:
    """Delete a schedule; the executions that it began stay. Needs schedules.write."""
    await service.delete(tx, schedule_id)


@router.post("/{schedule_id}/toggle", responses=refusals(404))
async def toggle_schedule(schedule_id: ScheduleId, tx: Tx) -> ScheduleAnswer:
    """Enable a schedule that is not, or the other way round. Needs schedules.write."""
    return ScheduleAnswer.of(await service.toggle(tx, schedule_id))
