"""Workflows, their variables and what their steps may be. Ids are UUIDs, times ISO 8601."""

from typing import Any, NotRequired, TypedDict


class Act(TypedDict):
    """What somebody did to a workflow: create, update, publish, archive, execute, delete or clone."""

    id: str
    action: str
    user_email: str | None
    old_values: dict[str, Any] | None
    new_values: dict[str, Any] | None
    created_at: str


class FailedItem(TypedDict):
    """One that nothing was done to, and why."""

    id: str
    error: str


class BulkDone(TypedDict):
    """How many were done, and those that were not."""

    success: int
    failed: int
    errors: list[FailedItem]


class ExecutionMade(TypedDict):
    """The execution that was queued."""

    id: str
    workflow_id: str
    trigger_type: str
    status: str
    warnings: NotRequired[list[str]]


class MappingsSet(TypedDict):
    """How variables and steps are connected now."""

    workflow_id: str
    step_mappings: list[dict[str, Any]]


class TaskType(TypedDict):
    """A type of steps; `needs` is what a robot must have: scripts, browser, ai, mail …; null: nothing."""

    task_type: str
    display_name: str
    description: str
    icon: str
    config_schema: dict[str, Any]
    needs: str | None


class TaskTypeList(TypedDict):
    """All of them."""

    task_types: list[TaskType]
    count: int


class WrongValue(TypedDict):
    """A variable whose value does not suit it."""

    variable: str
    error: str


class ValuesChecked(TypedDict):
    """Whether a run may begin with these values; `resolved` has what it would begin with, without secrets."""

    valid: bool
    errors: list[WrongValue]
    resolved: dict[str, Any]


class Variables(TypedDict):
    """What a workflow declares. A default of a secret variable is not shown."""

    workflow_id: str
    variables: list[dict[str, Any]]
    step_mappings: list[dict[str, Any]]


class VariablesSet(TypedDict):
    """What the workflow declares now."""

    workflow_id: str
    variables: list[dict[str, Any]]
    count: int


class Workflow(TypedDict):
    """A workflow with the definition of its current version."""

    id: str
    name: str
    description: str
    definition: dict[str, Any]
    version: int
    is_enabled: bool
    status: str
    created_by: str
    created_at: str
    updated_at: str


class WorkflowFacts(TypedDict):
    """The workflow."""

    id: str
    name: str
    description: str
    status: str
    version: int
    is_enabled: bool
    created_at: str
    updated_at: str
    step_count: int


class ExecutionFacts(TypedDict):
    """An execution of the workflow."""

    id: str
    status: str
    trigger_type: str
    started_at: str | None
    completed_at: str | None
    duration_ms: int | None
    error_message: str | None


class ScheduleFacts(TypedDict):
    """A schedule of the workflow."""

    id: str
    name: str
    cron_expression: str | None
    timezone: str
    is_enabled: bool
    next_run_at: str | None


class Results(TypedDict):
    """The table in the result of the newest completed execution: its first rows, and how large the result is."""

    saved_at: str
    execution_id: str
    total_items: int
    file_size: int
    columns: list[str]
    preview: list[dict[str, Any]]


class WorkflowSaved(Workflow):
    """A workflow as it is now, and what may be a mistake in it."""

    warnings: NotRequired[list[str]]


class WorkflowDetail(TypedDict):
    """All that a workflow's page shows."""

    workflow: WorkflowFacts
    latest_execution: ExecutionFacts | None
    total_executions: int
    schedules: list[ScheduleFacts]
    results_summary: Results | None


class WorkflowHistory(TypedDict):
    """A page of a workflow's history, the newest first, under both names that clients know."""

    history: list[Act]
    items: list[Act]
    total: int
    page: int
    per_page: int


class WorkflowList(TypedDict):
    """A page of workflows, the newest first."""

    workflows: list[Workflow]
    total: int
    page: int
    per_page: int
