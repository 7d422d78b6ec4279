"""Shapes of limits of what robots run at once."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.limits.model import OnCollision, Scope
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Integer
from casare_cloud.faces.kit.shapes import Answer, Body, Time
from casare_cloud.faces.orchestrator.limits import examples

Key = Annotated[str, Field(min_length=1, max_length=255)]


class LimitBody(Body):
    """A limit to set. Closed. `workflow_id` is for the scope workflow, `concurrency_key` for the scope key."""

    model_config = showing(examples.SET_LIMIT, extra="forbid")

    scope: Scope
    workflow_id: UUID | None = None
    concurrency_key: Key | None = None
    max_running: Annotated[Integer, Field(ge=0, le=100000, description="0: nothing is claimed.")]
    on_collision: Annotated[
        OnCollision, Field(description="What happens when a job of a full key becomes ready; for the scope key.")
    ] = "queue"


class LimitAnswer(Answer):
    """A limit, and how many jobs count towards it now."""

    model_config = showing(examples.LIMIT)

    scope: Scope
    workflow_id: UUID | None
    concurrency_key: str | None
    max_running: int
    on_collision: OnCollision
    running: int
    updated_at: Time


class LimitList(Answer):
    """A page of limits, the widest scope first."""

    model_config = showing(examples.LIMITS)

    limits: list[LimitAnswer]
    limit: int
    offset: int
