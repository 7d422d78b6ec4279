"""What is behind the card of a workflow in the web client."""

from uuid import UUID

from fastapi import APIRouter

from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.jobs.model import Filter as JobFilter
from casare_cloud.domain.schedules import service as schedules
from casare_cloud.domain.schedules.model import Filter as ScheduleFilter
from casare_cloud.domain.workflows import service as workflows
from casare_cloud.errors import ApiError, NotFound
from casare_cloud.faces.automation.fields import WorkflowId
from casare_cloud.faces.automation.refusals import refusals
from casare_cloud.faces.automation.storage.shapes import (
    ExecutionFacts,
    Results,
    ScheduleFacts,
    WorkflowDetail,
    WorkflowFacts,
)
from casare_cloud.faces.kit.routing import Route, Tx

router = APIRouter(prefix="/storage", tags=["storage"], route_class=Route)


@router.get("/workflows/{workflow_id}/detail", responses=refusals(404))
async def get_detail(workflow_id: WorkflowId, tx: Tx) -> WorkflowDetail:
    """A workflow, its newest execution, its schedules and the table in its newest result.

    `total_executions` counts at most 10,000. Needs workflows.read, executions.read and schedules.read.
    """
    workflow = await workflows.get(tx, workflow_id)
    newest, total, _ = await jobs.list_page(tx, JobFilter(workflow_id=workflow_id), 1, 0)
    found = await schedules.list_some(tx, ScheduleFilter(workflow_id=workflow_id), 100, 0)
    return WorkflowDetail(
        workflow=WorkflowFacts.of(workflow),
        latest_execution=ExecutionFacts.of(newest[0]) if newest else None,
        total_executions=total,
        schedules=[ScheduleFacts.of(schedule) for schedule in found],
        results_summary=await _newest_results(tx, workflow_id),
    )


@router.get("/workflows/{workflow_id}/latest-results/download", status_code=501, responses=refusals(404, 501))
async def download_results(workflow_id: WorkflowId, tx: Tx) -> None:
    """404 without a table of results; a workbook of one comes later (501). Needs workflows.read and executions.read."""
    await workflows.get(tx, workflow_id)
    if await _newest_results(tx, workflow_id) is None:
        raise NotFound("RESULTS_NOT_FOUND", "The workflow has no results.")
    raise ApiError(501, "COMES_LATER", "Workbooks of results come later; the execution's data has them all.")


async def _newest_results(tx: Tx, workflow_id: UUID) -> Results | None:
    """Of the newest execution that completed."""
    completed, _, _ = await jobs.list_page(tx, JobFilter(statuses=["completed"], workflow_id=workflow_id), 1, 0)
    return Results.of(await jobs.get(tx, completed[0].job_id)) if completed else None
