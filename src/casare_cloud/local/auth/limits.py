"""How often one address may sign in or refresh, where the project sets a limit."""

import time
from typing import Final

BURST: Final = 30
WINDOW_SECONDS: Final = 300
_MOST_ADDRESSES: Final = 10_000


class TokenLimit:
    """A bucket of 30 requests for each address, filled again at the project's rate; any number without a rate."""

    def __init__(self, requests_in_window: int | None) -> None:
        self._per_second = None if requests_in_window is None else requests_in_window / WINDOW_SECONDS
        self._buckets: dict[str | None, tuple[float, float]] = {}

    def take(self, address: str | None) -> bool:
        """Whether the address may make one more request now."""
        if self._per_second is None:
            return True
        now = time.monotonic()
        if len(self._buckets) > _MOST_ADDRESSES:
            self._buckets.clear()
        left, at = self._buckets.get(address, (float(BURST), now))
        left = min(BURST, left + (now - at) * self._per_second)
        self._buckets[address] = (left - 1 if left >= 1 else left, now)
        return left >= 1
