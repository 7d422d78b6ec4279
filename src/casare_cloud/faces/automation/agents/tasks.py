"""Tasks: executions that agents take, hold while they are heard of, and end (document 004).

An agent knows no lease. What it claims is held under its id, renewed by each heartbeat and claim, and is another's when
it was silent until it counts as offline, and for five minutes at least; what it reports after that changes nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter

from casare_cloud.domain.jobs import leases, service
from casare_cloud.domain.jobs.model import Failure, Filter
from casare_cloud.domain.robots import service as robots
from casare_cloud.errors import ApiError, KeptRefusal, NotFound
from casare_cloud.faces.automation.agents.shapes import (
    AssignedAnswer,
    AssignedTask,
    ClaimAnswer,
    ClaimBody,
    LogsBody,
    LogsTaken,
    QueueAnswer,
    QueuedTask,
    ResultAnswer,
    ResultBody,
    TaskAnswer,
    TaskReleased,
)
from casare_cloud.faces.automation.executions.words import word_of
from casare_cloud.faces.automation.fields import AgentId, ExecutionId
from casare_cloud.faces.automation.refusals import refusals
from casare_cloud.faces.kit.paging import NumberedPage, numbered_page
from casare_cloud.faces.kit.routing import Route, Tx

router = APIRouter(prefix="/agent-tasks", tags=["agent-tasks"], route_class=Route)

_NOT_RUNNING = ("LEASE_LOST", "JOB_ALREADY_FINISHED")


@contextmanager
def _as_404() -> Iterator[None]:
    """Says of a task that the agent does not hold what this face says of it; what a refusal kept is kept."""
    try:
        yield
    except KeptRefusal as refusal:
        raise KeptRefusal(404, "JOB_NOT_FOUND", refusal.message) from refusal
    except ApiError as refusal:
        if refusal.code in _NOT_RUNNING:
            raise NotFound("JOB_NOT_FOUND", "This agent does not hold such an execution.") from refusal
        raise


@router.post("/claim", responses=refusals(404))
async def claim_task(body: ClaimBody, tx: Tx) -> ClaimAnswer:
    """Take a task that the agent is able to do; it runs from now on. Only for the agent itself, with its own token."""
    own = await robots.own_id(tx)
    if own is not None and own != body.agent_id:
        raise robots.RobotNotFound()
    job = await leases.claim_for_agent(tx, body.words())
    if job is None:
        return ClaimAnswer(task=None, message="There is no task for this agent now.")
    return ClaimAnswer(task=TaskAnswer.of(job, datetime.now(UTC)), message=None)


@router.post("/{execution_id}/result", responses=refusals(404))
async def report_result(execution_id: ExecutionId, body: ResultBody, tx: Tx) -> ResultAnswer:
    """Say how a task ended, once; the same report again answers the same. 404 when the agent does not hold it.

    A failure is final: `retry` runs it again; of its output, `node_executions` is kept: what had run. Only for the
    agent that holds it, with its own token.
    """
    with _as_404():
        if body.status == "completed":
            ended = await leases.complete(tx, execution_id, None, body.output)
        else:
            message = body.error_message or "The agent reported a failure without saying why."
            steps = (body.output or {}).get("node_executions")
            failure = Failure(message, retryable=False)
            ended = await leases.fail(tx, execution_id, None, failure, steps if isinstance(steps, list) else None)
    return ResultAnswer(execution_id=execution_id, status=word_of(ended.status), completed_at=datetime.now(UTC))


@router.post("/{execution_id}/logs", responses=refusals(404))
async def append_logs(execution_id: ExecutionId, body: LogsBody, tx: Tx) -> LogsTaken:
    """Append lines to the log of a task, all or none; the last ones may come up to 10 minutes after its result.

    404 when the agent does not hold it. Only for the agent that holds it, with its own token.
    """
    with _as_404():
        entries = [line.entry for line in body.entries]
        return LogsTaken(accepted=await leases.append_logs(tx, execution_id, None, entries, body.sequence))


@router.post("/{execution_id}/release", responses=refusals(404))
async def release_task(execution_id: ExecutionId, tx: Tx) -> TaskReleased:
    """Give a task back: another agent may take it, and one that was to be cancelled is. 404 as for the result.

    Only for the agent that holds it, with its own token.
    """
    with _as_404():
        ended = await leases.release(tx, execution_id, None)
    return TaskReleased(execution_id=execution_id, status=word_of(ended.status))


@router.get("/queue", responses=refusals())
async def list_queue(tx: Tx, page: Annotated[NumberedPage, numbered_page()]) -> QueueAnswer:
    """List what waits for an agent, the newest first. Needs executions.read."""
    jobs, total, _ = await service.list_page(tx, Filter(["queued"]), page.limit, page.offset)
    return QueueAnswer(queue=[QueuedTask.of(job) for job in jobs], **page.facts(total))


@router.get("/assigned/{agent_id}", responses=refusals(404))
async def list_assigned(agent_id: AgentId, tx: Tx) -> AssignedAnswer:
    """List what an agent holds. Needs agents.read and executions.read."""
    await robots.get(tx, str(agent_id))
    jobs, _, _ = await service.list_page(tx, Filter(["claimed", "running"], robot=str(agent_id)), 100, 0)
    return AssignedAnswer(agent_id=agent_id, assigned_tasks=[AssignedTask.of(job) for job in jobs], count=len(jobs))
