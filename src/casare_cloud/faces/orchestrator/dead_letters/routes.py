"""Dead letters: jobs that ended badly for good, kept for a person (api-map §3)."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from casare_cloud.domain.dead_letters import service
from casare_cloud.domain.dead_letters.model import DeadReason, Filter, Outcome
from casare_cloud.faces.kit.paging import Page, page
from casare_cloud.faces.kit.refusals import idempotent, refusals
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.kit.shapes import Answer, Body, Time
from casare_cloud.faces.orchestrator.dead_letters import examples
from casare_cloud.faces.orchestrator.examples import showing
from casare_cloud.faces.orchestrator.fields import JobId

router = APIRouter(prefix="/dlq", tags=["dead letters"], route_class=Route)


class DeadLetterAnswer(Answer):
    """A job that ended badly for good. `resolved_at` and `requeued_job_id`: somebody queued it again."""

    model_config = showing(examples.DEAD_LETTER)

    job_id: UUID
    workflow_id: UUID
    workflow_name: str | None
    reason: DeadReason
    attempts: int
    error_type: str | None
    error_message: str | None
    dead_lettered_at: Time
    resolved_at: Time | None
    resolved_by: UUID | None
    requeued_job_id: UUID | None


class DeadLetterList(Answer):
    """A page of dead letters, the newest job first; `total` counts all that match."""

    model_config = showing(examples.DEAD_LETTERS)

    dead_letters: list[DeadLetterAnswer]
    total: int
    limit: int
    offset: int


class WorkflowDeadLetters(Answer):
    """How many open dead letters a workflow has."""

    model_config = showing(examples.WORKFLOW_DEAD_LETTERS)

    workflow_id: UUID
    workflow_name: str | None
    letters: int


class DeadLetterStats(Answer):
    """Open and resolved dead letters; the open ones by reason, and by the 20 workflows that have most."""

    model_config = showing(examples.DEAD_LETTER_STATS)

    open: int
    resolved: int
    oldest_at: Time | None
    by_reason: dict[str, int]
    by_workflow: list[WorkflowDeadLetters]


class DeadLetterRequeued(Answer):
    """The dead-lettered job, and the one that repeats it."""

    model_config = showing(examples.REQUEUED)

    job_id: UUID
    new_job_id: UUID


class DeadLetterPurged(Answer):
    """The dead letter is gone."""

    model_config = showing(examples.PURGED)

    job_id: UUID
    purged: bool


class ManyBody(Body):
    """Which dead letters. Closed: nothing else is taken."""

    model_config = showing(examples.MANY_DEAD_LETTERS, extra="forbid")

    job_ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)]


class DeadLetterOutcome(Answer):
    """What became of one of them, by its place in the request: `status` when it was done, else the error."""

    model_config = showing(examples.DEAD_LETTER_OUTCOME)

    position: int
    job_id: UUID
    status: Literal["requeued", "purged"] | None
    new_job_id: UUID | None
    error_status: int | None
    error_code: str | None
    detail: Annotated[str | None, Field(validation_alias="error_message")]


class DeadLetterOutcomes(Answer):
    """An answer for each, in the order of the request."""

    model_config = showing(examples.DEAD_LETTER_OUTCOMES)

    results: list[DeadLetterOutcome]
    succeeded: int
    failed: int

    @classmethod
    def of(cls, outcomes: list[Outcome]) -> "DeadLetterOutcomes":
        """The outcomes as the service gives them."""
        done = sum(outcome.status is not None for outcome in outcomes)
        answers = [DeadLetterOutcome.model_validate(outcome) for outcome in outcomes]
        return cls(results=answers, succeeded=done, failed=len(outcomes) - done)


@router.get("", responses=refusals())
async def list_dead_letters(
    tx: Tx,
    page: Annotated[Page, page(100, 500)],
    workflow_id: Annotated[UUID | None, Query()] = None,
    reason: Annotated[DeadReason | None, Query()] = None,
    resolved: Annotated[bool, Query(description="Those that were queued again, instead of the open ones.")] = False,
) -> DeadLetterList:
    """List dead letters, the newest job first. Needs jobs.read."""
    items, total = await service.list_page(tx, Filter(workflow_id, reason, resolved), page.limit, page.offset)
    letters = [DeadLetterAnswer.model_validate(item) for item in items]
    return DeadLetterList(dead_letters=letters, total=total, limit=page.limit, offset=page.offset)


@router.get("/stats", responses=refusals())
async def count_dead_letters(tx: Tx) -> DeadLetterStats:
    """How many dead letters there are, and of what. Needs jobs.read."""
    return DeadLetterStats.model_validate(await service.count(tx))


@router.post("/retry", **idempotent())
async def requeue_dead_letters(body: ManyBody, tx: Tx) -> DeadLetterOutcomes:
    """Queue up to 1,000 dead-lettered jobs again; each has its own answer. Needs jobs.retry."""
    return DeadLetterOutcomes.of(await service.requeue_many(tx, body.job_ids))


@router.post("/delete", responses=refusals())
async def purge_dead_letters(body: ManyBody, tx: Tx) -> DeadLetterOutcomes:
    """Take up to 1,000 dead letters away for good; each has its own answer. Needs jobs.delete."""
    return DeadLetterOutcomes.of(await service.purge_many(tx, body.job_ids))


@router.get("/{job_id}", responses=refusals(404))
async def get_dead_letter(job_id: JobId, tx: Tx) -> DeadLetterAnswer:
    """The dead letter of a job. Needs jobs.read."""
    return DeadLetterAnswer.model_validate(await service.get(tx, job_id))


@router.post("/{job_id}/retry", **idempotent(404))
async def requeue_dead_letter(job_id: JobId, tx: Tx) -> DeadLetterRequeued:
    """Queue a dead-lettered job again, as a new job that names it in `retry_of`; the dead letter is resolved.

    409 DEAD_LETTER_RESOLVED when somebody did it before, DEDUPE_KEY_TAKEN while another job has its dedupe key. Needs
    jobs.retry.
    """
    return DeadLetterRequeued(job_id=job_id, new_job_id=await service.requeue(tx, job_id))


@router.delete("/{job_id}", responses=refusals(404))
async def purge_dead_letter(job_id: JobId, tx: Tx) -> DeadLetterPurged:
    """Take a dead letter away for good; the job stays in the history as it ended. Needs jobs.delete."""
    await service.purge(tx, job_id)
    return DeadLetterPurged(job_id=job_id, purged=True)
