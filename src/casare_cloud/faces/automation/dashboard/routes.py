"""The figures of the first page."""

from fastapi import APIRouter

from casare_cloud.domain.metrics import service
from casare_cloud.faces.automation.refusals import refusals
from casare_cloud.faces.kit.examples import Example, showing
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.kit.shapes import Answer

router = APIRouter(prefix="/dashboard", tags=["dashboard"], route_class=Route)
_STATS: Example = {
    "total_workflows": 12,
    "active_workflows": 9,
    "total_executions": 812,
    "running_executions": 1,
    "completed_executions": 790,
    "failed_executions": 9,
    "pending_executions": 2,
    "avg_duration_ms": 5120,
    "success_rate": 98.9,
    "agents_online": 2,
    "agents_total": 3,
    "schedules_active": 4,
}


class DashboardStats(Answer):
    """Figures of all the organization's life. `success_rate` is the percentage of those that completed or failed."""

    model_config = showing(_STATS)

    total_workflows: int
    active_workflows: int
    total_executions: int
    running_executions: int
    completed_executions: int
    failed_executions: int
    pending_executions: int
    avg_duration_ms: int
    success_rate: float
    agents_online: int
    agents_total: int
    schedules_active: int


@router.get("/stats", responses=refusals())
async def get_stats(tx: Tx) -> DashboardStats:
    """The figures of the first page. Needs analytics.read, workflows.read and schedules.read."""
    fleet, definitions = await service.get_fleet(tx), await service.count_definitions(tx)
    ended, waiting = fleet.ever.outcomes, fleet.queue_depth + fleet.scheduled_jobs
    judged = ended.completed + ended.unsuccessful
    return DashboardStats(
        total_workflows=definitions.workflows,
        active_workflows=definitions.active_workflows,
        total_executions=ended.total + fleet.active_jobs + waiting,
        running_executions=fleet.active_jobs,
        completed_executions=ended.completed,
        failed_executions=ended.unsuccessful,
        pending_executions=waiting,
        avg_duration_ms=ended.average_duration_ms,
        success_rate=round(100 * ended.completed / judged, 1) if judged else 100.0,
        agents_online=sum(robots for state, robots in fleet.robots.items() if state.is_online),
        agents_total=sum(fleet.robots.values()),
        schedules_active=definitions.active_schedules,
    )
