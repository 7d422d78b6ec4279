"""Schedules: make, change, trigger, simulate, delete (documents 000 and 002; api-decisions#schedules)."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from casare_cloud.domain.schedules import service
from casare_cloud.domain.schedules.model import Filter
from casare_cloud.faces.kit.fields import Moment
from casare_cloud.faces.kit.paging import Page, page
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.casare.asking import IsDashboard
from casare_cloud.faces.orchestrator.fields import ScheduleId
from casare_cloud.faces.orchestrator.refusals import idempotent, refusals
from casare_cloud.faces.orchestrator.schedules.shapes import (
    CreateScheduleBody,
    FireAnswer,
    FireList,
    MissedFire,
    MissedFires,
    ScheduleAnswer,
    ScheduleDeleted,
    ScheduleExplained,
    ScheduleList,
    ScheduleTriggered,
    SimulateBody,
    Simulation,
    UpcomingRun,
    UpdateScheduleBody,
)

router = APIRouter(prefix="/schedules", tags=["schedules"], route_class=Route)


@router.post("", **idempotent(404))
async def create_schedule(body: CreateScheduleBody, tx: Tx) -> ScheduleAnswer:
    """Make a schedule: from now on the workflow is queued by the clock.

    One field says when: `cron_expression` (also `@every 15m`), `interval_seconds`, `run_at`, or a `frequency` from
    hourly to monthly. On the clocks of the time zone, a time that is skipped runs at the next minute that exists, and
    one that comes twice runs once; where the hour is a star or a step, real time counts. What is wrong, unknown or
    contradicts itself is 400, and the sentence names the field. Names need not differ. Needs schedules.write.
    """
    return ScheduleAnswer.model_validate(await service.create(tx, body.described()))


@router.get("", responses=refusals())
async def list_schedules(
    tx: Tx,
    page: Annotated[Page, page(100, 1000)],
    is_dashboard: IsDashboard,
    workflow_id: Annotated[UUID | None, Query()] = None,
    enabled: Annotated[bool | None, Query()] = None,
    format: Annotated[
        Literal["list", "object"] | None,
        Query(description="`object`: with `total`; the default for CasareRPA's dashboard in a browser."),
    ] = None,
) -> list[ScheduleAnswer] | ScheduleList:
    """List schedules, the newest first. Needs schedules.read."""
    wanted = Filter(workflow_id, enabled)
    if format == "object" or (format is None and is_dashboard):
        found, total = await service.list_page(tx, wanted, page.limit, page.offset)
        return ScheduleList(schedules=[ScheduleAnswer.model_validate(item) for item in found], total=total)
    some = await service.list_some(tx, wanted, page.limit, page.offset)
    return [ScheduleAnswer.model_validate(schedule) for schedule in some]


@router.get("/upcoming", responses=refusals())
async def list_upcoming_runs(
    tx: Tx,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    workflow_id: Annotated[UUID | None, Query()] = None,
) -> list[UpcomingRun]:
    """The next runs of all enabled schedules, merged, the soonest first; none that a calendar skips.

    Needs schedules.read.
    """
    return [UpcomingRun.of(run) for run in await service.list_upcoming(tx, workflow_id, limit)]


@router.get("/missed", responses=refusals())
async def list_missed_fires(
    tx: Tx,
    since: Annotated[
        Moment | None, Query(description="Missed at this time or later; default: in the last day.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> MissedFires:
    """Due times of all schedules that nobody served and that were not made up for, the newest first.

    Needs schedules.read.
    """
    found = await service.list_missed(tx, since, limit)
    return MissedFires(missed=[MissedFire.model_validate(missed) for missed in found])


@router.post("/simulate", responses=refusals(404))
async def simulate_schedule(body: SimulateBody, tx: Tx) -> Simulation:
    """The next due times of such a schedule, each with a verdict; nothing is made. Needs schedules.read."""
    return Simulation.of(await service.simulate(tx, body.described(), body.count, body.after, body.expected_seconds))


@router.get("/{schedule_id}", responses=refusals(404))
async def get_schedule(schedule_id: ScheduleId, tx: Tx) -> ScheduleAnswer:
    """One schedule with its next and last run. Needs schedules.read."""
    return ScheduleAnswer.model_validate(await service.get(tx, schedule_id))


@router.put("/{schedule_id}", responses=refusals(404, 409))
async def update_schedule(schedule_id: ScheduleId, body: UpdateScheduleBody, tx: Tx) -> ScheduleAnswer:
    """Change what is named; with other times the next run is another. Needs schedules.write."""
    return ScheduleAnswer.model_validate(await service.update(tx, schedule_id, body.described()))


@router.get("/{schedule_id}/fires", responses=refusals(404))
async def list_schedule_fires(schedule_id: ScheduleId, tx: Tx, page: Annotated[Page, page(100, 1000)]) -> FireList:
    """What the schedule did at its due times, and by hand, the newest first. Needs schedules.read."""
    found, total = await service.list_fires(tx, schedule_id, page.limit, page.offset)
    return FireList(fires=[FireAnswer.model_validate(fire) for fire in found], **page.facts(total))


@router.get("/{schedule_id}/explain", responses=refusals(404))
async def explain_schedule(
    schedule_id: ScheduleId, tx: Tx, at: Annotated[Moment, Query(description="ISO 8601; the minute that begins here.")]
) -> ScheduleExplained:
    """Why the schedule ran at a time, or did not, or will not. Needs schedules.read."""
    return ScheduleExplained.model_validate(await service.explain(tx, schedule_id, at))


@router.put("/{schedule_id}/enable", responses=refusals(404))
async def enable_schedule(schedule_id: ScheduleId, tx: Tx) -> ScheduleAnswer:
    """Let a schedule run again, from its next due time on. Needs schedules.write."""
    return ScheduleAnswer.model_validate(await service.update(tx, schedule_id, {"is_enabled": True}))


@router.put("/{schedule_id}/disable", responses=refusals(404))
async def disable_schedule(schedule_id: ScheduleId, tx: Tx) -> ScheduleAnswer:
    """Keep a schedule from running; `next_run` is null until it is enabled. Needs schedules.write."""
    return ScheduleAnswer.model_validate(await service.update(tx, schedule_id, {"is_enabled": False}))


@router.put("/{schedule_id}/trigger", responses=refusals(404, 409))
async def trigger_schedule(schedule_id: ScheduleId, tx: Tx) -> ScheduleTriggered:
    """Queue a job of the schedule now, enabled or not; its next run stays as it is. Needs schedules.write.

    409 WORKFLOW_NOT_RUNNABLE when the workflow is archived or disabled.
    """
    job_id = await service.trigger(tx, schedule_id)
    return ScheduleTriggered(
        status="success", message=f"Schedule triggered: {schedule_id}", job_id=job_id, triggered_via="direct"
    )


@router.post("/{schedule_id}/run", responses=refusals(404, 409))
async def run_schedule(schedule_id: ScheduleId, tx: Tx) -> ScheduleTriggered:
    """As `PUT /schedules/{schedule_id}/trigger`: the word of CasareRPA's dashboard. Needs schedules.write."""
    return await trigger_schedule(schedule_id, tx)


@router.post("/{schedule_id}/run-now", responses=refusals(404, 409))
async def run_schedule_now(schedule_id: ScheduleId, tx: Tx) -> ScheduleTriggered:
    """As `PUT /schedules/{schedule_id}/trigger`: the word of CasareRPA's clients. Needs schedules.write."""
    return await trigger_schedule(schedule_id, tx)


@router.delete("/{schedule_id}", responses=refusals(404))
async def delete_schedule(schedule_id: ScheduleId, tx: Tx) -> ScheduleDeleted:
    """Delete a schedule; the jobs that it queued stay. Needs schedules.write."""
    await service.delete(tx, schedule_id)
    return ScheduleDeleted(status="success", message=f"Schedule deleted: {schedule_id}")
