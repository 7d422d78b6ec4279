"""How many messages a robot may send in a minute."""

from collections import deque

MESSAGES = 100  # document 001
SECONDS = 60.0


class RateLimit:
    """Counts the messages of the last minute of one connection. Times are those of the loop."""

    def __init__(self) -> None:
        self._at: deque[float] = deque()

    def wait_of(self, now: float) -> float:
        """Counts a message and returns 0; or the seconds after which there is room again, and counts nothing."""
        while self._at and self._at[0] <= now - SECONDS:
            self._at.popleft()
        if len(self._at) >= MESSAGES:
            return self._at[0] + SECONDS - now
        self._at.append(now)
        return 0.0
