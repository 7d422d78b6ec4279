"""How a tenant's workflows share its robots. Not of the documents."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from casare_cloud.domain.shares import service
from casare_cloud.faces.kit.paging import Page, page
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.refusals import refusals
from casare_cloud.faces.orchestrator.shares.shapes import ShareAnswer, ShareBody, ShareList

router = APIRouter(prefix="/shares", tags=["shares"], route_class=Route)


@router.get("", responses=refusals())
async def list_shares(tx: Tx, page: Annotated[Page, page(100, 1000)]) -> ShareList:
    """List what the workflows have had of the robots lately, and their weights. Needs settings.read."""
    found = await service.list_page(tx, page.limit, page.offset)
    return ShareList(shares=[ShareAnswer.model_validate(item) for item in found], limit=page.limit, offset=page.offset)


@router.put("/{workflow_id}", responses=refusals(404))
async def put_share(workflow_id: UUID, body: ShareBody, tx: Tx) -> ShareAnswer:
    """Set the weight of a workflow; it counts when the tenant's settings turn fair share on. Needs settings.write."""
    return ShareAnswer.model_validate(await service.put(tx, workflow_id, body.weight))
