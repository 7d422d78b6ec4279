"""What an agent tells the person in front of it: one short line an event."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """Something an agent did or noticed.

    `kind` is one of registered, claimed, completed, failed, cancelled, released, timeout, lease_lost, spooled, unkept,
    delivered, refused, paused, resumed, draining, stopped, offline, online, warning; `data` holds the job's id if there is one.
    """

    kind: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)


EventHandler = Callable[[AgentEvent], None]


def print_event(event: AgentEvent) -> None:
    """The default handler: `12:30:01  claimed    "Demo" (job 0192…, attempt 1 of 3)` on standard output."""
    print(f"{datetime.now():%H:%M:%S}  {event.kind:<10} {event.message}", file=sys.stdout, flush=True)
