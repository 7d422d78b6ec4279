"""Many workflows or executions at once (document 004): each is done by itself, and what cannot be done is named."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import AliasChoices, Field

from casare_cloud.domain.jobs import batches
from casare_cloud.domain.permissions import require
from casare_cloud.domain.workflows import service as workflows
from casare_cloud.domain.workflows.backup import store_of
from casare_cloud.errors import ApiError
from casare_cloud.faces.automation.bulk import examples
from casare_cloud.faces.automation.refusals import refusals
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.routing import Call, CurrentCall, Route, Tx
from casare_cloud.faces.kit.shapes import Answer, Body

router = APIRouter(prefix="/bulk", tags=["bulk"], route_class=Route)


class IdsBody(Body):
    """1 to 100 ids."""

    model_config = showing(examples.IDS)

    ids: Annotated[
        list[UUID],
        Field(min_length=1, max_length=100, validation_alias=AliasChoices("ids", "workflow_ids", "execution_ids")),
    ]


class FailedItem(Answer):
    """One that nothing was done to, and why."""

    model_config = showing(examples.FAILED)

    id: UUID
    error: str


class BulkAnswer(Answer):
    """How many were done, and those that were not."""

    model_config = showing(examples.DONE)

    success: int
    failed: int
    errors: list[FailedItem]

    @classmethod
    def of(cls, ids: list[UUID], errors: list[FailedItem]) -> "BulkAnswer":
        """The answer to so many ids."""
        return cls(success=len(ids) - len(errors), failed=len(errors), errors=errors)


async def _each(body: IdsBody, do: Callable[[UUID], Awaitable[object]]) -> BulkAnswer:
    """Each in a transaction of its own; a refusal that another try would not meet fails that one only."""
    ids = list(dict.fromkeys(body.ids))
    errors = []
    for item in ids:
        try:
            await do(item)
        except ApiError as error:
            if error.status not in (400, 404, 409):
                raise
            errors.append(FailedItem(id=item, error="Not found" if error.status == 404 else error.message))
    return BulkAnswer.of(ids, errors)


async def _set_state(call: Call, body: IdsBody, status: str, *, is_enabled: bool) -> BulkAnswer:
    await require(call.tx, "workflows.write")
    await call.tx.commit()

    async def change(workflow_id: UUID) -> None:
        async with call.transaction() as tx:
            await workflows.update(tx, workflow_id, {"status": status, "is_enabled": is_enabled})

    return await _each(body, change)


@router.post("/workflows/publish", responses=refusals())
async def publish_workflows(body: IdsBody, call: CurrentCall) -> BulkAnswer:
    """Publish and enable many workflows. Needs workflows.write."""
    return await _set_state(call, body, "published", is_enabled=True)


@router.post("/workflows/archive", responses=refusals())
async def archive_workflows(body: IdsBody, call: CurrentCall) -> BulkAnswer:
    """Archive and disable many workflows. Needs workflows.write."""
    return await _set_state(call, body, "archived", is_enabled=False)


@router.post("/workflows/delete", responses=refusals())
async def delete_workflows(body: IdsBody, call: CurrentCall) -> BulkAnswer:
    """Delete many workflows. Needs workflows.delete."""
    await require(call.tx, "workflows.delete")
    await call.tx.commit()

    async def remove(workflow_id: UUID) -> None:
        async with call.transaction() as tx:
            await workflows.delete(tx, call.transaction, store_of(call.services.settings), workflow_id)

    return await _each(body, remove)


@router.post("/executions/cancel", responses=refusals())
async def cancel_executions(body: IdsBody, tx: Tx) -> BulkAnswer:
    """Cancel many executions, as far as they are pending or running. Needs executions.cancel."""
    ids = list(dict.fromkeys(body.ids))
    rows = await batches.cancel_many(tx, ids, None)
    errors = [
        FailedItem(id=row["job_id"], error="Not found or not cancellable")
        for row in rows
        if not (row["cancelled"] or row["cancel_requested"])
    ]
    return BulkAnswer.of(ids, errors)


@router.post("/executions/retry", responses=refusals())
async def retry_executions(body: IdsBody, tx: Tx) -> BulkAnswer:
    """Run many executions again, as far as they failed or were cancelled. Needs executions.retry."""
    ids = list(dict.fromkeys(body.ids))
    rows = await batches.retry_many(tx, ids)
    errors = [
        FailedItem(id=row["job_id"], error="Not found or not retryable") for row in rows if row["new_job_id"] is None
    ]
    return BulkAnswer.of(ids, errors)
