"""Telling robots what to do (api-decisions#robot-commands).

The cloud obeys at once; the robot is told by push and heartbeat.
"""

from fastapi import APIRouter

from casare_cloud.domain.robots import service
from casare_cloud.domain.robots.model import RobotCommand
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.fields import RobotId
from casare_cloud.faces.orchestrator.refusals import refusals
from casare_cloud.faces.orchestrator.robots.shapes import CommandAnswer, CommandBody, RobotAnswer

router = APIRouter(route_class=Route)


async def _tell(tx: Tx, robot_id: str, command: RobotCommand, body: CommandBody | None) -> CommandAnswer:
    command_id, robot = await service.command(tx, robot_id, command, body.reason if body else None)
    return CommandAnswer(command_id=command_id, **dict(RobotAnswer.of(robot)))


@router.post("/{robot_id}/pause", responses=refusals(404))
async def pause_robot(robot_id: RobotId, tx: Tx, body: CommandBody | None = None) -> CommandAnswer:
    """No new jobs for a robot until it is resumed; it finishes the jobs that it holds.

    Needs robots.control.
    """
    return await _tell(tx, robot_id, "pause", body)


@router.post("/{robot_id}/resume", responses=refusals(404))
async def resume_robot(robot_id: RobotId, tx: Tx, body: CommandBody | None = None) -> CommandAnswer:
    """Let a robot work that was paused, drained, disabled or in maintenance. A quarantine is ended by `release`.

    Needs robots.control.
    """
    return await _tell(tx, robot_id, "resume", body)


@router.post("/{robot_id}/drain", responses=refusals(404))
async def drain_robot(robot_id: RobotId, tx: Tx, body: CommandBody | None = None) -> CommandAnswer:
    """No new jobs for a robot until it is resumed; it finishes its jobs, however long that takes, and stays, idle.

    `shutdown` ends its program.

    Needs robots.control.
    """
    return await _tell(tx, robot_id, "drain", body)


@router.post("/{robot_id}/status-request", responses=refusals(404))
async def request_robot_status(robot_id: RobotId, tx: Tx, body: CommandBody | None = None) -> CommandAnswer:
    """Ask a robot for its status. It answers with what it measures, and acknowledges the request.

    Needs robots.control.
    """
    return await _tell(tx, robot_id, "status_request", body)


@router.post("/{robot_id}/shutdown", responses=refusals(404))
async def shutdown_robot(robot_id: RobotId, tx: Tx, body: CommandBody | None = None) -> CommandAnswer:
    """Make a robot's program end, also of one that drains: running jobs have a moment to finish, then they go back.

    Needs robots.control.
    """
    return await _tell(tx, robot_id, "shutdown", body)


@router.post("/{robot_id}/quarantine", responses=refusals(404, 409))
async def quarantine_robot(robot_id: RobotId, tx: Tx, body: CommandBody | None = None) -> CommandAnswer:
    """Take a robot out of work until it is released. 409 ROBOT_QUARANTINED when it is there already.

    Needs robots.control.
    """
    return await _tell(tx, robot_id, "quarantine", body)


@router.post("/{robot_id}/release", responses=refusals(404))
async def release_robot(robot_id: RobotId, tx: Tx, body: CommandBody | None = None) -> CommandAnswer:
    """End a robot's quarantine; its failures are counted anew.

    Needs robots.control.
    """
    return await _tell(tx, robot_id, "release", body)
