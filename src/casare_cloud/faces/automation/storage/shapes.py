"""Shapes of a workflow's page, with an example of each."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from casare_cloud.domain.jobs.model import Job
from casare_cloud.domain.schedules.model import Schedule
from casare_cloud.domain.workflows.model import Workflow
from casare_cloud.faces.automation.examples import EARLIER, EXECUTION_ID, NOW, WORKFLOW_ID
from casare_cloud.faces.automation.executions.words import cause_of, error_of, word_of
from casare_cloud.faces.kit.examples import Example, showing
from casare_cloud.faces.kit.shapes import Answer, Time
from casare_cloud.faces.kit.state_words import ExecutionWord

_PREVIEWED_ROWS = 10
_WORKFLOW: Example = {
    "id": WORKFLOW_ID,
    "name": "Invoices",
    "description": "",
    "status": "published",
    "version": 2,
    "is_enabled": True,
    "created_at": EARLIER,
    "updated_at": NOW,
    "step_count": 4,
}
_EXECUTION: Example = {
    "id": EXECUTION_ID,
    "status": "completed",
    "trigger_type": "manual",
    "started_at": EARLIER,
    "completed_at": NOW,
    "duration_ms": 1800000,
    "error_message": None,
}
_SCHEDULE: Example = {
    "id": "cc0e8400-e29b-41d4-a716-446655440007",
    "name": "Daily",
    "cron_expression": "0 9 * * *",
    "timezone": "UTC",
    "is_enabled": True,
    "next_run_at": NOW,
}
_RESULTS: Example = {
    "saved_at": NOW,
    "execution_id": EXECUTION_ID,
    "total_items": 1,
    "file_size": 18,
    "columns": ["price"],
    "preview": [{"price": 12}],
}


class WorkflowFacts(Answer):
    """The workflow."""

    model_config = showing(_WORKFLOW)

    id: UUID
    name: str
    description: str
    status: str
    version: int
    is_enabled: bool
    created_at: Time
    updated_at: Time
    step_count: int

    @classmethod
    def of(cls, workflow: Workflow) -> "WorkflowFacts":
        """A workflow as the service gives it."""
        steps = workflow.definition.get("steps") if isinstance(workflow.definition, dict) else None
        return cls(
            id=workflow.workflow_id,
            name=workflow.name,
            description=workflow.description,
            status=workflow.status,
            version=workflow.version,
            is_enabled=workflow.is_enabled,
            created_at=workflow.created_at,
            updated_at=workflow.updated_at,
            step_count=len(steps) if isinstance(steps, list) else workflow.node_count,
        )


class ExecutionFacts(Answer):
    """An execution of the workflow."""

    model_config = showing(_EXECUTION)

    id: UUID
    status: ExecutionWord
    trigger_type: str
    started_at: Time | None
    completed_at: Time | None
    duration_ms: int | None
    error_message: str | None

    @classmethod
    def of(cls, job: Job) -> "ExecutionFacts":
        """A job as the service gives it."""
        return cls(
            id=job.job_id,
            status=word_of(job.status),
            trigger_type=cause_of(job.trigger_type),
            started_at=job.started_at,
            completed_at=job.finished_at,
            duration_ms=job.duration_ms,
            error_message=error_of(job),
        )


class ScheduleFacts(Answer):
    """A schedule of the workflow."""

    model_config = showing(_SCHEDULE)

    id: UUID
    name: str
    cron_expression: str | None
    timezone: str
    is_enabled: bool
    next_run_at: Time | None

    @classmethod
    def of(cls, schedule: Schedule) -> "ScheduleFacts":
        """A schedule as the service gives it."""
        return cls(
            id=schedule.schedule_id,
            name=schedule.name,
            cron_expression=schedule.cron_expression,
            timezone=schedule.timezone,
            is_enabled=schedule.is_enabled,
            next_run_at=schedule.next_run_at,
        )


class Results(Answer):
    """The table in the result of the newest completed execution: its first rows, and how large the result is."""

    model_config = showing(_RESULTS)

    saved_at: Time
    execution_id: UUID
    total_items: int
    file_size: int
    columns: list[str]
    preview: list[dict[str, Any]]

    @classmethod
    def of(cls, job: Job) -> "Results | None":
        """What a completed job put out, if there is a list of objects in it."""
        rows = table_in(job.result)
        if rows is None or job.finished_at is None:
            return None
        return cls(
            saved_at=job.finished_at,
            execution_id=job.job_id,
            total_items=len(rows),
            file_size=len(json.dumps(job.result, ensure_ascii=False).encode()),
            columns=columns_of(rows[:_PREVIEWED_ROWS]),
            preview=rows[:_PREVIEWED_ROWS],
        )


class WorkflowDetail(Answer):
    """All that a workflow's page shows."""

    model_config = showing(
        {
            "workflow": _WORKFLOW,
            "latest_execution": _EXECUTION,
            "total_executions": 1,
            "schedules": [_SCHEDULE],
            "results_summary": _RESULTS,
        }
    )

    workflow: WorkflowFacts
    latest_execution: ExecutionFacts | None
    total_executions: int
    schedules: list[ScheduleFacts]
    results_summary: Results | None


def columns_of(rows: list[dict[str, Any]]) -> list[str]:
    """The names in the rows, each once, in the order in which they appear."""
    return list(dict.fromkeys(name for row in rows for name in row))


def table_in(result: Any) -> list[dict[str, Any]] | None:
    """The longest list of objects that the steps put out, or that is elsewhere in a result; of equals the last.

    The robot's record of its steps is no result of theirs: what they began with, and when, is left out.
    """
    places = [result]
    if isinstance(result, dict) and isinstance(record := result.get("node_executions"), list):
        places = [{name: value for name, value in result.items() if name != "node_executions"}]
        places += [step.get("output") for step in record if isinstance(step, dict)]
    found = [rows for place in places for rows in _tables_in(place, 4)]
    return max(reversed(found), key=len, default=None)


def _tables_in(value: Any, levels: int) -> Iterator[list[dict[str, Any]]]:
    """The lists of objects in a JSON value, a few levels deep."""
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        yield value
    elif isinstance(value, dict) and levels:
        for item in value.values():
            yield from _tables_in(item, levels - 1)
