"""What can be done with dead letters. Every rule is in the SQL functions that are called here."""

from collections.abc import Sequence
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.dead_letters import queries
from casare_cloud.domain.dead_letters.model import Counts, DeadLetter, Filter, OpenOfWorkflow, Outcome
from casare_cloud.domain.permissions import require_found
from casare_cloud.domain.rows import split_page
from casare_cloud.errors import NotFound


class DeadLetterNotFound(NotFound):
    """There is no such dead letter, or it is another tenant's."""

    def __init__(self) -> None:
        super().__init__("DEAD_LETTER_NOT_FOUND", "There is no such dead letter.")


async def list_page(tx: Transaction, wanted: Filter, limit: int, offset: int) -> tuple[list[DeadLetter], int]:
    """(dead letters of the page, the newest job first; how many match in all). Needs jobs.read."""
    rows = await tx.fetch_all(
        queries.LIST_DEAD_LETTERS,
        {
            "workflow_id": wanted.workflow_id,
            "reason": wanted.reason,
            "is_resolved": wanted.is_resolved,
            "limit": limit,
            "offset": offset,
        },
    )
    items, total = split_page(rows, "job_id")
    return [DeadLetter(**item) for item in items], total


async def get(tx: Transaction, job_id: UUID) -> DeadLetter:
    """The dead letter of a job; `DeadLetterNotFound`. Needs jobs.read."""
    row = await tx.fetch_one(queries.GET_DEAD_LETTER, {"job_id": job_id})
    return DeadLetter(**await require_found(tx, row, "jobs.read", DeadLetterNotFound))


async def count(tx: Transaction) -> Counts:
    """How many there are, and of what. Needs jobs.read."""
    row = await tx.fetch_one(queries.COUNT_DEAD_LETTERS, {})
    assert row is not None
    workflows = [
        OpenOfWorkflow(UUID(item["workflow_id"]), item["workflow_name"], item["letters"]) for item in row["by_workflow"]
    ]
    return Counts(**{**row, "by_workflow": workflows})


async def requeue(tx: Transaction, job_id: UUID) -> UUID:
    """Queue the job again, as a new job; the new job's id.

    Raises 409 DEAD_LETTER_RESOLVED, and DEDUPE_KEY_TAKEN as `jobs.service.retry`. Needs jobs.retry.
    """
    new_job_id: UUID = await tx.fetch_value(queries.REQUEUE_DEAD_LETTER, {"job_id": job_id})
    return new_job_id


async def purge(tx: Transaction, job_id: UUID) -> None:
    """Take a dead letter away for good; `DeadLetterNotFound`. Needs jobs.delete."""
    await tx.execute(queries.PURGE_DEAD_LETTER, {"job_id": job_id})


async def requeue_many(tx: Transaction, job_ids: Sequence[UUID]) -> list[Outcome]:
    """`requeue` for 1 to 1,000 jobs; each has its own answer."""
    rows = await tx.fetch_all(queries.REQUEUE_DEAD_LETTERS, {"job_ids": list(job_ids)})
    return [Outcome(**row) for row in rows]


async def purge_many(tx: Transaction, job_ids: Sequence[UUID]) -> list[Outcome]:
    """`purge` for 1 to 1,000 jobs; each has its own answer."""
    rows = await tx.fetch_all(queries.PURGE_DEAD_LETTERS, {"job_ids": list(job_ids)})
    return [Outcome(**row) for row in rows]
