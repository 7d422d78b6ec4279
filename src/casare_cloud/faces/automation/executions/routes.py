"""Executions: the runs of workflows, by hand, by the clock, by what happened (document 004)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from casare_cloud.domain.job_reports import service as job_reports
from casare_cloud.domain.job_reports.model import LogFilter
from casare_cloud.domain.jobs import service
from casare_cloud.domain.jobs.model import Filter
from casare_cloud.errors import Conflict, InvalidArgument
from casare_cloud.faces.automation.executions.shapes import (
    CancelledAnswer,
    DataAnswer,
    ExecutionAnswer,
    ExecutionDetail,
    ExecutionList,
    LogAnswer,
    StepData,
    steps_of,
)
from casare_cloud.faces.automation.executions.words import causes_of, states_of, word_of
from casare_cloud.faces.automation.fields import ExecutionId
from casare_cloud.faces.automation.refusals import idempotent, refusals
from casare_cloud.faces.kit.fields import Moment
from casare_cloud.faces.kit.paging import NumberedPage, numbered_page
from casare_cloud.faces.kit.routing import Route, Tx

router = APIRouter(prefix="/executions", tags=["executions"], route_class=Route)


@router.get("", responses=refusals())
async def list_executions(
    tx: Tx,
    page: Annotated[NumberedPage, numbered_page()],
    workflow_id: Annotated[UUID | None, Query()] = None,
    status: Annotated[
        str | None,
        Query(max_length=64, description="pending, running, completed, failed, cancelled; another finds none."),
    ] = None,
    trigger_type: Annotated[str | None, Query(max_length=64, description="manual, schedule, webhook, retry …")] = None,
    agent_id: Annotated[UUID | None, Query()] = None,
    date_from: Annotated[Moment | None, Query(description="At or after this time.")] = None,
    date_to: Annotated[Moment | None, Query(description="Before this time.")] = None,
) -> ExecutionList:
    """List executions, the newest first. Needs executions.read."""
    if date_from is not None and date_to is not None and date_from > date_to:
        raise InvalidArgument("date_from: must not be after date_to.")
    states = states_of(status)
    robot = None if agent_id is None else str(agent_id)
    wanted = Filter(states, workflow_id, robot, date_from, date_to, trigger_types=causes_of(trigger_type))
    jobs, total, _ = await service.list_page(tx, wanted, page.limit, page.offset)
    return ExecutionList(executions=[ExecutionAnswer.of(job) for job in jobs], **page.facts(total))


@router.get("/{execution_id}", responses=refusals(404))
async def get_execution(execution_id: ExecutionId, tx: Tx) -> ExecutionDetail:
    """An execution with what became of its steps. Needs executions.read."""
    job = await service.get(tx, execution_id)
    steps = steps_of(job, await job_reports.list_node_executions(tx, job))
    return ExecutionDetail.of(job, steps=steps, step_results=steps)


@router.get("/{execution_id}/logs", responses=refusals(404))
async def list_execution_logs(
    execution_id: ExecutionId,
    tx: Tx,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> list[LogAnswer]:
    """The log of an execution, the oldest line first. Needs executions.read and logs.read."""
    lines, _ = await job_reports.list_logs(tx, execution_id, LogFilter(), limit, offset)
    return [LogAnswer.of(line) for line in lines]


@router.get("/{execution_id}/data", responses=refusals(404))
async def get_execution_data(execution_id: ExecutionId, tx: Tx) -> DataAnswer:
    """What the steps of an execution left, by their ids, and its variables at the end. Needs executions.read."""
    job = await service.get(tx, execution_id)
    steps = steps_of(job, await job_reports.list_node_executions(tx, job))
    variables = job.result.get("variables") if isinstance(job.result, dict) else None
    return DataAnswer(
        execution_id=job.job_id,
        steps={step.id: StepData.model_validate(step) for step in steps},
        variables=variables if isinstance(variables, dict) else {},
    )


@router.post("/{execution_id}/retry", status_code=202, **idempotent(400, 404))
async def retry_execution(execution_id: ExecutionId, tx: Tx) -> ExecutionAnswer:
    """Run it again as a new execution: 400 JOB_NOT_RETRYABLE unless it failed or was cancelled.

    Needs executions.retry and executions.read.
    """
    return ExecutionAnswer.of(await service.get(tx, await service.retry(tx, execution_id)))


@router.post("/{execution_id}/cancel", responses=refusals(400, 404))
async def cancel_execution(execution_id: ExecutionId, tx: Tx) -> CancelledAnswer:
    """Cancel an execution: a pending one at once, a running one when its agent has stopped.

    400 JOB_ALREADY_FINISHED for one that has ended. Needs executions.cancel.
    """
    done = await service.cancel(tx, execution_id, None, force=False)
    if not done.cancelled and not done.cancel_requested:
        state = word_of(done.previous_status)
        raise Conflict(
            "JOB_ALREADY_FINISHED", f"The execution is {state} already; only a pending or running one can be cancelled."
        )
    if done.cancelled:
        return CancelledAnswer(message="The execution was cancelled.")
    return CancelledAnswer(message="The agent was asked to stop; the execution is cancelled when it has.")
