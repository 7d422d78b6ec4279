"""Executions, their steps, logs and data. Ids are UUIDs, times ISO 8601."""

from typing import Any, TypedDict


class Execution(TypedDict):
    """A run of a workflow."""

    id: str
    workflow_id: str
    workflow_name: str
    agent_id: str | None
    trigger_type: str
    status: str
    started_at: str | None
    completed_at: str | None
    duration_ms: int | None
    error_message: str | None
    retry_count: int
    created_at: str


class StepData(TypedDict):
    """What a step left."""

    status: str
    output: Any
    error: str | None
    duration_ms: int | None


class ExecutionData(TypedDict):
    """What the steps of an execution left, and the variables at its end."""

    execution_id: str
    steps: dict[str, StepData]
    variables: dict[str, Any]


class Step(TypedDict):
    """What became of a step."""

    id: str
    step_id: str
    name: str
    type: str
    status: str
    input: Any
    output: Any
    error: str | None
    duration_ms: int | None
    started_at: str | None
    completed_at: str | None


class ExecutionDetail(TypedDict):
    """A run of a workflow with its steps, under both names that clients know."""

    id: str
    workflow_id: str
    workflow_name: str
    agent_id: str | None
    trigger_type: str
    status: str
    started_at: str | None
    completed_at: str | None
    duration_ms: int | None
    error_message: str | None
    retry_count: int
    created_at: str
    steps: list[Step]
    step_results: list[Step]


class ExecutionList(TypedDict):
    """A page of executions, the newest first. `total` counts what matches of the newest 10,000."""

    executions: list[Execution]
    total: int
    page: int
    per_page: int


class LogLine(TypedDict):
    """A line of a log."""

    id: str
    level: str
    message: str
    context: dict[str, Any]
    timestamp: str


class Message(TypedDict):
    """What became of a request to cancel."""

    message: str
