"""Shapes of what happened."""

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.events.model import Event
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.paging import After, after
from casare_cloud.faces.kit.shapes import Answer, Time
from casare_cloud.faces.orchestrator.events import examples
from casare_cloud.faces.orchestrator.robots.words import with_word

EventPage = Annotated[After, after(100, 1000, "The number of the last event that was read; 0: none.")]


class EventAnswer(Answer):
    """Something that happened. `robot_id` is the robot's UUID, `robot_external_id` what people call it (a robot of this
    tenant); `data` depends on the type."""

    model_config = showing(examples.EVENT)

    seq: int
    event_id: UUID
    event_type: str
    timestamp: Annotated[Time, Field(validation_alias="occurred_at")]
    job_id: UUID | None
    robot_id: UUID | None
    robot_external_id: str | None
    workflow_id: UUID | None
    actor_id: UUID | None
    data: dict[str, Any]


class EventCursor(Answer):
    """The number of the newest event; 0: nothing has happened yet."""

    model_config = showing(examples.CURSOR)

    next: int


class EventList(Answer):
    """Events in sequence; `next` is what to send as `after` next time."""

    model_config = showing(examples.EVENTS)

    events: list[EventAnswer]
    next: int

    @classmethod
    def of(cls, events: list[Event], after: int) -> "EventList":
        """Events as the service gives them."""
        answers = [EventAnswer.model_validate(replace(event, data=with_word(event.data))) for event in events]
        return cls(events=answers, next=answers[-1].seq if answers else after)
