"""What a user wants to be told of: read from the events, until notifications are sent."""

from typing import Annotated

from fastapi import APIRouter, Path

from casare_cloud.domain.events import service
from casare_cloud.faces.automation.later.routes import router_of
from casare_cloud.faces.automation.notifications.shapes import NotificationAnswer, NotificationList, Read
from casare_cloud.faces.automation.refusals import refusals
from casare_cloud.faces.kit.paging import NumberedPage, numbered_page
from casare_cloud.faces.kit.routing import Route, Tx

router = APIRouter(tags=["notifications"], route_class=Route)
router.include_router(router_of("notifications"))
NotificationId = Annotated[int, Path(ge=1, le=2**63 - 1, description="The id of the notification.")]


@router.get("/notifications", responses=refusals())
async def list_notifications(tx: Tx, page: Annotated[NumberedPage, numbered_page()]) -> NotificationList:
    """List executions that ended and agents that disconnected, the newest first, to 1,000 back. Needs events.read."""
    found, total = await service.list_notifications(tx, page.limit, min(page.offset, 1000))
    return NotificationList(notifications=[NotificationAnswer.of(item) for item in found], total=total)


@router.put("/notifications/read-all", responses=refusals())
async def read_all(tx: Tx) -> Read:
    """Mark all notifications as read by you. Needs events.read."""
    await service.read_notifications(tx, None)
    return Read(success=True)


@router.put("/notifications/{notification_id}/read", responses=refusals(404))
async def read_one(notification_id: NotificationId, tx: Tx) -> Read:
    """Mark a notification as read by you; idempotent. Needs events.read."""
    await service.read_notifications(tx, notification_id)
    return Read(success=True)
