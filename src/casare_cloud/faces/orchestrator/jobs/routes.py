"""Jobs, for people and programs: queue, look, cancel, retry (documents 002 and 003; api-decisions#cancel-and-retry)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from casare_cloud.domain.events import service as events
from casare_cloud.domain.job_reports import service as job_reports
from casare_cloud.domain.job_reports.model import LogFilter, LogOrder
from casare_cloud.domain.jobs import service
from casare_cloud.domain.jobs.model import Filter, LogLevel
from casare_cloud.errors import InvalidArgument
from casare_cloud.faces.kit.fields import Moment
from casare_cloud.faces.kit.paging import Page, page
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.batches import routes as job_batches
from casare_cloud.faces.orchestrator.events.shapes import EventList, EventPage
from casare_cloud.faces.orchestrator.explanations.shapes import JobExplanation
from casare_cloud.faces.orchestrator.fields import JobId, RobotName
from casare_cloud.faces.orchestrator.jobs.shapes import (
    CancelAnswer,
    CancelBody,
    CreateJobBody,
    JobAnswer,
    JobCreated,
    JobList,
    LogLine,
    LogList,
    NodesAnswer,
    RetryAnswer,
    RetryBody,
)
from casare_cloud.faces.orchestrator.jobs.words import FilterWord, states_of
from casare_cloud.faces.orchestrator.leases import routes as job_leases
from casare_cloud.faces.orchestrator.refusals import idempotent, refusals

router = APIRouter(prefix="/jobs", tags=["jobs"], route_class=Route)
router.include_router(job_batches.router)  # before what takes an id


@router.post("", status_code=201, **idempotent(404))
async def create_job(body: CreateJobBody, tx: Tx) -> JobCreated:
    """Queue a job of a published workflow.

    The workflow is named by its UUID or by its name (the newest workflow of that name). Unknown fields are ignored, and
    named in `warnings`, where also stands that no registered robot has what the job asks for.
    409 WORKFLOW_NOT_RUNNABLE when it is archived or disabled. Needs jobs.create.
    """
    job = await service.enqueue(tx, body.job())
    warnings = body.warnings()
    if body.asks_for_a_robot():
        warnings += await service.warnings_of(tx, job.job_id)
    return JobCreated.of(job, warnings=warnings)


@router.get("", responses=refusals())
async def list_jobs(
    tx: Tx,
    page: Annotated[Page, page(100, 500)],
    status: Annotated[
        FilterWord | None,
        Query(description="`claimed`, also `assigned`, matches claimed and running, `failed` failed and timeout."),
    ] = None,
    workflow_id: Annotated[UUID | None, Query()] = None,
    robot_id: Annotated[RobotName | None, Query(description="External id or UUID.")] = None,
    created_after: Annotated[Moment | None, Query(description="At or after this time.")] = None,
    created_before: Annotated[Moment | None, Query(description="Before this time.")] = None,
    trigger_type: Annotated[
        str | None, Query(min_length=1, max_length=64, description="What made it: manual, scheduled, retry, webhook …")
    ] = None,
    error_type: Annotated[
        str | None, Query(min_length=1, max_length=255, description="Its error has this type.")
    ] = None,
    search: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=255,
            description="Part of the workflow's name, the error, its type, or a key of the job, in any letter case.",
        ),
    ] = None,
    before: Annotated[UUID | None, Query(description="The jobs before this one: `next` of the page before.")] = None,
) -> JobList:
    """List jobs, the newest first, without inputs and results. Needs jobs.read.

    Pages go by `offset` or, however long the history is, by `before`. With `trigger_type`, `error_type`, `search` or
    `before` an answer looks through 5,000 jobs (1,000 of those that wait or are in hand) and may hold fewer than
    `limit`: ask again with `before` until `next` is null. `offset` does not go with them.
    """
    causes = None if trigger_type is None else [trigger_type]
    wanted = Filter(
        states_of(status), workflow_id, robot_id, created_after, created_before, before, causes, error_type, search
    )
    if not wanted.is_sparse:
        found = await service.list_page(tx, wanted, page.limit, page.offset)
        return JobList.of(found, page.limit, page.offset)
    if page.offset:
        raise InvalidArgument("offset: goes with none of before, trigger_type, error_type, search; `before` pages.")
    return JobList.looked_through(await service.look_through(tx, wanted, page.limit), page.limit)


@router.get("/{job_id}", responses=refusals(404))
async def get_job(job_id: JobId, tx: Tx) -> JobAnswer:
    """A job with its input, state, result or error. Needs jobs.read; a robot sees the jobs that it holds."""
    return JobAnswer.of(await service.get(tx, job_id))


@router.get("/{job_id}/explain", responses=refusals(404))
async def explain_job(job_id: JobId, tx: Tx) -> JobExplanation:
    """Why a job waits, who holds it or how it ended: the first clause of the claim that fails, for each robot.

    From the predicates that the claim itself uses. Needs jobs.read.
    """
    return JobExplanation.model_validate(await service.explain(tx, job_id))


@router.get("/{job_id}/events", responses=refusals(404))
async def list_job_events(job_id: JobId, tx: Tx, page: EventPage) -> EventList:
    """What happened to a job, in sequence. Needs jobs.read and events.read."""
    return EventList.of(await events.list_of_job(tx, job_id, page.after, page.limit), page.after)


@router.get("/{job_id}/logs", responses=refusals(404))
async def list_job_logs(
    job_id: JobId,
    tx: Tx,
    page: Annotated[Page, page(100, 1000)],
    level: Annotated[LogLevel | None, Query()] = None,
    order: Annotated[LogOrder, Query(description="Which line comes first.")] = "oldest",
    after: Annotated[UUID | None, Query(description="Only lines after the one with this `id`.")] = None,
    before: Annotated[UUID | None, Query(description="Only lines before the one with this `id`.")] = None,
) -> LogList:
    """What the robots logged while they ran the job. Needs jobs.read and logs.read.

    `total` counts the lines that match, `after` and `before` included. To follow a log, ask for the newest lines once
    and then for those `after` the newest that you have; for older ones, `before` the oldest, newest first.
    """
    wanted = LogFilter(level, after, before, order)
    found, total = await job_reports.list_logs(tx, job_id, wanted, page.limit, page.offset)
    return LogList(logs=[LogLine.model_validate(line) for line in found], **page.facts(total))


@router.get("/{job_id}/nodes", responses=refusals(404))
async def list_job_nodes(job_id: JobId, tx: Tx) -> NodesAnswer:
    """What robots said of the nodes of each attempt, the first attempt first: when each began, and for how long it ran.

    An attempt whose robot said nothing of its nodes is not there. Needs jobs.read.
    """
    return NodesAnswer.of(job_id, await job_reports.list_attempts(tx, job_id))


@router.post("/{job_id}/cancel", responses=refusals(404, 409))
async def cancel_job(job_id: JobId, tx: Tx, body: CancelBody | None = None) -> CancelAnswer:
    """Cancel a job: a waiting one at once, one in hand when its robot has stopped.

    Of one in hand `cancelled` is false and `cancel_requested` true: the robot was asked, and the job is cancelled when
    it has stopped, or completed if it was done before that. A robot that does not stop within the grace time (60
    seconds, or `cancel_grace_seconds` in the tenant's settings) loses the job to `force`; before, force is 409
    CANCEL_NOT_FORCEABLE, which says from when. A finished job stays as it is: 200 with both false. Unknown fields are
    refused. Needs jobs.cancel.
    """
    body = body or CancelBody()
    return CancelAnswer.of(await service.cancel(tx, job_id, body.reason, force=body.force))


@router.post("/{job_id}/retry", **idempotent(404))
async def retry_job(job_id: JobId, tx: Tx, body: RetryBody | None = None) -> RetryAnswer:
    """Queue a new job like one that failed, was cancelled or timed out; `retry_of` of the new one names it.

    With `input`, the new job begins with that, and may repeat a completed job as well. 400 JOB_NOT_RETRYABLE for any
    other state, 409 DEDUPE_KEY_TAKEN while another job has its dedupe key. Unknown fields are refused. Needs
    jobs.retry, and with an input jobs.create.
    """
    new_job_id = await service.retry(tx, job_id, body.input if body else None)
    return RetryAnswer(original_job_id=job_id, new_job_id=new_job_id, job_id=new_job_id, message="Job queued for retry")


router.include_router(job_leases.router)
