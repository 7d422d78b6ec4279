"""Agents and tasks. Ids are UUIDs, times ISO 8601."""

from typing import Any, TypedDict


class Agent(TypedDict):
    """An agent, as it was last heard of."""

    id: str
    name: str
    status: str
    version: str
    capabilities: dict[str, Any]
    last_heartbeat_at: str | None
    created_at: str
    updated_at: str


class AgentList(TypedDict):
    """A page of agents; `online_count` counts all that are connected."""

    agents: list[Agent]
    total: int
    page: int
    per_page: int
    online_count: int


class AgentMade(TypedDict):
    """A new agent, with its token, which is not shown again."""

    agent: Agent
    token: str | None
    message: str


class AgentStats(TypedDict):
    """How many agents there are, in each state."""

    total: int
    online: int
    by_status: dict[str, int]


class AssignedTask(TypedDict):
    """An execution that an agent holds."""

    execution_id: str
    workflow_id: str
    workflow_name: str
    started_at: str | None
    trigger_type: str


class AssignedTasks(TypedDict):
    """What an agent holds."""

    agent_id: str
    assigned_tasks: list[AssignedTask]
    count: int


class Task(TypedDict):
    """A task: an execution that the agent holds as long as it is heard of."""

    execution_id: str
    workflow_id: str
    workflow_name: str
    task_type: str
    definition: Any
    parameters: dict[str, Any]
    assigned_at: str
    attempt: int
    timeout_seconds: int


class Claimed(TypedDict):
    """A task, or none, and why."""

    task: Task | None
    message: str | None


class Heard(TypedDict):
    """The agent was heard; it keeps its tasks, `task_ids`. `cancel_requested` are those that it shall stop."""

    status: str
    agent_id: str
    timestamp: str
    held_tasks: int
    task_ids: list[str]
    cancel_requested: list[str]


class LogsTaken(TypedDict):
    """How many lines were taken: all of them."""

    accepted: int


class QueuedTask(TypedDict):
    """An execution that waits for an agent."""

    execution_id: str
    workflow_id: str
    workflow_name: str
    created_at: str
    trigger_type: str


class ResultTaken(TypedDict):
    """What became of the execution."""

    execution_id: str
    status: str
    completed_at: str


class TaskQueue(TypedDict):
    """A page of what waits."""

    queue: list[QueuedTask]
    total: int
    page: int
    per_page: int


class TaskReleased(TypedDict):
    """What became of the execution: pending again, or cancelled when that was asked for."""

    execution_id: str
    status: str


class TokenRotated(TypedDict):
    """A new token, which is not shown again; the old one has ended."""

    agent_id: str
    token: str | None
    message: str
