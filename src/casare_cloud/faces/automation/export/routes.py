"""Whole lists as files: at most 50,000 rows, written while they are read."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from casare_cloud.domain.audit import service as audit
from casare_cloud.domain.jobs.model import Filter
from casare_cloud.domain.metrics import service as metrics
from casare_cloud.domain.permissions import require
from casare_cloud.faces.automation import resource_words
from casare_cloud.faces.automation.analytics.shapes import rate_of
from casare_cloud.faces.automation.audit_logs.filters import Wanted
from casare_cloud.faces.automation.executions.words import states_of
from casare_cloud.faces.automation.export import files
from casare_cloud.faces.automation.export.files import Format
from casare_cloud.faces.automation.fields import Within
from casare_cloud.faces.automation.refusals import refusals
from casare_cloud.faces.kit.files import Row, iso
from casare_cloud.faces.kit.routing import CurrentCall, Route, Tx
from casare_cloud.faces.kit.state_words import ExecutionWord

router = APIRouter(prefix="/export", tags=["export"], route_class=Route)
Limit = Annotated[int, Query(ge=1, le=files.MOST_ROWS)]
_AUDIT_COLUMNS = {
    "id": "ID",
    "action": "Action",
    "resource_type": "Resource Type",
    "resource_id": "Resource ID",
    "user_id": "User ID",
    "user_email": "User Email",
    "ip_address": "IP Address",
    "created_at": "Created At",
}
_ANALYTICS_COLUMNS = {
    "workflow_id": "Workflow ID",
    "workflow_name": "Workflow Name",
    "workflow_status": "Status",
    "total_executions": "Total Executions",
    "completed": "Completed",
    "failed": "Failed",
    "running": "Running",
    "success_rate": "Success Rate %",
}
_MOST_WORKFLOWS = 10_000


@router.get("/executions", response_class=Response, responses={200: files.FILE, **refusals()})
async def export_executions(
    call: CurrentCall,
    tx: Tx,
    within: Within,
    format: Format = "csv",
    workflow_id: Annotated[UUID | None, Query()] = None,
    status: Annotated[ExecutionWord | Literal["success"] | None, Query()] = None,
    limit: Limit = 10_000,
) -> Response:
    """The newest executions that were made within the dates, as CSV or JSON. Needs executions.read."""
    await require(tx, "jobs.read")
    wanted = Filter(
        statuses=states_of(status), workflow_id=workflow_id, created_after=within.since, created_before=within.until
    )

    rows = files.executions(call, wanted, limit)
    return files.file_of("executions", format, files.EXECUTION_COLUMNS, rows, "executions")


@router.get("/audit-logs", response_class=Response, responses={200: files.FILE, **refusals()})
async def export_audit_logs(
    call: CurrentCall, tx: Tx, wanted: Wanted, format: Format = "csv", limit: Limit = 10_000
) -> Response:
    """The newest changes within the dates, as CSV or JSON. Needs audit.read."""
    await require(tx, "audit.read")

    async def rows() -> AsyncIterator[Row]:
        async for entry in audit.read_all(call.transaction, wanted, limit):
            yield {
                "id": str(entry.audit_id),
                "action": entry.action,
                "resource_type": resource_words.shown(entry.resource_type),
                "resource_id": entry.resource_id,
                "user_id": None if entry.actor_id is None else str(entry.actor_id),
                "user_email": entry.actor_email,
                "ip_address": entry.ip_address,
                "created_at": iso(entry.created_at),
            }

    return files.file_of("audit_logs", format, _AUDIT_COLUMNS, rows(), "audit_logs")


@router.get("/analytics", response_class=Response, responses={200: files.FILE, **refusals()})
async def export_analytics(
    tx: Tx, format: Format = "csv", period_days: Annotated[int, Query(ge=1, le=365)] = 30
) -> Response:
    """How the executions of each workflow ended, as CSV or JSON. Needs analytics.read and executions.read."""
    running = await metrics.count_running(tx)
    found = await metrics.get_performance(tx, period_days, _MOST_WORKFLOWS)

    async def rows() -> AsyncIterator[Row]:
        for item in found:
            yield {
                "workflow_id": str(item.workflow_id),
                "workflow_name": item.workflow_name,
                "workflow_status": item.workflow_status,
                "total_executions": item.outcomes.total + running.get(item.workflow_id, 0),
                "completed": item.outcomes.completed,
                "failed": item.outcomes.unsuccessful,
                "running": running.get(item.workflow_id, 0),
                "success_rate": rate_of(item.outcomes),
            }

    facts = {"total_workflows": len(found), "period_days": period_days}
    return files.file_of("analytics", format, _ANALYTICS_COLUMNS, rows(), "analytics", facts)
