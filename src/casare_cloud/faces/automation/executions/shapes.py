"""Shapes of executions: a run of a workflow, its steps, its log, its data (document 004)."""

from typing import Any, Self
from uuid import UUID

from casare_cloud.domain.job_reports.model import LogEntry
from casare_cloud.domain.jobs.model import Job
from casare_cloud.faces.automation.executions import examples
from casare_cloud.faces.automation.executions.words import cause_of, error_of, word_of
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer, Time
from casare_cloud.faces.kit.state_words import ExecutionWord


class ExecutionAnswer(Answer):
    """A run of a workflow."""

    model_config = showing(examples.EXECUTION)

    id: UUID
    workflow_id: UUID
    workflow_name: str
    agent_id: UUID | None
    trigger_type: str
    status: ExecutionWord
    started_at: Time | None
    completed_at: Time | None
    duration_ms: int | None
    error_message: str | None
    retry_count: int
    created_at: Time

    @classmethod
    def of(cls, job: Job, **more: Any) -> Self:
        """A job in the words of document 004."""
        return cls(
            id=job.job_id,
            workflow_id=job.workflow_id,
            workflow_name=job.workflow_name,
            agent_id=job.robot_id,
            trigger_type=cause_of(job.trigger_type),
            status=word_of(job.status),
            started_at=job.started_at or job.claimed_at,
            completed_at=job.finished_at,
            duration_ms=job.duration_ms,
            error_message=error_of(job),
            retry_count=max(job.attempts - 1, 0),
            created_at=job.created_at,
            **more,
        )


class StepAnswer(Answer):
    """What became of a step."""

    model_config = showing(examples.STEP)

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


def steps_of(job: Job, reported: list[dict[str, Any]]) -> list[StepAnswer]:
    """The steps as they were reported; of an agent that reports none, its result as that of one step."""
    if not reported and job.result is not None:
        reported = [
            {
                "node_id": "workflow",
                "node_type": "workflow",
                "status": word_of(job.status),
                "output": job.result,
                "duration_ms": job.duration_ms,
            }
        ]
    return [_step(item) for item in reported]


def _step(item: dict[str, Any]) -> StepAnswer:
    step_id = str(item.get("node_id", ""))
    milliseconds = item.get("duration_ms")
    return StepAnswer(
        id=step_id,
        step_id=step_id,
        name=str(item.get("name") or step_id),
        type=str(item.get("node_type") or ""),
        status=str(item.get("status") or "completed"),
        input=item.get("input"),
        output=item.get("output"),
        error=_text(item.get("error")),
        duration_ms=milliseconds if isinstance(milliseconds, int) else None,
        started_at=_text(item.get("started_at")),
        completed_at=_text(item.get("completed_at")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


class ExecutionDetail(ExecutionAnswer):
    """A run of a workflow with its steps, under both names that clients know."""

    model_config = showing(examples.DETAIL)

    steps: list[StepAnswer]
    step_results: list[StepAnswer]


class ExecutionList(Answer):
    """A page of executions, the newest first. `total` counts what matches of the newest 10,000."""

    model_config = showing(examples.EXECUTIONS)

    executions: list[ExecutionAnswer]
    total: int
    page: int
    per_page: int


class LogAnswer(Answer):
    """A line of a log."""

    model_config = showing(examples.LOG)

    id: UUID
    level: str
    message: str
    context: dict[str, Any]
    timestamp: Time

    @classmethod
    def of(cls, entry: LogEntry) -> Self:
        """A line as the service gives it; the level in capitals, by which clients filter."""
        step = {} if entry.node_id is None else {"step_id": entry.node_id}
        extra = entry.extra if isinstance(entry.extra, dict) else {} if entry.extra is None else {"extra": entry.extra}
        return cls(
            id=entry.job_log_id,
            level=entry.level.upper(),
            message=entry.message,
            context={**step, **extra},
            timestamp=entry.logged_at,
        )


class CancelledAnswer(Answer):
    """What became of a request to cancel."""

    model_config = showing(examples.CANCELLED)

    message: str


class StepData(Answer):
    """What a step left."""

    model_config = showing(examples.STEP_DATA)

    status: str
    output: Any
    error: str | None
    duration_ms: int | None


class DataAnswer(Answer):
    """What the steps of an execution left, and the variables at its end."""

    model_config = showing(examples.DATA)

    execution_id: UUID
    steps: dict[str, StepData]
    variables: dict[str, Any]
