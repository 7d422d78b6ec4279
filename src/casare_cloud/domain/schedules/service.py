"""What can be done with schedules. Every rule is in the SQL functions that are called here."""

from datetime import datetime
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.permissions import require, require_found
from casare_cloud.domain.rows import split_page
from casare_cloud.domain.schedules import queries
from casare_cloud.domain.schedules.model import Fields, Filter, Fire, Run, Schedule, Upcoming
from casare_cloud.errors import NotFound


class ScheduleNotFound(NotFound):
    """There is no such schedule, or it is another tenant's."""

    def __init__(self) -> None:
        super().__init__("SCHEDULE_NOT_FOUND", "There is no such schedule.")


async def create(tx: Transaction, fields: Fields) -> Schedule:
    """Make a schedule and return it with the time of its next run.

    Raises 404 WORKFLOW_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND, 400 INVALID_ARGUMENT (which names the wrong
    field). Needs schedules.write.
    """
    row = await tx.fetch_one(queries.CREATE_SCHEDULE, {"fields": fields})
    assert row is not None
    return Schedule(**row)


async def update(tx: Transaction, schedule_id: UUID, changes: Fields) -> Schedule:
    """Change the named fields (None leaves one as it is, an empty text takes it away).

    Raises as `create`, and 404 SCHEDULE_NOT_FOUND. Needs schedules.write.
    """
    row = await tx.fetch_one(queries.UPDATE_SCHEDULE, {"schedule_id": schedule_id, "changes": changes})
    assert row is not None
    return Schedule(**row)


async def toggle(tx: Transaction, schedule_id: UUID) -> Schedule:
    """Enable a schedule that is not, or disable one that is. Raises as `update`. Needs schedules.write."""
    row = await tx.fetch_one(queries.TOGGLE_SCHEDULE, {"schedule_id": schedule_id})
    assert row is not None
    return Schedule(**row)


async def list_some(tx: Transaction, wanted: Filter, limit: int, offset: int) -> list[Schedule]:
    """Schedules, the newest first. Needs schedules.read."""
    rows = await tx.fetch_all(
        queries.LIST_SCHEDULES,
        {"workflow_id": wanted.workflow_id, "is_enabled": wanted.is_enabled, "limit": limit, "offset": offset},
    )
    if not rows:
        await require(tx, "schedules.read")
    return [Schedule(**row) for row in rows]


async def list_page(tx: Transaction, wanted: Filter, limit: int, offset: int) -> tuple[list[Schedule], int]:
    """(schedules of the page, the newest first; how many match in all). Needs schedules.read."""
    rows = await tx.fetch_all(
        queries.LIST_SCHEDULE_PAGE,
        {"workflow_id": wanted.workflow_id, "is_enabled": wanted.is_enabled, "limit": limit, "offset": offset},
    )
    items, total = split_page(rows, "schedule_id")
    return [Schedule(**item) for item in items], total


async def list_upcoming(tx: Transaction, workflow_id: UUID | None, limit: int) -> list[Upcoming]:
    """The next runs of all enabled schedules, merged, the soonest first. Needs schedules.read."""
    rows = await tx.fetch_all(queries.LIST_UPCOMING, {"workflow_id": workflow_id, "limit": limit})
    return [Upcoming(**row) for row in rows]


async def list_missed(tx: Transaction, since: datetime | None, limit: int) -> list[dict[str, Any]]:
    """Due times that nobody served since then (default: in the last day), the newest first. Needs schedules.read."""
    rows = await tx.fetch_all(queries.LIST_MISSED, {"since": since, "limit": limit})
    if not rows:
        await require(tx, "schedules.read")
    return rows


async def explain(tx: Transaction, schedule_id: UUID, at: datetime) -> dict[str, Any]:
    """Why a schedule ran at a time, or did not, or will not; 404 SCHEDULE_NOT_FOUND. Needs schedules.read."""
    answer: dict[str, Any] = await tx.fetch_value(queries.EXPLAIN_SCHEDULE, {"schedule_id": schedule_id, "at": at})
    return answer


async def get(tx: Transaction, schedule_id: UUID) -> Schedule:
    """One schedule; `ScheduleNotFound`. Needs schedules.read."""
    row = await tx.fetch_one(queries.GET_SCHEDULE, {"schedule_id": schedule_id})
    return Schedule(**await require_found(tx, row, "schedules.read", ScheduleNotFound))


async def trigger(tx: Transaction, schedule_id: UUID) -> UUID:
    """Enqueue a job of a schedule now and return its id.

    Raises 404 SCHEDULE_NOT_FOUND, 409 WORKFLOW_NOT_RUNNABLE. Needs schedules.write.
    """
    job_id: UUID = await tx.fetch_value(queries.TRIGGER_SCHEDULE, {"schedule_id": schedule_id})
    return job_id


async def delete(tx: Transaction, schedule_id: UUID) -> None:
    """Take a schedule away; 404 SCHEDULE_NOT_FOUND. Needs schedules.write."""
    await tx.execute(queries.DELETE_SCHEDULE, {"schedule_id": schedule_id})


async def list_fires(tx: Transaction, schedule_id: UUID, limit: int, offset: int) -> tuple[list[Fire], int]:
    """(what a schedule did, the newest first; how often in all); `ScheduleNotFound`. Needs schedules.read."""
    found = await tx.fetch_value(queries.TENANT_OF_SCHEDULE, {"schedule_id": schedule_id})
    tenant_id = await require_found(tx, found, "schedules.read", ScheduleNotFound)
    rows = await tx.fetch_all(
        queries.LIST_FIRES, {"tenant_id": tenant_id, "schedule_id": schedule_id, "limit": limit, "offset": offset}
    )
    items, total = split_page(rows, "fire_time")
    return [Fire(**item) for item in items], total


async def simulate(
    tx: Transaction, fields: Fields, count: int, after: datetime | None, expected_seconds: float | None
) -> list[Run]:
    """The next due times of a schedule that is described, after a moment or now, and what would become of each.

    Raises 400 INVALID_ARGUMENT. Needs schedules.read.
    """
    rows = await tx.fetch_all(
        queries.SIMULATE_SCHEDULE,
        {"fields": fields, "count": count, "after": after, "expected_seconds": expected_seconds},
    )
    return [Run(**row) for row in rows]
