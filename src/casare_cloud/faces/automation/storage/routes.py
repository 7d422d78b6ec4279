"""What is behind the card of a workflow in the web client."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Response

from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.jobs.model import Filter as JobFilter
from casare_cloud.domain.jobs.model import Job
from casare_cloud.domain.schedules import service as schedules
from casare_cloud.domain.schedules.model import Filter as ScheduleFilter
from casare_cloud.domain.workflows import service as workflows
from casare_cloud.errors import InvalidArgument, NotFound
from casare_cloud.faces.automation.fields import WorkflowId
from casare_cloud.faces.automation.refusals import refusals
from casare_cloud.faces.automation.storage.shapes import (
    ExecutionFacts,
    Results,
    ScheduleFacts,
    WorkflowDetail,
    WorkflowFacts,
    columns_of,
    table_in,
)
from casare_cloud.faces.automation.storage.workbook import MEDIA_TYPE, MOST_CELLS, MOST_COLUMNS, MOST_ROWS, workbook_of
from casare_cloud.faces.kit.refusals import Responses
from casare_cloud.faces.kit.routing import Route, Tx

router = APIRouter(prefix="/storage", tags=["storage"], route_class=Route)


@router.get("/workflows/{workflow_id}/detail", responses=refusals(404))
async def get_detail(workflow_id: WorkflowId, tx: Tx) -> WorkflowDetail:
    """A workflow, its newest execution, its schedules and the table in its newest result.

    `total_executions` counts at most 10,000. Needs workflows.read, executions.read and schedules.read.
    """
    workflow = await workflows.get(tx, workflow_id)
    newest, total, _ = await jobs.list_page(tx, JobFilter(workflow_id=workflow_id), 1, 0)
    completed = await _newest_completed(tx, workflow_id)
    found = await schedules.list_some(tx, ScheduleFilter(workflow_id=workflow_id), 100, 0)
    return WorkflowDetail(
        workflow=WorkflowFacts.of(workflow),
        latest_execution=ExecutionFacts.of(newest[0]) if newest else None,
        total_executions=total,
        schedules=[ScheduleFacts.of(schedule) for schedule in found],
        results_summary=None if completed is None else Results.of(completed),
    )


_WORKBOOK: Responses = {
    200: {
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        "description": "The workbook.",
    }
}


@router.get(
    "/workflows/{workflow_id}/latest-results/download",
    response_class=Response,
    responses={**_WORKBOOK, **refusals(400, 404)},
)
async def download_results(workflow_id: WorkflowId, tx: Tx) -> Response:
    """The table in the newest result as a workbook (xlsx); 404 RESULTS_NOT_FOUND, 400 RESULTS_TOO_LARGE.

    Needs workflows.read and executions.read.
    """
    workflow = await workflows.get(tx, workflow_id)
    newest = await _newest_completed(tx, workflow_id)
    rows = None if newest is None else table_in(newest.result)
    if rows is None:
        raise NotFound("RESULTS_NOT_FOUND", "The workflow has no results.")
    columns = columns_of(rows)
    if len(rows) >= MOST_ROWS or len(columns) > MOST_COLUMNS or len(rows) * len(columns) > MOST_CELLS:
        size = f"{len(rows):,} rows and {len(columns):,} columns"
        sentence = f"The table has {size}, more than a workbook is made for; the execution's data has them all."
        raise InvalidArgument(sentence, code="RESULTS_TOO_LARGE")
    await tx.commit()  # the connection is another's while the workbook is made
    content = await asyncio.to_thread(workbook_of, workflow.name, columns, rows)
    name = f"results_{datetime.now(UTC).strftime('%Y%m%d_%H%M%S')}.xlsx"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type=MEDIA_TYPE)


async def _newest_completed(tx: Tx, workflow_id: UUID) -> Job | None:
    """The newest execution that completed, with its result."""
    completed, _, _ = await jobs.list_page(tx, JobFilter(statuses=["completed"], workflow_id=workflow_id), 1, 0)
    return await jobs.get(tx, completed[0].job_id) if completed else None
