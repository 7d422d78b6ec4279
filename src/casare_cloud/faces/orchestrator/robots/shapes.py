"""Shapes of the robots (document 002, "Robot Endpoints"; api-decisions#robots)."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from casare_cloud.domain.jobs.model import LogLevel
from casare_cloud.domain.robots.model import (
    Heard,
    Heartbeat,
    Registration,
    Robot,
    RobotCommand,
    RobotMode,
    SaidStatus,
)
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Flag, Integer, Words
from casare_cloud.faces.kit.shapes import Answer, Body, OpenBody, Report, Time
from casare_cloud.faces.kit.state_words import RobotWord, robot_word_of
from casare_cloud.faces.orchestrator.fields import Environment, ExactTime, LeaseToken, RobotName
from casare_cloud.faces.orchestrator.robots import examples
from casare_cloud.faces.orchestrator.robots.words import warnings_of

Capabilities = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64)]] | dict[str, Any],
    Field(max_length=100, description="A list of words, or an object: what is true in it counts, the rest is kept."),
]
Slots = Annotated[Integer, Field(ge=1, le=100)]
Metric = Annotated[float, Field(ge=0, allow_inf_nan=False)]


SessionId = Annotated[UUID | None, Field(description="Of the robot's process, new at each start.")]


class HeldLeaseBody(Body):
    """A lease that the robot knows. Closed."""

    model_config = ConfigDict(extra="forbid")

    job_id: UUID
    lease_token: LeaseToken


class RegisterRobotBody(OpenBody):
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
    session_id: SessionId = None
    held_leases: Annotated[
        list[HeldLeaseBody] | None,
        Field(max_length=1000, description="What a new process still knows; all others that the robot holds go back."),
    ] = None

    def registration(self) -> Registration:
        """What the domain calls it."""
        return Registration(
            external_id=self.robot_id,
            name=self.name,
            hostname=self.hostname,
            capabilities=self.capabilities,
            environment=self.environment,
            max_concurrent_jobs=self.max_concurrent_jobs,
            tags=self.tags,
            is_internet=self.is_internet,
            session_id=self.session_id,
            held_leases=None
            if self.held_leases is None
            else [each.model_dump(mode="json") for each in self.held_leases],
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
        return changes if self.capabilities is None else changes | {"capabilities": self.capabilities}


class RobotStatusBody(Body):
    """The state that a robot is in. Closed."""

    model_config = showing(examples.ROBOT_STATUS, extra="forbid")

    status: SaidStatus
    session_id: Annotated[
        UUID | None, Field(description="The process that is offline: the robot is, unless another one of it lives.")
    ] = None


class RobotPoolBody(Body):
    """The pool that a robot shall be in. Closed."""

    model_config = showing(examples.ROBOT_POOL, extra="forbid")

    pool: Annotated[str | None, Field(min_length=1, max_length=64, description="Its id or name; null: none.")]


class SessionBody(Body):
    """The desktop session that a robot's program runs in. Closed."""

    model_config = ConfigDict(extra="forbid")

    user: Annotated[str | None, Field(max_length=256)] = None
    interactive: Annotated[Flag, Field(description="Somebody could sit at it: programs with windows run.")]
    locked: Annotated[Flag, Field(description="While false, the robot has the capability `session:interactive`.")]
    width: Annotated[Integer | None, Field(ge=0, le=100_000)] = None
    height: Annotated[Integer | None, Field(ge=0, le=100_000)] = None


class HeartbeatBody(Report):
    """What a robot measured. Other fields are kept as they are."""

    model_config = showing(examples.HEARTBEAT, extra="allow")

    cpu_percent: Metric | None = None
    memory_mb: Metric | None = None
    memory_percent: Metric | None = None
    disk_free_gb: Metric | None = None
    active_jobs: Annotated[Integer, Field(ge=0, le=2**31 - 1)] | None = None
    session: SessionBody | None = None
    acknowledged_commands: Annotated[
        list[UUID] | None, Field(max_length=100, description="The `command_id`s that the robot obeyed or has heard.")
    ] = None
    active_job_ids: Annotated[
        list[str] | None,
        Field(
            max_length=1000,
            description="All jobs that the robot knows it holds: one that it was handed more than ten seconds ago, "
            "has not started and does not name goes back to the queue.",
        ),
    ] = None
    session_id: SessionId = None
    claims_in_flight: Annotated[
        list[UUID] | None,
        Field(max_length=100, description="The `claim_id`s whose answers the robot waits for: their jobs stay."),
    ] = None

    def said(self) -> Heartbeat:
        """What the domain calls it."""
        return Heartbeat(
            metrics=self.model_dump(
                exclude_unset=True, exclude={"acknowledged_commands", "session_id", "claims_in_flight"}
            ),
            acknowledged=self.acknowledged_commands or [],
            session_id=self.session_id,
            claims_in_flight=self.claims_in_flight or [],
        )


class CommandState(Answer):
    """What a robot was told last. `acknowledged_at`: when it said that it knows."""

    model_config = showing(examples.COMMAND_STATE)

    command_id: UUID
    command: RobotCommand
    reason: str | None
    issued_at: Time
    acknowledged_at: Time | None


class ToldCommand(CommandState):
    """What a robot was told. `superseded_at`: when a newer command, or a new start of it, made this one pointless."""

    model_config = showing(examples.TOLD_COMMAND)

    superseded_at: Time | None


class ToldCommands(Answer):
    """What a robot was told, the newest first."""

    model_config = showing(examples.TOLD_COMMANDS)

    commands: list[ToldCommand]


class RobotAnswer(Answer):
    """A robot. `robot_id` is its external id, `robot_uuid` its UUID, by which Realtime topics name it."""

    model_config = showing(examples.ROBOT)

    robot_id: str
    robot_uuid: UUID
    name: str
    hostname: str
    status: RobotWord
    mode: RobotMode
    health: Literal["ok", "error"]
    environment: str
    max_concurrent_jobs: int
    capabilities: list[str]
    attributes: dict[str, Any]
    tags: list[str]
    is_internet: bool
    pool_id: UUID | None
    current_job_ids: list[UUID]
    last_seen: Time | None
    last_heartbeat: Time | None
    created_at: Time
    updated_at: Time
    metrics: dict[str, Any]
    quarantined_at: Time | None
    quarantine_reason: str | None
    deaf_since: Annotated[Time | None, Field(description="It lives, and does not ask for the jobs that wait for it.")]
    last_command: CommandState | None
    warnings: Annotated[
        list[str], Field(description="Another process with its key was alive; fields of the request that were ignored.")
    ]

    @classmethod
    def of(cls, robot: Robot, warnings: Sequence[str] = ()) -> Self:
        """A robot in the published words; `warnings` are of the request."""
        return cls(
            warnings=[*warnings, *warnings_of(robot.external_id, robot.other_session_at)],
            status=robot_word_of(robot),
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


class RobotLogLine(Answer):
    """A line that a robot logged of itself, and not of a job."""

    model_config = showing(examples.ROBOT_LOG_LINE)

    id: Annotated[UUID, Field(validation_alias="robot_log_id")]
    timestamp: Annotated[Time, Field(validation_alias="logged_at")]
    level: LogLevel
    message: str
    source: str | None
    extra: Any


class RobotLogList(Answer):
    """A page of a robot's own log, the newest line first."""

    model_config = showing(examples.ROBOT_LOGS)

    logs: list[RobotLogLine]
    total: int
    total_is_capped: Annotated[bool, Field(description="There may be more than `total` says: older ones.")]
    limit: int
    offset: int


class RobotDeleted(Answer):
    """The robot is gone; `robot_id` is its external id."""

    model_config = showing(examples.ROBOT_DELETED)

    deleted: bool
    robot_id: str


class HeartbeatAnswer(Answer):
    """When the next heartbeat is due and how long leases last, in seconds; pending commands and warnings."""

    model_config = showing(examples.HEARTBEAT_NOTED)

    ok: bool
    timestamp: ExactTime
    heartbeat_interval: int
    lease_seconds: int
    warnings: list[str]
    pending_commands: list[dict[str, Any]]

    @classmethod
    def of(cls, heard: Heard) -> "HeartbeatAnswer":
        """What the robot is told, in the published words."""
        return cls(
            ok=True,
            timestamp=heard.heard_at,
            heartbeat_interval=heard.heartbeat_seconds,
            lease_seconds=heard.lease_seconds,
            warnings=warnings_of(heard.external_id, heard.other_session_at),
            pending_commands=heard.pending_commands,
        )


class TokenAnswer(Answer):
    """A token for Data API and Realtime, good for `expires_in` seconds, and the topics that the robot may join."""

    model_config = showing(examples.ROBOT_TOKEN)

    access_token: str | None
    expires_in: int
    token_type: Literal["bearer"] = "bearer"
    supabase_url: str
    publishable_key: str
    topics: list[str]


class CommandBody(Body):
    """Why. Closed: nothing else is taken."""

    model_config = showing(examples.COMMAND, extra="forbid")

    reason: Annotated[str | None, Field(max_length=1024)] = None


class CommandAnswer(RobotAnswer):
    """The robot as it is now. `last_command.acknowledged_at` tells later when the robot has heard of it."""

    model_config = showing(examples.COMMANDED)

    command_id: UUID
