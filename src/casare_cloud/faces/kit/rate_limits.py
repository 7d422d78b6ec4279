"""The rate limits of a face: a table of its endpoints, and the headers that tell how many requests are left."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from casare_cloud.domain.requests.model import Rate, Standing

_HEADERS = (b"x-ratelimit-limit", b"x-ratelimit-remaining", b"x-ratelimit-reset")


@dataclass(frozen=True, slots=True)
class RateLimits:
    """How often each endpoint of a face may be called.

    `endpoints`: (method, template of the path under the face's base, `{}` for each parameter) → rate. An endpoint that
    has no row gets the rate of its kind: `changes`, `details` (a GET whose path ends in a parameter) or `lists` (every
    other GET). None: not counted.
    """

    endpoints: Mapping[tuple[str, str], Rate] = field(default_factory=dict)
    lists: Rate | None = None
    details: Rate | None = None
    changes: Rate | None = None
    # What X-RateLimit-Reset says: the moment when the window ends, in seconds since the epoch; or seconds: those of the
    # window, and in a refusal those that are left.
    reset: Literal["moment", "seconds"] = "moment"

    def rate_of(self, method: str, template: str) -> Rate | None:
        """The rate of an endpoint."""
        if (method, template) in self.endpoints:
            return self.endpoints[method, template]
        if method != "GET":
            return self.changes
        return self.details if template.endswith("}") else self.lists

    def headers_of(self, standing: Standing | None) -> list[tuple[bytes, bytes]]:
        """The headers of an answer; none if nothing was counted."""
        if standing is None:
            return []
        if self.reset == "moment":
            reset = standing.reset_at
        else:
            left = max(1, round(standing.reset_at - time.time()))
            reset = left if standing.is_refused else standing.rate.seconds
        numbers = (standing.rate.requests, standing.remaining, reset)
        return [(name, str(number).encode()) for name, number in zip(_HEADERS, numbers, strict=True)]
