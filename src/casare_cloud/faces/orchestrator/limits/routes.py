"""Limits of what robots run at once: of the tenant, of a workflow, of a concurrency key. Not of the documents."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from casare_cloud.domain.limits import service
from casare_cloud.domain.limits.model import Scope
from casare_cloud.faces.kit.paging import Page, page
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.limits.shapes import LimitAnswer, LimitBody, LimitList
from casare_cloud.faces.orchestrator.refusals import refusals

router = APIRouter(prefix="/limits", tags=["limits"], route_class=Route)


@router.get("", responses=refusals())
async def list_limits(tx: Tx, page: Annotated[Page, page(100, 1000)]) -> LimitList:
    """List the limits that were set. Needs settings.read."""
    found = await service.list_page(tx, page.limit, page.offset)
    return LimitList(limits=[LimitAnswer.model_validate(item) for item in found], limit=page.limit, offset=page.offset)


@router.put("", responses=refusals(404))
async def put_limit(body: LimitBody, tx: Tx) -> LimitAnswer:
    """Set how many jobs may run at once, also for those that wait or run already. Needs settings.write."""
    made = await service.put(
        tx, body.scope, body.workflow_id, body.concurrency_key, body.max_running, body.on_collision
    )
    return LimitAnswer.model_validate(made)


@router.delete("", responses=refusals(404))
async def delete_limit(
    tx: Tx,
    scope: Scope,
    workflow_id: UUID | None = None,
    concurrency_key: Annotated[str | None, Query(min_length=1, max_length=255)] = None,
) -> LimitAnswer:
    """Remove a limit; jobs that it held back may run at once. Needs settings.write."""
    return LimitAnswer.model_validate(await service.remove(tx, scope, workflow_id, concurrency_key))
