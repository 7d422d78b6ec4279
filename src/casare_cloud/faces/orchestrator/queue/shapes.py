"""Shapes of the queue as a whole."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer
from casare_cloud.faces.orchestrator.explanations.shapes import NextStep, ReasonCode, Sentence
from casare_cloud.faces.orchestrator.queue import examples


class WaitingReason(Answer):
    """A reason, and how many jobs wait for it. The sentence is that of one of them."""

    model_config = showing(examples.REASON)

    reason_code: ReasonCode
    verdict: Literal["ready", "waiting", "blocked"]
    jobs: int
    is_capped: Annotated[bool, Field(description="More jobs wait for it than were counted.")]
    job_id: Annotated[UUID, Field(description="One of the jobs.")]
    sentence: Sentence
    next_step: NextStep


class WaitingReasons(Answer):
    """Why jobs wait."""

    model_config = showing(examples.REASONS)

    waiting: Annotated[int, Field(description="Jobs that wait for a robot, as far as they were counted.")]
    scheduled: Annotated[int, Field(description="Jobs that wait for a time, as far as they were counted.")]
    is_capped: Annotated[bool, Field(description="More jobs wait than were counted.")]
    others: Annotated[int, Field(description="Of `waiting`, those whose reason was not looked for: of rare demands.")]
    reasons: list[WaitingReason]
