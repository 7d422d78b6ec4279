"""What happened in the tenant, in a sequence that a client can resume from (api-decisions#events)."""

from fastapi import APIRouter

from casare_cloud.domain.events import service
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.events.shapes import EventCursor, EventList, EventPage
from casare_cloud.faces.orchestrator.refusals import refusals

router = APIRouter(prefix="/events", tags=["events"], route_class=Route)


@router.get("", responses=refusals())
async def list_events(tx: Tx, page: EventPage) -> EventList:
    """The tenant's events after a number; resuming with `next` misses and repeats nothing. Needs events.read."""
    return EventList.of(await service.list_after(tx, page.after, page.limit), page.after)


@router.get("/cursor", responses=refusals())
async def get_event_cursor(tx: Tx) -> EventCursor:
    """Where the events end: sent as `after`, it shows what happens from now on. Needs events.read."""
    return EventCursor(next=await service.get_cursor(tx))
