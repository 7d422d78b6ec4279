"""Shapes of the orchestrator's refusals, and what its routes say of them."""

from typing import Annotated, Literal

from pydantic import Field

from casare_cloud.faces.kit.refusals import Refusals
from casare_cloud.faces.kit.shapes import Answer
from casare_cloud.faces.kit.workflow_check import WorkflowProblem
from casare_cloud.faces.orchestrator.envelope import OrchestratorEnvelope


class Refusal(Answer):
    """Why a request was refused: a sentence for people, a code for programs."""

    detail: str
    error_code: str
    request_id: str
    details: Annotated[
        list[WorkflowProblem] | None, Field(description="With WORKFLOW_INVALID: each mistake, 50 at most.")
    ] = None


class TooOften(Refusal):
    """A refusal that passes by itself: `error` and `retry_after` as document 000 has them."""

    error: Literal["Rate limit exceeded"]
    retry_after: Annotated[int, Field(description="Seconds to wait; also in the header `Retry-After`.")]


REFUSALS = Refusals(OrchestratorEnvelope(), Refusal, TooOften)
refusals = REFUSALS.of
idempotent = REFUSALS.idempotent
