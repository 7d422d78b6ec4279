"""Shapes of shares."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import Integer
from casare_cloud.faces.kit.shapes import Answer, Body
from casare_cloud.faces.orchestrator.shares import examples


class ShareBody(Body):
    """The weight of a workflow. Closed."""

    model_config = showing(examples.SET_SHARE, extra="forbid")

    weight: Annotated[Integer, Field(ge=1, le=100, description="Twice the weight: twice the robot-seconds.")]


class ShareAnswer(Answer):
    """A workflow's part in the robots."""

    model_config = showing(examples.SHARE)

    workflow_id: UUID
    workflow_name: str
    weight: int
    load: Annotated[
        float, Field(description="Robot-seconds that it has had lately, over its weight: the least is next.")
    ]
    running: Annotated[int, Field(description="Jobs that robots hold now.")]


class ShareList(Answer):
    """A page of shares."""

    model_config = showing(examples.SHARES)

    shares: list[ShareAnswer]
    limit: int
    offset: int
