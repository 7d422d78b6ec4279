"""What an agent tells the person in front of it: one short line an event."""

import atexit
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from casare_cloud.printing import one_line, try_write

MOST_LINES = 1_000


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """Something an agent did or noticed.

    `kind` is one of registered, claimed, completed, failed, cancelled, released, timeout, lease_lost, spooled, unkept,
    delivered, refused, paused, quarantined, resumed,
    draining, stopped, offline, online, transport, watching,
    unwatched, fired, warning; `data` holds the job's id if there
    is one.
    """

    kind: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)


EventHandler = Callable[[AgentEvent], None]


class EventPrinter:
    """Prints `12:30:01  claimed    "Demo" (job 0192…, attempt 1 of 3)` on standard output; never raises or waits.

    A thread of its own writes: a console that stalls (Ctrl-S, a selection in a console of Windows, a pipe that nobody
    reads) holds up lines, of which 1,000 are kept, and no heartbeat. Lines that cannot be written are lost.
    """

    def __init__(self) -> None:
        self._lines: queue.Queue[str] = queue.Queue(MOST_LINES)
        self._left_out = 0
        self._thread: threading.Thread | None = None

    def __call__(self, event: AgentEvent) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="console", daemon=True)
            self._thread.start()
            atexit.register(self.drain)
        try:
            if self._left_out:
                self._lines.put_nowait(_line("console", f"{self._left_out} lines could not be shown"))
                self._left_out = 0
            self._lines.put_nowait(_line(event.kind, event.message))
        except queue.Full:
            self._left_out += 1

    def drain(self, seconds: float = 1.0) -> bool:
        """Waits until all is written, at most so long; whether it is."""
        done = self._lines.all_tasks_done
        with done:
            return done.wait_for(lambda: not self._lines.unfinished_tasks, seconds)

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            try_write(sys.stdout, line)
            self._lines.task_done()


print_event = EventPrinter()
"""The default handler of events; one for the process, as standard output is."""


def _line(kind: str, message: str) -> str:
    return f"{datetime.now():%H:%M:%S}  {kind:<10} {one_line(message)}\n"
