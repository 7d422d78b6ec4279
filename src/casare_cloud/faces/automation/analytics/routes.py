"""Figures of executions and workflows, read from counts: their cost does not grow with the history."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from casare_cloud.domain.metrics import service
from casare_cloud.domain.metrics.model import TimelineInterval
from casare_cloud.faces.automation.analytics.shapes import (
    AnalyticsOverview,
    ExecutionTimeline,
    Performance,
    ReportTable,
    WorkflowFigures,
    rate_of,
)
from casare_cloud.faces.automation.export.files import FILE, Format, attachment, executions_since
from casare_cloud.faces.automation.refusals import refusals
from casare_cloud.faces.kit.refusals import Responses
from casare_cloud.faces.kit.routing import CurrentCall, Route, Tx

router = APIRouter(prefix="/analytics", tags=["analytics"], route_class=Route)
Days = Annotated[int, Query(ge=1, le=90)]
LongDays = Annotated[int, Query(ge=1, le=365)]
_SUMMARY = ("date", "total", "completed", "failed", "running", "avg_duration_ms", "success_rate")


@router.get("/overview", responses=refusals())
async def get_overview(tx: Tx, days: Days = 7) -> AnalyticsOverview:
    """How the executions that ended in the last days did. Needs analytics.read."""
    return AnalyticsOverview.of((await service.get_analytics(tx, days)).outcomes, days)


@router.get("/executions/timeline", responses=refusals())
async def get_timeline(tx: Tx, days: Days = 7, interval: TimelineInterval = "day") -> ExecutionTimeline:
    """How many executions ended in each hour, day or week of UTC. Needs analytics.read."""
    return ExecutionTimeline.of(await service.get_timeline(tx, days, interval), interval, days)


@router.get("/workflows/performance", responses=refusals())
async def get_performance(tx: Tx, days: Days = 7, limit: Annotated[int, Query(ge=1, le=50)] = 10) -> Performance:
    """The workflows whose executions ended most often in the last days. Needs analytics.read."""
    found = [item for item in await service.get_performance(tx, days, limit) if item.outcomes.total]
    return Performance(period_days=days, limit=limit, workflows=[WorkflowFigures.of(item) for item in found])


_OR_CSV: Responses = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


@router.get("/export/summary", response_model=ReportTable, responses={**_OR_CSV, **refusals()})
async def export_summary(tx: Tx, days: LongDays = 30, format: Format = "json") -> ReportTable | Response:
    """How the executions of each day ended, as JSON or as a CSV file. Needs analytics.read."""
    rows = [
        {
            "date": period.starts_at.date().isoformat(),
            "total": period.outcomes.total,
            "completed": period.outcomes.completed,
            "failed": period.outcomes.unsuccessful,
            "running": 0,  # what has ended runs no more
            "avg_duration_ms": period.outcomes.average_duration_ms,
            "success_rate": rate_of(period.outcomes),
        }
        for period in await service.get_timeline(tx, days, "day")
    ]
    if format == "json":
        return ReportTable(columns=list(_SUMMARY), rows=rows, total=len(rows), period_days=days)
    return attachment("summary", "csv", _SUMMARY, rows)


@router.get("/export/executions", response_class=Response, responses={200: FILE, **refusals()})
async def export_executions(call: CurrentCall, tx: Tx, days: LongDays = 30, format: Format = "json") -> Response:
    """The executions of the last days, at most 50,000, as JSON (`columns`, `rows`, `total`) or CSV. Needs
    executions.read."""
    return await executions_since(call, tx, days, format)
