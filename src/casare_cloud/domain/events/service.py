"""Reading what happened, and saying that somebody watches."""

from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.events import queries
from casare_cloud.domain.events.model import Event, Notification
from casare_cloud.domain.jobs import service as jobs


async def list_after(tx: Transaction, after: int, limit: int) -> list[Event]:
    """The tenant's events after a number, in sequence. Needs events.read."""
    rows = await tx.fetch_all(queries.LIST_EVENTS, {"after": after, "limit": limit})
    return [Event(**row) for row in rows]


async def get_cursor(tx: Transaction) -> int:
    """The number of the tenant's newest event, 0 when there is none. Needs events.read."""
    cursor: int = await tx.fetch_value(queries.GET_CURSOR)
    return cursor


async def list_of_job(tx: Transaction, job_id: UUID, after: int, limit: int) -> list[Event]:
    """The events of one job after a number, in sequence; 404 JOB_NOT_FOUND. Needs jobs.read and events.read."""
    await jobs.require_readable(tx, job_id)
    await tx.execute(queries.NUMBER_EVENTS)
    rows = await tx.fetch_all(queries.LIST_JOB_EVENTS, {"job_id": job_id, "after": after, "limit": limit})
    return [Event(**row) for row in rows]


async def watch(tx: Transaction, job_id: UUID | None) -> dict[str, Any]:
    """Watch the tenant (needs events.read) or a job (needs jobs.read; 404 JOB_NOT_FOUND), as public.watch answers."""
    answer: dict[str, Any] = await tx.fetch_value(queries.WATCH, {"job_id": job_id})
    return answer


async def list_notifications(tx: Transaction, limit: int, offset: int) -> tuple[list[Notification], int]:
    """(what ended or went offline in the last 30 days, the newest first; how many, counted up to 1,100 of a kind).

    Needs events.read.
    """
    rows = await tx.fetch_all(queries.LIST_NOTIFICATIONS, {"limit": limit, "offset": offset})
    total = rows[0]["total"] if rows else 0
    return [Notification(**{name: row[name] for name in row if name != "total"}) for row in rows], total


async def read_notifications(tx: Transaction, seq: int | None) -> None:
    """Mark a notification as read by the calling user, or all; 404 NOTIFICATION_NOT_FOUND. Needs events.read."""
    await tx.execute(queries.READ_NOTIFICATIONS, {"seq": seq})
