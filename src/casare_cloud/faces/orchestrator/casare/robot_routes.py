"""Paths that CasareRPA's controller of robots calls."""

from fastapi import APIRouter

from casare_cloud.domain.metrics import service as metrics
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.casare.shapes import StopBody
from casare_cloud.faces.orchestrator.fields import RobotId
from casare_cloud.faces.orchestrator.metrics.shapes import RobotMetricsDetail
from casare_cloud.faces.orchestrator.refusals import refusals
from casare_cloud.faces.orchestrator.robots.commands import resume_robot, shutdown_robot
from casare_cloud.faces.orchestrator.robots.shapes import CommandAnswer

router = APIRouter(route_class=Route)


@router.post("/{robot_id}/start", responses=refusals(404))
async def start_robot(robot_id: RobotId, tx: Tx) -> CommandAnswer:
    """As `resume`: let a robot work. No program is started from here. Needs robots.control."""
    return await resume_robot(robot_id, tx)


@router.post("/{robot_id}/stop", responses=refusals(404))
async def stop_robot(robot_id: RobotId, tx: Tx, body: StopBody | None = None) -> CommandAnswer:
    """As `shutdown`: a robot's program ends; its jobs have a moment to finish, then they go back.

    Needs robots.control.
    """
    return await shutdown_robot(robot_id, tx)


@router.post("/{robot_id}/restart", responses=refusals(404))
async def restart_robot(robot_id: RobotId, tx: Tx) -> CommandAnswer:
    """As `shutdown`: what keeps the robot's program running on its machine (its service) starts it again.

    Needs robots.control.
    """
    return await shutdown_robot(robot_id, tx)


@router.get("/{robot_id}/metrics", responses=refusals(404))
async def get_metrics_of_robot(robot_id: RobotId, tx: Tx) -> RobotMetricsDetail:
    """As `GET /metrics/robots/{robot_id}`. Needs robots.read and analytics.read, but for a robot itself."""
    return RobotMetricsDetail.with_today(await metrics.get_robot(tx, robot_id))
