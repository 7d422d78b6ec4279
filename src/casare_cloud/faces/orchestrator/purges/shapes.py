"""Shapes of a purge of finished jobs."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Flag, Integer, Moment
from casare_cloud.faces.kit.shapes import Answer, Body
from casare_cloud.faces.orchestrator.purges import examples

EndWord = Literal["completed", "failed", "cancelled", "timeout"]


class PurgeBody(Body):
    """Which finished jobs to delete, with their logs, dead letters and late results. Closed."""

    model_config = showing(examples.PURGE, extra="forbid")

    status: Annotated[
        list[EndWord], Field(min_length=1, max_length=4, description="failed and timeout: with their dead letters.")
    ] = ["completed", "cancelled"]  # noqa: RUF012
    finished_before: Annotated[Moment | None, Field(description="Default: now.")] = None
    workflow_id: UUID | None = None
    dry_run: Annotated[Flag, Field(description="true counts what would be deleted, and deletes nothing.")] = True
    limit: Annotated[Integer, Field(ge=1, le=5000, description="How many jobs to look at, the oldest first.")] = 1000
    after: Annotated[UUID | None, Field(description="`next_after` of the answer before.")] = None


class PurgeAnswer(Answer):
    """A page of a purge: of `seen` jobs, `purged` were deleted, or would be. `next_after` null: that was the last."""

    model_config = showing(examples.PURGED)

    dry_run: bool
    purged: int
    dead_letters: int
    log_entries: int
    seen: int
    next_after: UUID | None
