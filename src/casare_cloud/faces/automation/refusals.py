"""Shapes of the face's refusals, and what its routes say of them."""

from typing import Annotated

from pydantic import Field

from casare_cloud.faces.automation.envelope import AutomationEnvelope
from casare_cloud.faces.kit.refusals import Refusals
from casare_cloud.faces.kit.shapes import Answer
from casare_cloud.faces.kit.workflow_check import WorkflowProblem


class BrokenRule(Answer):
    """A rule that the request breaks: where, which, and of what kind."""

    loc: Annotated[list[str | int], Field(description="body, query or path, then the names that lead to the field.")]
    msg: str
    type: str


class Refusal(Answer):
    """Why a request was refused: a sentence for people, a code for programs."""

    detail: str
    error_code: str
    request_id: str
    errors: Annotated[list[BrokenRule] | None, Field(description="With 422: each broken rule.")] = None
    details: Annotated[
        list[WorkflowProblem] | None, Field(description="With WORKFLOW_INVALID: each mistake, 50 at most.")
    ] = None


class TooOften(Refusal):
    """A refusal that passes by itself."""

    retry_after: Annotated[int, Field(description="Seconds to wait; also in the header `Retry-After`.")]


REFUSALS = Refusals(AutomationEnvelope(), Refusal, TooOften)
refusals = REFUSALS.of
idempotent = REFUSALS.idempotent
