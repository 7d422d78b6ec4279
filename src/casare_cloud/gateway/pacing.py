"""How often a client may open the same socket. There are pages that open theirs anew each time they draw themselves."""

from collections import OrderedDict
from collections.abc import Hashable

BURST = 20  # openings that wait for nothing, for people and programs behind one address
SECONDS = 1.0  # that each further one waits, and after which one more waits for nothing
_MOST_CLIENTS = 10_000


class Pace:
    """Counts the openings of each socket by each client. Times are those of the loop."""

    def __init__(self) -> None:
        self._full_until: OrderedDict[tuple[str | None, Hashable], float] = OrderedDict()

    def delay_of(self, client: str | None, socket: Hashable, now: float) -> float:
        """Counts an opening; the seconds that it has to wait. Paths that differ in an id only are one socket's."""
        until = max(self._full_until.pop((client, socket), now), now) + SECONDS
        most = now + BURST * SECONDS
        self._full_until[client, socket] = min(until, most)
        if len(self._full_until) > _MOST_CLIENTS:
            self._full_until.popitem(last=False)
        return SECONDS if until > most else 0.0
