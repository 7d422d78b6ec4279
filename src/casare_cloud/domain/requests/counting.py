"""How often a request may be made: one request's count, taken ahead of its transaction.

The database counts, so that all instances share one count. Counting costs no round trip of its own: it travels with the
first statement of the request, as a transaction of its own that is committed whatever becomes of the request. When the
database is away, the request is not counted and no second error is raised.
"""

import json
import logging
import math
import time

from psycopg.rows import DictRow

from casare_cloud.config import ConfigurationError
from casare_cloud.database import Database
from casare_cloud.domain.requests import queries
from casare_cloud.domain.requests.model import Rate, Standing
from casare_cloud.errors import ApiError
from casare_cloud.identity import Actor

RATE_LIMITED = "RATE_LIMITED"
SETTLE_SECONDS = 1.0  # a request that needs no database does not wait long for one

logger = logging.getLogger("casare_cloud")


class RequestCount:
    """The count of one request: a `database.Prelude` that is run once, and the numbers for its answer's headers."""

    query = queries.COUNT_REQUEST

    def __init__(self, rule: str, rate: Rate | None, client_ip: str | None) -> None:
        self._rule = rule
        self._rate = rate
        self._ip = client_ip
        self._caller: dict[str, str | bytes | None] = {"user_id": None, "key_hash": None}
        self.standing: Standing | None = None  # None: nothing was counted
        self.is_pending = rate is not None

    @property
    def params(self) -> dict[str, object]:
        """What `query` is run with."""
        assert self._rate is not None
        rate = {"rule": self._rule, "limit": self._rate.requests, "window": self._rate.seconds}
        return {**rate, "ip": self._ip, **self._caller}

    def made_by(self, actor: Actor) -> None:
        """Count for this caller, where the rate is one for each caller."""
        if self._rate is not None and self._rate.per == "caller":
            user_id = json.loads(actor.claims)["sub"] if actor.claims else None
            self._caller = {"user_id": user_id, "key_hash": actor.key_hash}

    def done(self, row: DictRow) -> None:
        """The count was taken."""
        self.is_pending = False
        self.tell(row["remaining"], row["reset_at"].timestamp())

    def refused(self, error: ApiError) -> None:
        """Remember a refusal of the count, or of the lockout of logins, for the answer."""
        if error.code == RATE_LIMITED:
            self.is_pending = False
        if error.status == 429 and error.headers.get("Retry-After", "").isdigit():
            self.tell(0, math.floor(time.time() + int(error.headers["Retry-After"])), is_refused=True)

    def tell(self, remaining: int, reset_at: float, is_refused: bool = False) -> None:
        """What the answer shall say: the count with the least left. `reset_at` in seconds since the epoch."""
        if self._rate is not None and (self.standing is None or remaining <= self.standing.remaining):
            self.standing = Standing(self._rate, max(0, remaining), math.ceil(reset_at), is_refused)

    async def give_back(self, database: Database) -> None:
        """Take the count of this address back: the rate is not meant for requests like this one."""
        if self.standing is None:
            return
        async with database.transaction(None) as tx:
            await tx.execute(queries.GIVE_BACK_REQUEST, {"rule": self._rule, "ip": self._ip})
        self.standing = Standing(self.standing.rate, self.standing.remaining + 1, self.standing.reset_at)

    async def settle(self, database: Database) -> None:
        """Count a request that has sent no statement: one that was refused before, or is about to do its work.

        Raises 429 RATE_LIMITED. If the database does not answer, the request is not counted.
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
