"""Shapes of watches."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer, Body
from casare_cloud.faces.orchestrator.watches import examples


class WatchBody(Body):
    """What is watched. Closed."""

    model_config = showing(examples.WATCH, extra="forbid")

    job_id: Annotated[UUID | None, Field(description="One job and all its details; none: the tenant's changes.")] = None


class WatchAnswer(Answer):
    """Where it is pushed, and when to say again that somebody watches."""

    model_config = showing(examples.WATCHED)

    topic: Annotated[str, Field(description="A private topic of Supabase Realtime.")]
    pushes: Annotated[
        Literal["watched", "always", "off"], Field(description="What the tenant's settings say; off: poll instead.")
    ]
    renew_after_seconds: int
    after: Annotated[int, Field(description="Events from now on have a greater number: `GET /events?after=`.")]
