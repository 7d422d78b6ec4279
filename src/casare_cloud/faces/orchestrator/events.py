"""What happened in the tenant, in a sequence that a client can resume from (api-map §3)."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field

from casare_cloud.domain.events import service
from casare_cloud.domain.events.model import Event
from casare_cloud.faces.shared.refusals import refusals
from casare_cloud.faces.shared.routing import Route, Tx
from casare_cloud.faces.shared.shapes import Answer, Time

router = APIRouter(prefix="/events", tags=["events"], route_class=Route)

After = Annotated[int, Query(ge=0, le=2**63 - 1, description="The number of the last event that was read; 0: none.")]
EventLimit = Annotated[int, Query(ge=1, le=1000)]


class EventAnswer(Answer):
    """Something that happened. `robot_id` is the robot's UUID; `data` depends on the type."""

    seq: int
    event_id: UUID
    event_type: str
    timestamp: Annotated[Time, Field(validation_alias="occurred_at")]
    job_id: UUID | None
    robot_id: UUID | None
    workflow_id: UUID | None
    actor_id: UUID | None
    data: dict[str, Any]


class EventList(Answer):
    """Events in sequence; `next` is what to send as `after` next time."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "events": [
                        {
                            "seq": 42,
                            "event_id": "019abcde-0000-7000-8000-000000000001",
                            "event_type": "job.completed",
                            "timestamp": "2025-12-01T10:30:00Z",
                            "job_id": "660e8400-e29b-41d4-a716-446655440001",
                            "robot_id": "770e8400-e29b-41d4-a716-446655440002",
                            "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
                            "actor_id": None,
                            "data": {"status": "completed", "workflow_name": "Daily Report", "attempt": 1},
                        }
                    ],
                    "next": 42,
                }
            ]
        }
    )

    events: list[EventAnswer]
    next: int

    @classmethod
    def of(cls, events: list[Event], after: int) -> "EventList":
        """Events as the service gives them."""
        answers = [EventAnswer.model_validate(event) for event in events]
        return cls(events=answers, next=answers[-1].seq if answers else after)


@router.get("", responses=refusals())
async def list_events(tx: Tx, after: After = 0, limit: EventLimit = 100) -> EventList:
    """The tenant's events after a number; resuming with `next` misses and repeats nothing. Needs events.read."""
    return EventList.of(await service.list_after(tx, after, limit), after)
