"""Robots: the fleet, and what robots say of themselves (document 002, "Robot Endpoints"; api-map §3).

A robot is named by its external id (`robot-prod-001`) or by its UUID.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from casare_cloud.domain.robots import service
from casare_cloud.domain.robots.model import Filter, Registration, Robot, RobotMode, RobotStatus
from casare_cloud.faces.orchestrator import examples
from casare_cloud.faces.orchestrator.examples import showing
from casare_cloud.faces.orchestrator.fields import Environment, Flag, Integer, RobotId, RobotName, Words
from casare_cloud.faces.shared.paging import Page, page
from casare_cloud.faces.shared.refusals import refusals
from casare_cloud.faces.shared.routing import CurrentCall, Route, Tx
from casare_cloud.faces.shared.shapes import Answer, Body, Time

router = APIRouter(prefix="/robots", tags=["robots"], route_class=Route)

Capabilities = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64)]] | dict[str, Any],
    Field(max_length=100, description="A list of words, or an object: what is true in it counts, the rest is kept."),
]
Slots = Annotated[Integer, Field(ge=1, le=100)]
Metric = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _split(capabilities: list[str] | dict[str, Any]) -> tuple[list[str], dict[str, Any]]:
    """(what the robot can do, the form it said it in when that was an object)."""
    if isinstance(capabilities, dict):
        return [word for word, value in capabilities.items() if value is True], capabilities
    return capabilities, {}


class RegisterRobotBody(Body):
    """What a robot says of itself."""

    model_config = showing(examples.REGISTER_ROBOT)

    robot_id: RobotName
    name: Annotated[str, Field(min_length=1, max_length=128)]
    hostname: Annotated[str, Field(min_length=1, max_length=256)]
    capabilities: Annotated[Capabilities, Field(default_factory=list)]
    environment: Environment = "default"
    max_concurrent_jobs: Slots = 1
    tags: Annotated[Words, Field(default_factory=list, max_length=100)]
    is_internet: Annotated[Flag, Field(description="Takes jobs of the execution mode internet, too.")] = False

    def registration(self) -> Registration:
        """What the domain calls it."""
        words, attributes = _split(self.capabilities)
        return Registration(
            external_id=self.robot_id,
            name=self.name,
            hostname=self.hostname,
            capabilities=words,
            attributes=attributes,
            environment=self.environment,
            max_concurrent_jobs=self.max_concurrent_jobs,
            tags=self.tags,
            is_internet=self.is_internet,
        )


class UpdateRobotBody(Body):
    """The fields to change. Closed: what a robot cannot be given is refused."""

    model_config = showing(examples.UPDATE_ROBOT, extra="forbid")

    name: Annotated[str | None, Field(min_length=1, max_length=128)] = None
    hostname: Annotated[str | None, Field(min_length=1, max_length=256)] = None
    capabilities: Capabilities | None = None
    environment: Environment | None = None
    max_concurrent_jobs: Slots | None = None
    tags: Annotated[Words | None, Field(max_length=100)] = None
    is_internet: Flag | None = None

    def changes(self) -> dict[str, Any]:
        """The fields that were sent, in the domain's names."""
        changes = self.model_dump(exclude_none=True)
        if self.capabilities is not None:
            changes["capabilities"], changes["attributes"] = _split(self.capabilities)
        return changes


class RobotStatusBody(Body):
    """The state that a robot is in. Closed."""

    model_config = showing(examples.ROBOT_STATUS, extra="forbid")

    status: RobotStatus


class HeartbeatBody(Body):
    """What a robot measured. Other fields are kept as they are."""

    model_config = showing(examples.HEARTBEAT, extra="allow")

    cpu_percent: Metric | None = None
    memory_mb: Metric | None = None
    disk_free_gb: Metric | None = None
    active_jobs: Annotated[Integer, Field(ge=0, le=2**31 - 1)] | None = None


class RobotAnswer(Answer):
    """A robot. `robot_id` is its external id, `robot_uuid` its UUID, by which Realtime topics name it."""

    model_config = showing(examples.ROBOT)

    robot_id: str
    robot_uuid: UUID
    name: str
    hostname: str
    status: RobotStatus
    mode: RobotMode
    health: Literal["ok", "error"]
    environment: str
    max_concurrent_jobs: int
    capabilities: list[str]
    attributes: dict[str, Any]
    tags: list[str]
    is_internet: bool
    current_job_ids: list[UUID]
    last_seen: Time | None
    last_heartbeat: Time | None
    created_at: Time
    updated_at: Time
    metrics: dict[str, Any]

    @classmethod
    def of(cls, robot: Robot) -> "RobotAnswer":
        """A robot in the published words."""
        return cls(
            robot_id=robot.external_id,
            robot_uuid=robot.robot_id,
            last_seen=robot.last_heartbeat_at,
            last_heartbeat=robot.last_heartbeat_at,
            **{name: getattr(robot, name) for name in cls.model_fields.keys() & _SAME_NAMES},
        )


_SAME_NAMES = set(Robot.__dataclass_fields__) - {"robot_id"}


class RobotList(Answer):
    """A page of robots by external id; `total` counts all that match."""

    model_config = showing(examples.ROBOTS)

    robots: list[RobotAnswer]
    total: int
    limit: int
    offset: int


class RobotDeleted(Answer):
    """The robot is gone; `robot_id` is its external id."""

    model_config = showing(examples.ROBOT_DELETED)

    deleted: bool
    robot_id: str


class HeartbeatAnswer(Answer):
    """When to come again and how long leases last, in seconds, and what the robot is to do."""

    model_config = showing(examples.HEARTBEAT_NOTED)

    ok: bool
    timestamp: str
    heartbeat_interval: int
    lease_seconds: int
    pending_commands: list[dict[str, Any]]


class TokenAnswer(Answer):
    """A token for Data API and Realtime, good for `expires_in` seconds, and the topics that the robot may join."""

    model_config = showing(examples.ROBOT_TOKEN)

    access_token: str | None
    expires_in: int
    token_type: Literal["bearer"] = "bearer"
    supabase_url: str
    publishable_key: str
    topics: list[str]


@router.post("/register", responses=refusals(409))
async def register_robot(body: RegisterRobotBody, tx: Tx) -> RobotAnswer:
    """Make the robot with this id, or bring what is known of it up to date. Unknown fields are ignored.

    A key that belongs to no robot yet is bound by its first registration; after that it works for that robot only.
    409 ROBOT_ID_TAKEN: another live key has this robot. For robot keys, and callers with robots.write.
    """
    return RobotAnswer.of(await service.register(tx, body.registration()))


@router.get("", responses=refusals())
async def list_robots(
    tx: Tx,
    page: Annotated[Page, page(100, 500)],
    status: Annotated[RobotStatus | None, Query()] = None,
    environment: Annotated[Environment | None, Query()] = None,
) -> RobotList:
    """List the robots by their ids. Needs robots.read."""
    items, total = await service.list_page(tx, Filter(status, environment), page.limit, page.offset)
    robots = [RobotAnswer.of(item) for item in items]
    return RobotList(robots=robots, total=total, limit=page.limit, offset=page.offset)


@router.get("/{robot_id}", responses=refusals(404))
async def get_robot(robot_id: RobotId, tx: Tx) -> RobotAnswer:
    """A robot, and the jobs that it holds. Needs robots.read; a robot sees itself."""
    return RobotAnswer.of(await service.get(tx, robot_id))


@router.put("/{robot_id}", responses=refusals(404))
async def update_robot(robot_id: RobotId, body: UpdateRobotBody, tx: Tx) -> RobotAnswer:
    """Change what is sent, leave the rest. Unknown fields are refused. Needs robots.write."""
    return RobotAnswer.of(await service.update(tx, robot_id, body.changes()))


@router.put("/{robot_id}/status", responses=refusals(404))
async def set_robot_status(robot_id: RobotId, body: RobotStatusBody, tx: Tx) -> RobotAnswer:
    """Say what state a robot is in: `offline` signs it off, `maintenance` and `error` say so, the others bring it back.

    `status` in the answer is derived from what is known, so a robot that holds jobs is busy whatever it says. Unknown
    fields are refused. For the robot itself, and callers with robots.control.
    """
    return RobotAnswer.of(await service.set_status(tx, robot_id, body.status))


@router.delete("/{robot_id}", responses=refusals(404))
async def delete_robot(robot_id: RobotId, tx: Tx) -> RobotDeleted:
    """Take a robot out of the fleet: its keys end at once, its jobs go to others. Needs robots.write."""
    return RobotDeleted(**await service.delete(tx, robot_id))


@router.post("/{robot_id}/heartbeat", responses=refusals(404))
async def record_heartbeat(robot_id: RobotId, tx: Tx, body: HeartbeatBody | None = None) -> HeartbeatAnswer:
    """Say that a robot is alive, with what it measured. For the robot itself, and callers with robots.control."""
    metrics = body.model_dump(exclude_unset=True) if body else None
    return HeartbeatAnswer(**await service.heartbeat(tx, robot_id, metrics))


@router.post("/{robot_id}/token", responses=refusals(503))
async def create_robot_token(robot_id: RobotId, call: CurrentCall, tx: Tx) -> TokenAnswer:
    """A short token with which the robot uses Data API and Realtime itself (direct mode).

    Only for the robot's own key: any other robot's id is 403, whether there is such a robot or not.
    """
    access = await service.open_direct_access(tx, call.services.settings, call.actor, robot_id)
    return TokenAnswer.model_validate(access)
