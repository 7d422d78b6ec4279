"""How often a request may be made: one request's count, taken ahead of its transaction, and the headers that tell.

The database counts, so that all instances share one count. Counting costs no round trip of its own: it travels with the
first statement of the request, as a transaction of its own that is committed whatever becomes of the request. When the
database is away there is no count, and no error besides the request's own.
"""

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from psycopg.rows import DictRow

from casare_cloud.config import ConfigurationError
from casare_cloud.database import Database
from casare_cloud.errors import ApiError
from casare_cloud.identity import Actor

Per = Literal["address", "caller"]
RATE_LIMITED = "RATE_LIMITED"
SETTLE_SECONDS = 1.0  # a request that needs no database does not wait long for one

logger = logging.getLogger("casare_cloud")

_COUNT = """
select c.remaining, c.reset_at
from private.count_request(
    %(rule)s, %(limit)s, %(window)s, %(ip)s::inet, %(user_id)s::uuid, %(key_hash)s::bytea
) as c
"""

_GIVE_BACK = """
select private.give_back_request(%(rule)s, %(ip)s::inet)
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `requests` in a window of `seconds`, for each client address or for each caller.

    The window begins with the first request. A caller is a user or a live key; whoever is neither counts as an address.
    """

    requests: int
    seconds: int = 60
    per: Per = "address"


# The limit of a route: (method, template of the path under the base) → limit.
Limits = Callable[[str, str], Limit | None]


class Quota:
    """One request's share of its limit: a `database.Prelude` that is run once, and the headers of the answer."""

    query = _COUNT

    def __init__(self, rule: str, limit: Limit | None, client_ip: str | None) -> None:
        self._rule = rule
        self._limit = limit
        self._ip = client_ip
        self._caller: dict[str, str | bytes | None] = {"user_id": None, "key_hash": None}
        self._told: tuple[int, int, int] | None = None
        self.is_pending = limit is not None

    @property
    def params(self) -> dict[str, object]:
        """What `query` is run with."""
        assert self._limit is not None
        limit = {"rule": self._rule, "limit": self._limit.requests, "window": self._limit.seconds}
        return {**limit, "ip": self._ip, **self._caller}

    def made_by(self, actor: Actor) -> None:
        """Count for this caller, where the limit is one for each caller."""
        if self._limit is not None and self._limit.per == "caller":
            user_id = json.loads(actor.claims)["sub"] if actor.claims else None
            self._caller = {"user_id": user_id, "key_hash": actor.key_hash}

    def done(self, row: DictRow) -> None:
        """The count was taken."""
        self.is_pending = False
        self.tell(row["remaining"], row["reset_at"].timestamp())

    def refused(self, error: ApiError) -> None:
        """Remember a refusal of the count, or of the lockout of logins, for the headers."""
        if error.code == RATE_LIMITED:
            self.is_pending = False
        if error.status == 429 and error.headers.get("Retry-After", "").isdigit():
            self.tell(0, math.floor(time.time() + int(error.headers["Retry-After"])))

    def tell(self, remaining: int, reset_at: float) -> None:
        """What the headers shall say: the count with the least left. `reset_at` in seconds since the epoch."""
        if self._limit is not None and (self._told is None or remaining <= self._told[1]):
            self._told = (self._limit.requests, max(0, remaining), math.ceil(reset_at))

    async def give_back(self, database: Database) -> None:
        """Take the count of this address back: the request was none of those that the limit is for."""
        if self._limit is None or self._told is None:
            return
        async with database.transaction(None) as tx:
            await tx.execute(_GIVE_BACK, {"rule": self._rule, "ip": self._ip})
        limit, remaining, reset_at = self._told
        self._told = (limit, remaining + 1, reset_at)

    def headers(self) -> list[tuple[bytes, bytes]]:
        """The headers of document 000 (`X-RateLimit-Reset` in seconds since the epoch); none if nothing was counted."""
        names = (b"x-ratelimit-limit", b"x-ratelimit-remaining", b"x-ratelimit-reset")
        return [(name, str(value).encode()) for name, value in zip(names, self._told or (), strict=False)]

    async def settle(self, database: Database) -> None:
        """Count a request that has sent no statement: one that was refused before, or is about to do its work.

        Raises 429 RATE_LIMITED; a database that does not answer is nobody's second error.
        """
        if not self.is_pending:
            return
        try:
            await database.run_prelude(self, SETTLE_SECONDS)
        except (ApiError, ConfigurationError) as error:
            if isinstance(error, ApiError) and error.code == RATE_LIMITED:
                self.refused(error)
                raise
            self.is_pending = False
            logger.warning("a request was not counted: %s", error)
