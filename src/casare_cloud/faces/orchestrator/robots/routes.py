"""Robots: the fleet, and what robots say of themselves (document 002, "Robot Endpoints"; api-decisions#robots).

A robot is named by its external id (`robot-prod-001`) or by its UUID.
"""

from typing import Annotated

from fastapi import APIRouter, Query

from casare_cloud.domain.jobs.model import LogLevel
from casare_cloud.domain.robots import service
from casare_cloud.domain.robots.model import Heartbeat
from casare_cloud.faces.kit.fields import Moment
from casare_cloud.faces.kit.idempotency import shown_once
from casare_cloud.faces.kit.paging import Page, page
from casare_cloud.faces.kit.routing import CurrentCall, Route, Tx
from casare_cloud.faces.orchestrator.casare import robot_routes as casare_robots
from casare_cloud.faces.orchestrator.explanations.shapes import RobotExplanation
from casare_cloud.faces.orchestrator.fields import Environment, RobotId
from casare_cloud.faces.orchestrator.refusals import idempotent, refusals
from casare_cloud.faces.orchestrator.robots import commands as robot_commands
from casare_cloud.faces.orchestrator.robots.shapes import (
    HeartbeatAnswer,
    HeartbeatBody,
    RegisterRobotBody,
    RobotAnswer,
    RobotDeleted,
    RobotList,
    RobotLogLine,
    RobotLogList,
    RobotPoolBody,
    RobotStatusBody,
    TokenAnswer,
    ToldCommand,
    ToldCommands,
    UpdateRobotBody,
)
from casare_cloud.faces.orchestrator.robots.words import RobotFilterWord, filter_of, with_word

router = APIRouter(prefix="/robots", tags=["robots"], route_class=Route)


@router.post("/register", **idempotent())
async def register_robot(body: RegisterRobotBody, tx: Tx) -> RobotAnswer:
    """Make the robot with this id, or update it.

    Unknown fields are ignored, and named in `warnings`.

    A key that belongs to no robot yet is bound by its first registration; after that it works for that robot only.
    Jobs that the robot holds and a new process of it does not name in `held_leases` go back to the queue at once,
    uncounted, and `warnings` tell that another process of the robot was alive. 409 ROBOT_ID_TAKEN: another live key has
    this robot. For robot keys, and callers with robots.write.
    """
    return RobotAnswer.of(await service.register(tx, body.registration()), body.warnings())


@router.get("", responses=refusals())
async def list_robots(
    tx: Tx,
    page: Annotated[Page, page(100, 500)],
    status: Annotated[RobotFilterWord | None, Query(description="`online`: not offline.")] = None,
    environment: Annotated[Environment | None, Query()] = None,
) -> RobotList:
    """List the robots by their ids. Needs robots.read."""
    items, total = await service.list_page(tx, filter_of(status, environment), page.limit, page.offset)
    robots = [RobotAnswer.of(item) for item in items]
    return RobotList(robots=robots, **page.facts(total))


@router.get("/{robot_id}", responses=refusals(404))
async def get_robot(robot_id: RobotId, tx: Tx) -> RobotAnswer:
    """A robot, and the jobs that it holds. Needs robots.read; a robot sees itself."""
    return RobotAnswer.of(await service.get(tx, robot_id))


@router.get("/{robot_id}/explain", responses=refusals(404))
async def explain_robot(robot_id: RobotId, tx: Tx) -> RobotExplanation:
    """Why a robot gets nothing, or what it gets: the first clause of the claim that fails. Needs robots.read."""
    return RobotExplanation.model_validate(with_word(await service.explain(tx, robot_id), "state"))


@router.get("/{robot_id}/commands", responses=refusals(404))
async def list_robot_commands(
    robot_id: RobotId, tx: Tx, limit: Annotated[int, Query(ge=1, le=200)] = 20
) -> ToldCommands:
    """What a robot was told, the newest first, and when it said that it knows.

    Needs robots.read; a robot sees its own.
    """
    told = await service.list_commands(tx, robot_id, limit)
    return ToldCommands(commands=[ToldCommand.model_validate(command) for command in told])


@router.get("/{robot_id}/logs", responses=refusals(404))
async def list_robot_logs(
    robot_id: RobotId,
    tx: Tx,
    page: Annotated[Page, page(100, 1000)],
    level: Annotated[LogLevel | None, Query()] = None,
    since: Annotated[Moment | None, Query(description="Only lines after this time.")] = None,
) -> RobotLogList:
    """What a robot logged of itself, and not of a job, the newest line first. Needs robots.read and logs.read."""
    items, total, is_capped = await service.list_logs(tx, robot_id, level, since, page.limit, page.offset)
    lines = [RobotLogLine.model_validate(item) for item in items]
    return RobotLogList(logs=lines, total_is_capped=is_capped, **page.facts(total))


@router.put("/{robot_id}", responses=refusals(404))
async def update_robot(robot_id: RobotId, body: UpdateRobotBody, tx: Tx) -> RobotAnswer:
    """Change what is sent, leave the rest. Unknown fields are refused. Needs robots.write."""
    return RobotAnswer.of(await service.update(tx, robot_id, body.changes()))


@router.put("/{robot_id}/status", responses=refusals(404))
async def set_robot_status(robot_id: RobotId, body: RobotStatusBody, tx: Tx) -> RobotAnswer:
    """Say what state a robot is in: `offline` signs it off, `maintenance`, `paused` and `error` say so, the others
    bring it back.

    `status` in the answer is derived from what is known, so a robot that holds jobs is busy whatever it says. Unknown
    fields are refused. For the robot itself, and callers with robots.control.
    """
    return RobotAnswer.of(await service.set_status(tx, robot_id, body.status, body.session_id))


@router.put("/{robot_id}/pool", responses=refusals(404))
async def set_robot_pool(robot_id: RobotId, body: RobotPoolBody, tx: Tx) -> RobotAnswer:
    """Put a robot in an own pool, whose members' jobs it then runs too, or take it out. Needs robots.write."""
    return RobotAnswer.of(await service.set_pool(tx, robot_id, body.pool))


@router.delete("/{robot_id}", responses=refusals(404))
async def delete_robot(robot_id: RobotId, tx: Tx) -> RobotDeleted:
    """Take a robot out of the fleet: its keys end at once, its jobs go to others. Needs robots.write."""
    return RobotDeleted(deleted=True, robot_id=await service.delete(tx, robot_id))


@router.post("/{robot_id}/heartbeat", responses=refusals(404))
async def record_heartbeat(robot_id: RobotId, tx: Tx, body: HeartbeatBody | None = None) -> HeartbeatAnswer:
    """Say that a robot is alive, with what it measured. For the robot itself, and callers with robots.control."""
    return HeartbeatAnswer.of(await service.heartbeat(tx, robot_id, body.said() if body else Heartbeat()))


@router.post("/{robot_id}/token", responses=refusals())
@shown_once("access_token")
async def create_robot_token(robot_id: RobotId, call: CurrentCall, tx: Tx) -> TokenAnswer:
    """A short token with which the robot uses Data API and Realtime itself (direct mode).

    Only for the robot's own key: any other robot's id is 403, whether there is such a robot or not.
    """
    access = await service.open_direct_access(tx, call.services.settings, call.actor, robot_id)
    return TokenAnswer.model_validate(access)


router.include_router(robot_commands.router)
router.include_router(casare_robots.router)
