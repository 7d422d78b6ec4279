"""Paths that CasareRPA's controller of robots calls."""

from typing import Annotated

from fastapi import APIRouter, Query

from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.metrics import service as metrics
from casare_cloud.domain.robots import service as robots
from casare_cloud.faces.kit.fields import Moment
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.casare.shapes import RobotLogLine, RobotLogs, StopBody
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


@router.get("/{robot_id}/logs", responses=refusals(404))
async def list_robot_logs(
    robot_id: RobotId,
    tx: Tx,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    since: Annotated[Moment | None, Query(description="Only lines after this time.")] = None,
) -> RobotLogs:
    """What a robot logged while it ran its newest 20 jobs, the newest line first. Needs robots.read and jobs.read."""
    robot = await robots.get(tx, robot_id)
    lines = await jobs.list_robot_logs(tx, robot.robot_id, since, limit)
    return RobotLogs(logs=[RobotLogLine.model_validate(line) for line in lines])


@router.get("/{robot_id}/metrics", responses=refusals(404))
async def get_metrics_of_robot(robot_id: RobotId, tx: Tx) -> RobotMetricsDetail:
    """As `GET /metrics/robots/{robot_id}`. Needs robots.read and analytics.read, but for a robot itself."""
    return RobotMetricsDetail.with_today(await metrics.get_robot(tx, robot_id))
