"""What is wrong with the settings of the sign-in service, as requests have found out; `/health/ready` tells it."""

import logging
from time import monotonic

logger = logging.getLogger("casare_cloud")

_TOLD_SECONDS = 600  # of a fault that no request has met again: an instance without requests must not stay red for ever


class AuthFaults:
    """The faults of one process, one for each call of Auth. A call of the same kind that succeeds ends it."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, float]] = {}

    def found(self, call: str, advice: str) -> None:
        """Remember and log a fault that the operator must mend."""
        logger.error("Supabase Auth cannot %s: %s", call, advice)
        self._found[call] = (advice, monotonic() + _TOLD_SECONDS)

    def passed(self, call: str) -> None:
        """The call was answered as it should be."""
        self._found.pop(call, None)

    @property
    def advice(self) -> str | None:
        """What to set right, of the last fault that is still there."""
        now = monotonic()
        return next((advice for advice, until in reversed(self._found.values()) if until > now), None)
