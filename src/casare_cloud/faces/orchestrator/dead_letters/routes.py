"""Dead letters: jobs that ended badly for good, kept for a person (api-decisions#dead-letters)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from casare_cloud.domain.dead_letters import service
from casare_cloud.domain.dead_letters.model import DeadReason, Filter
from casare_cloud.faces.kit.paging import Page, page
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.casare.shapes import DeadLetterEntry, DeadLetterWord, is_resolved
from casare_cloud.faces.orchestrator.dead_letters.shapes import (
    DeadLetterAnswer,
    DeadLetterList,
    DeadLetterOutcomes,
    DeadLetterPurged,
    DeadLetterRequeued,
    DeadLetterStats,
    ManyBody,
)
from casare_cloud.faces.orchestrator.fields import JobId
from casare_cloud.faces.orchestrator.refusals import idempotent, refusals

router = APIRouter(prefix="/dlq", tags=["dead letters"], route_class=Route)


@router.get("", responses=refusals())
async def list_dead_letters(
    tx: Tx,
    page: Annotated[Page, page(100, 500)],
    workflow_id: Annotated[UUID | None, Query()] = None,
    reason: Annotated[DeadReason | None, Query()] = None,
    resolved: Annotated[
        bool | None, Query(description="Those that were queued again, instead of the open ones.")
    ] = None,
    status: Annotated[
        DeadLetterWord | None,
        Query(
            description="In place of `resolved`, for CasareRPA's dashboard: `pending` (open ones), `resolved`, `all`."
        ),
    ] = None,
) -> DeadLetterList:
    """List dead letters, the newest job first; the open ones, unless others are asked for. Needs jobs.read."""
    wanted = Filter(workflow_id, reason, is_resolved(status, resolved))
    items, total = await service.list_page(tx, wanted, page.limit, page.offset)
    letters = [DeadLetterAnswer.model_validate(item) for item in items]
    is_all = wanted == Filter()
    return DeadLetterList(
        dead_letters=letters,
        entries=[DeadLetterEntry.of(item) for item in items],
        pending=total if is_all else (await service.count(tx)).open,
        **page.facts(total),
    )


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
