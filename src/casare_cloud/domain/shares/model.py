"""Values of the shares domain."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Share:
    """A workflow's part in the robots: `load` is the robot-seconds that it has had lately, over its weight."""

    workflow_id: UUID
    workflow_name: str
    weight: int
    load: float
    running: int
