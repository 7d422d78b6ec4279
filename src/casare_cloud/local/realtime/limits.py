"""What the platform allows a project, and how it counts: docs/platform-emulators.md has the table."""

import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

TICK_SECONDS: Final = 5.0
WINDOW_TICKS: Final = 12
PAYLOAD_PADDING_BYTES: Final = 500

Clock = Callable[[], float]


@dataclass(frozen=True)
class Limits:
    """The figures of one plan. Rates are averages per second over the last minute; None means no limit."""

    connections: int | None = 10_000
    channels_per_socket: int | None = 100
    messages_per_second: int | None = 2_500
    joins_per_second: int | None = 2_500
    presence_per_second: int | None = 1_000
    presence_calls_per_client: int | None = 5
    presence_window_seconds: float = 30.0
    payload_kilobytes: int = 3_000

    @property
    def payload_bytes(self) -> int:
        """The largest payload, with the padding that the service allows."""
        return self.payload_kilobytes * 1000 + PAYLOAD_PADDING_BYTES

    @staticmethod
    def of_plan(name: str) -> "Limits":
        """The limits of the plan `free`, `pro`, `team`, or of none (`unlimited`, for measurements)."""
        try:
            return PLANS[name]
        except KeyError:
            raise ValueError(f"CASARE_REALTIME_PLAN is {name!r}: use one of {', '.join(PLANS)}") from None

    @staticmethod
    def from_environment() -> "Limits":
        """The plan that `CASARE_REALTIME_PLAN` names; without it `team`, whose limits a single machine rarely meets."""
        return Limits.of_plan(os.environ.get("CASARE_REALTIME_PLAN", "team"))


PLANS: Final = {
    "free": Limits(
        connections=200, messages_per_second=100, joins_per_second=100, presence_per_second=20, payload_kilobytes=256
    ),
    "pro": Limits(connections=500, messages_per_second=500, joins_per_second=500, presence_per_second=50),
    "team": Limits(),
    "unlimited": replace(
        Limits(),
        connections=None,
        channels_per_socket=None,
        messages_per_second=None,
        joins_per_second=None,
        presence_per_second=None,
        presence_calls_per_client=None,
    ),
}


class RateCounter:
    """A rate as the service measures it: the average of five-second ticks over the last minute."""

    def __init__(self, limit: int | None, clock: Clock = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._ticks: deque[int] = deque(maxlen=WINDOW_TICKS)
        self._current = 0
        self._tick_ends_at = clock() + TICK_SECONDS

    def add(self, count: int = 1) -> None:
        """Count events that just happened."""
        self._turn()
        self._current += count

    @property
    def average(self) -> float:
        """Events per second over the finished ticks."""
        self._turn()
        return sum(self._ticks) / (len(self._ticks) * TICK_SECONDS) if self._ticks else 0.0

    @property
    def is_exceeded(self) -> bool:
        """Whether the average has reached the limit."""
        return self.limit is not None and self.average >= self.limit

    def _turn(self) -> None:
        passed = self._clock() - self._tick_ends_at
        if passed < 0:
            return
        self._ticks.append(self._current)
        self._current = 0
        idle = int(passed // TICK_SECONDS)
        self._ticks.extend([0] * min(idle, WINDOW_TICKS))
        self._tick_ends_at += (idle + 1) * TICK_SECONDS


class CallWindow:
    """How often one client may call something: so many times from its first call until the window ends."""

    def __init__(self, calls: int | None, seconds: float, clock: Clock = time.monotonic) -> None:
        self._calls = calls
        self._seconds = seconds
        self._clock = clock
        self._used = 0
        self._ends_at: float | None = None

    def take(self) -> bool:
        """Count one call; False when it is one too many."""
        if self._calls is None:
            return True
        now = self._clock()
        if self._ends_at is None or now > self._ends_at:
            self._used, self._ends_at = 1, now + self._seconds
            return True
        if self._used >= self._calls:
            return False
        self._used += 1
        return True
