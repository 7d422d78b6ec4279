"""What a sender is answered, as OpenAPI shows it (documents 001 and 004); answers are made without these shapes."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from casare_cloud.faces.kit.examples import Example, showing
from casare_cloud.faces.kit.shapes import Answer

_TRIGGER_ID = "880e8400-e29b-41d4-a716-446655440003"
_JOB_ID = "770e8400-e29b-41d4-a716-446655440002"
_EVENT: Example = {
    "event_type": "new_order",
    "data": {"order_id": "ORD-12345", "customer_id": "CUST-001", "amount": 1500.0},
    "timestamp": "2024-01-15T10:30:00Z",
}
_ACCEPTED: Example = {
    "status": "accepted",
    "trigger_id": _TRIGGER_ID,
    "job_id": _JOB_ID,
    "message": "Workflow execution triggered",
}
_LIMITED: Example = {
    "status": "rate_limited",
    "trigger_id": _TRIGGER_ID,
    "cooldown_remaining": 45,
    "message": "Trigger is in cooldown period",
}
_REFUSED: Example = {
    "status": "error",
    "error_code": "TRIGGER_NOT_FOUND",
    "message": f"Trigger with ID {_TRIGGER_ID} not found",
}


class Event(BaseModel):
    """A delivery of document 001: `event_type`, and whatever else."""

    model_config = showing(_EVENT, "allow")

    event_type: Annotated[str, Field(min_length=1, max_length=255)]
    data: Annotated[dict[str, Any] | None, Field(description="What happened.")] = None
    timestamp: Annotated[str | None, Field(description="When; nobody judges it.")] = None


class DeliveryAnswer(Answer):
    """What became of a delivery; a repeat of it is answered as the first one was."""

    model_config = showing(_ACCEPTED)

    status: Annotated[
        Literal["accepted", "filtered"],
        Field(description="filtered: the trigger does not want it, and nothing starts."),
    ]
    trigger_id: UUID
    job_id: Annotated[UUID | None, Field(description="The job that is in the queue; null when it was filtered.")]
    message: str


class PathAnswer(DeliveryAnswer):
    """The same in the words of document 004 besides."""

    model_config = showing({"accepted": True, "execution_id": _JOB_ID, **_ACCEPTED})

    accepted: bool
    execution_id: Annotated[UUID | None, Field(description="`job_id`.")]


class Limited(Answer):
    """Too early, or too often; nothing starts, and the delivery may come again."""

    model_config = showing(_LIMITED)

    status: Literal["rate_limited"]
    trigger_id: UUID
    cooldown_remaining: Annotated[int, Field(description="Seconds until the trigger takes a delivery again.")]
    message: str


class Refused(Answer):
    """Why a delivery is refused."""

    model_config = showing(_REFUSED)

    status: Literal["error"]
    error_code: str
    message: str
