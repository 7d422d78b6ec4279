"""Shapes of agents and of the tasks that they take (document 004). An agent is a robot, a task a job."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field

from casare_cloud.domain.jobs.model import ClaimedJob, Job, LogLevel
from casare_cloud.domain.robots.model import Lifetime, Robot
from casare_cloud.faces.automation.agents import examples
from casare_cloud.faces.automation.agents.words import AgentWord, word_of
from casare_cloud.faces.automation.executions.words import cause_of
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Integer, Moment, Words
from casare_cloud.faces.kit.shapes import Answer, Body, Report, Time
from casare_cloud.faces.kit.state_words import ExecutionWord

AgentName = Annotated[str, Field(min_length=1, max_length=128)]
Version = Annotated[str, Field(min_length=1, max_length=64)]
Capabilities = Annotated[
    dict[str, Any] | Words,
    Field(description="What the agent can do: a map of booleans, of which what is true counts, or a list of words."),
]


class AgentBody(Body):
    """An agent to register. Names may repeat."""

    model_config = showing(examples.NEW)

    name: AgentName
    version: Version = "1.0.0"
    capabilities: Capabilities | None = None


class AgentChanges(Body):
    """What shall be otherwise."""

    model_config = showing(examples.CHANGES)

    name: AgentName | None = None
    version: Version | None = None
    capabilities: Capabilities | None = None


class AgentAnswer(Answer):
    """An agent, as it was last heard of."""

    model_config = showing(examples.AGENT)

    id: UUID
    name: str
    status: AgentWord
    version: str
    capabilities: dict[str, Any]
    last_heartbeat_at: Time | None
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, robot: Robot) -> Self:
        """A robot in the words of document 004."""
        return cls(
            id=robot.robot_id,
            name=robot.name,
            status=word_of(Lifetime.of_robot(robot)),
            version=robot.version,
            capabilities=robot.attributes or dict.fromkeys(robot.capabilities, True),
            last_heartbeat_at=robot.last_heartbeat_at,
            created_at=robot.created_at,
            updated_at=robot.updated_at,
        )


class AgentList(Answer):
    """A page of agents; `online_count` counts all that are connected."""

    model_config = showing(examples.AGENTS)

    agents: list[AgentAnswer]
    total: int
    page: int
    per_page: int
    online_count: int


class AgentMade(Answer):
    """A new agent, with its token, which is not shown again."""

    model_config = showing(examples.MADE)

    agent: AgentAnswer
    token: str | None
    message: str


class TokenRotated(Answer):
    """A new token, which is not shown again; the old one has ended."""

    model_config = showing(examples.ROTATED)

    agent_id: UUID
    token: str | None
    message: str


class AgentStats(Answer):
    """How many agents there are, in each state."""

    model_config = showing(examples.STATS)

    total: int
    online: int
    by_status: dict[str, int]


class HeartbeatBody(Report):
    """What an agent says of itself; all of it may be left out."""

    model_config = showing(examples.METRICS, extra="allow")

    metrics: dict[str, Any] | None = None

    def said(self) -> dict[str, Any] | None:
        """The metrics, also of an agent that does not wrap them."""
        return self.metrics if self.metrics is not None else (self.model_extra or None)


class HeartbeatAnswer(Answer):
    """The agent was heard; it keeps its tasks, `task_ids`. `cancel_requested` are those that it shall stop."""

    model_config = showing(examples.HEARD)

    status: Literal["ok"]
    agent_id: UUID
    timestamp: Time
    held_tasks: int
    task_ids: list[UUID]
    cancel_requested: list[UUID]


class ClaimBody(Body):
    """Who asks for a task; `capabilities` narrow what the agent was registered with."""

    model_config = showing(examples.CLAIM)

    agent_id: UUID
    capabilities: Capabilities | None = None

    def words(self) -> list[str] | None:
        """The capabilities as words."""
        given = self.capabilities
        return [word for word, value in given.items() if value is True] if isinstance(given, dict) else given


class TaskAnswer(Answer):
    """A task: an execution that the agent holds as long as it is heard of."""

    model_config = showing(examples.TASK)

    execution_id: UUID
    workflow_id: UUID
    workflow_name: str
    task_type: Literal["workflow"]
    definition: Any
    parameters: dict[str, Any]
    assigned_at: Time
    attempt: int
    timeout_seconds: int

    @classmethod
    def of(cls, job: ClaimedJob, at: Any) -> Self:
        """A job that was just claimed."""
        return cls(
            execution_id=job.job_id,
            workflow_id=job.workflow_id,
            workflow_name=job.workflow_name,
            task_type="workflow",
            definition=job.workflow_json,
            parameters=job.input or {},
            assigned_at=at,
            attempt=job.attempt,
            timeout_seconds=job.timeout_seconds,
        )


class ClaimAnswer(Answer):
    """A task, or none, and why."""

    model_config = showing(examples.CLAIMED)

    task: TaskAnswer | None
    message: str | None


class ResultBody(Report):
    """How a task ended."""

    model_config = showing(examples.RESULT)

    status: Literal["completed", "failed"]
    output: dict[str, Any] | None = None
    error_message: Annotated[str | None, Field(max_length=65_536)] = None
    duration_ms: Annotated[Integer | None, Field(ge=0)] = None


class ResultAnswer(Answer):
    """What became of the execution."""

    model_config = showing(examples.ENDED)

    execution_id: UUID
    status: ExecutionWord
    completed_at: Time


class LogLineBody(Body):
    """A line of a task's log."""

    model_config = ConfigDict(extra="forbid")

    level: Annotated[LogLevel, BeforeValidator(lambda word: word.lower() if isinstance(word, str) else word)] = "info"
    message: Annotated[str, Field(max_length=65_536)]
    step_id: Annotated[str | None, Field(max_length=255)] = None
    timestamp: Moment | None = None
    context: dict[str, Any] | None = None

    @property
    def entry(self) -> dict[str, Any]:
        """The line in the words of the domain."""
        words = {"step_id": "node_id", "context": "extra"}
        given = self.model_dump(mode="json", exclude_none=True)
        return {words.get(name, name): value for name, value in given.items()}


class LogsBody(Report):
    """Lines of the log, in their order."""

    model_config = showing(examples.LOGS)

    entries: Annotated[list[LogLineBody], Field(max_length=1000)]
    sequence: Annotated[
        Annotated[Integer, Field(ge=0, le=2**63 - 1)] | None,
        Field(description="The batch's number within the task: sent again, it is answered alike and stored once."),
    ] = None


class LogsTaken(Answer):
    """How many lines were taken: all of them."""

    model_config = showing(examples.LOGS_TAKEN)

    accepted: int


class TaskReleased(Answer):
    """What became of the execution: pending again, or cancelled when that was asked for."""

    model_config = showing(examples.RELEASED)

    execution_id: UUID
    status: ExecutionWord


class QueuedTask(Answer):
    """An execution that waits for an agent."""

    model_config = showing(examples.QUEUED)

    execution_id: UUID
    workflow_id: UUID
    workflow_name: str
    created_at: Time
    trigger_type: str

    @classmethod
    def of(cls, job: Job) -> Self:
        """A job that waits."""
        return cls(
            execution_id=job.job_id,
            workflow_id=job.workflow_id,
            workflow_name=job.workflow_name,
            created_at=job.created_at,
            trigger_type=cause_of(job.trigger_type),
        )


class QueueAnswer(Answer):
    """A page of what waits."""

    model_config = showing(examples.QUEUE)

    queue: list[QueuedTask]
    total: int
    page: int
    per_page: int


class AssignedTask(Answer):
    """An execution that an agent holds."""

    model_config = showing(examples.ASSIGNED)

    execution_id: UUID
    workflow_id: UUID
    workflow_name: str
    started_at: Time | None
    trigger_type: str

    @classmethod
    def of(cls, job: Job) -> Self:
        """A job in hand."""
        return cls(
            execution_id=job.job_id,
            workflow_id=job.workflow_id,
            workflow_name=job.workflow_name,
            started_at=job.started_at or job.claimed_at,
            trigger_type=cause_of(job.trigger_type),
        )


class AssignedAnswer(Answer):
    """What an agent holds."""

    model_config = showing(examples.ASSIGNMENTS)

    agent_id: UUID
    assigned_tasks: list[AssignedTask]
    count: int
