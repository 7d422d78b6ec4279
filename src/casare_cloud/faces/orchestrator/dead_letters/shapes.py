"""Shapes of dead letters."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.dead_letters.model import DeadReason, Outcome
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer, Body, Time
from casare_cloud.faces.orchestrator.casare.shapes import DeadLetterEntry
from casare_cloud.faces.orchestrator.dead_letters import examples


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
    entries: Annotated[list[DeadLetterEntry], Field(description="The same, for CasareRPA's dashboard.")]
    pending: Annotated[int, Field(description="Open ones, whatever was asked for.")]
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
