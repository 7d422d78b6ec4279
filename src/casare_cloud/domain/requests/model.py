"""Values of the requests domain. A cold process reads these before it needs a database."""

from dataclasses import dataclass
from typing import Any, Literal

Per = Literal["address", "caller"]


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `requests` in a window of `seconds`, for each client address or for each caller.

    The window begins with the first request. A caller is a user or a live key; other requests are counted by address.
    Endpoints whose rates name one `group` share one count; every other endpoint has a count of its own.
    """

    requests: int
    seconds: int = 60
    per: Per = "address"
    group: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How many requests are left of a rate, and when its window ends, in seconds since the epoch."""

    rate: Rate
    remaining: int
    reset_at: int
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What the first request with an Idempotency-Key was answered; of a refusal, its code and its sentence."""

    status: int
    body: Any
