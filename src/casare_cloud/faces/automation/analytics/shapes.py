"""Shapes of figures, with an example of each. Rates are percentages of all that ended, 0.0 when none did."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.metrics.model import Outcomes, Period, TimelineInterval, WorkflowPerformance
from casare_cloud.faces.automation.examples import NOW, WORKFLOW_ID
from casare_cloud.faces.kit.examples import Example, showing
from casare_cloud.faces.kit.shapes import Answer, Time

_OVERVIEW: Example = {
    "total_executions": 20,
    "successful_executions": 18,
    "failed_executions": 1,
    "average_duration_ms": 5120,
    "success_rate": 90.0,
    "period_days": 7,
}
_POINT: Example = {"timestamp": NOW, "count": 3, "completed": 2, "failed": 1}
_WORKFLOW: Example = {
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "Invoices",
    "execution_count": 20,
    "success_count": 18,
    "failure_count": 1,
    "average_duration_ms": 5120,
    "success_rate": 90.0,
    "last_execution": NOW,
}


def rate_of(outcomes: Outcomes) -> float:
    """Percent of all that ended."""
    return round(100 * outcomes.completed / outcomes.total, 2) if outcomes.total else 0.0


class AnalyticsOverview(Answer):
    """How the executions of the period ended; a cancelled one is neither successful nor failed."""

    model_config = showing(_OVERVIEW)

    total_executions: int
    successful_executions: int
    failed_executions: int
    average_duration_ms: int
    success_rate: float
    period_days: int

    @classmethod
    def of(cls, outcomes: Outcomes, days: int) -> "AnalyticsOverview":
        """Outcomes as the service gives them."""
        return cls(
            total_executions=outcomes.total,
            successful_executions=outcomes.completed,
            failed_executions=outcomes.unsuccessful,
            average_duration_ms=outcomes.average_duration_ms,
            success_rate=rate_of(outcomes),
            period_days=days,
        )


class TimelinePoint(Answer):
    """How many executions ended in an hour, a day or a week of UTC that begins then."""

    model_config = showing(_POINT)

    timestamp: Time
    count: int
    completed: int
    failed: int


class ExecutionTimeline(Answer):
    """Executions by hour, day or week; quiet ones as well."""

    model_config = showing({"interval": "day", "period_days": 7, "timeline": [_POINT]})

    interval: TimelineInterval
    period_days: int
    timeline: list[TimelinePoint]

    @classmethod
    def of(cls, periods: list[Period], interval: TimelineInterval, days: int) -> "ExecutionTimeline":
        """Periods as the service gives them."""
        points = [
            TimelinePoint(
                timestamp=period.starts_at,
                count=period.outcomes.total,
                completed=period.outcomes.completed,
                failed=period.outcomes.unsuccessful,
            )
            for period in periods
        ]
        return cls(interval=interval, period_days=days, timeline=points)


class WorkflowFigures(Answer):
    """How the executions of a workflow ended."""

    model_config = showing(_WORKFLOW)

    workflow_id: UUID
    workflow_name: str
    execution_count: int
    success_count: int
    failure_count: int
    average_duration_ms: int
    success_rate: float
    last_execution: Annotated[Time | None, Field(description="The hour in which the last one ended.")]

    @classmethod
    def of(cls, found: WorkflowPerformance) -> "WorkflowFigures":
        """Figures as the service gives them."""
        return cls(
            workflow_id=found.workflow_id,
            workflow_name=found.workflow_name,
            execution_count=found.outcomes.total,
            success_count=found.outcomes.completed,
            failure_count=found.outcomes.unsuccessful,
            average_duration_ms=found.outcomes.average_duration_ms,
            success_rate=rate_of(found.outcomes),
            last_execution=found.last_hour,
        )


class Performance(Answer):
    """The workflows whose executions ended most often."""

    model_config = showing({"period_days": 7, "limit": 10, "workflows": [_WORKFLOW]})

    period_days: int
    limit: int
    workflows: list[WorkflowFigures]


class ReportTable(Answer):
    """Rows for a report."""

    model_config = showing(
        {
            "columns": ["date", "total"],
            "rows": [{"date": "2025-12-01", "total": 3}],
            "total": 1,
            "period_days": 30,
        }
    )

    columns: list[str]
    rows: list[dict[str, Any]]
    total: int
    period_days: int
