"""How a tenant's workflows share its robots. Not of the documents."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from casare_cloud.domain.shares import service
from casare_cloud.faces.kit.paging import Page, page
from casare_cloud.faces.kit.refusals import refusals
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.kit.shapes import Answer, Body
from casare_cloud.faces.orchestrator.examples import showing
from casare_cloud.faces.orchestrator.fields import Integer
from casare_cloud.faces.orchestrator.shares import examples

router = APIRouter(prefix="/shares", tags=["shares"], route_class=Route)


class ShareBody(Body):
    """The weight of a workflow. Closed."""

    model_config = showing(examples.SET_SHARE, extra="forbid")

    weight: Annotated[Integer, Field(ge=1, le=100, description="Twice the weight: twice the robot-seconds.")]


class ShareAnswer(Answer):
    """A workflow's part in the robots."""

    model_config = showing(examples.SHARE)

    workflow_id: UUID
    workflow_name: str
    weight: int
    load: Annotated[
        float, Field(description="Robot-seconds that it has had lately, over its weight: the least is next.")
    ]
    running: Annotated[int, Field(description="Jobs that robots hold now.")]


class ShareList(Answer):
    """A page of shares."""

    model_config = showing(examples.SHARES)

    shares: list[ShareAnswer]
    limit: int
    offset: int


@router.get("", responses=refusals())
async def list_shares(tx: Tx, page: Annotated[Page, page(100, 1000)]) -> ShareList:
    """List what the workflows have had of the robots lately, and their weights. Needs settings.read."""
    found = await service.list_page(tx, page.limit, page.offset)
    return ShareList(shares=[ShareAnswer.model_validate(item) for item in found], limit=page.limit, offset=page.offset)


@router.put("/{workflow_id}", responses=refusals(404))
async def put_share(workflow_id: UUID, body: ShareBody, tx: Tx) -> ShareAnswer:
    """Set the weight of a workflow; it counts when the tenant's settings turn fair share on. Needs settings.write."""
    return ShareAnswer.model_validate(await service.put(tx, workflow_id, body.weight))
