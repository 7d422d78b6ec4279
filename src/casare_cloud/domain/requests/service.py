"""What a repeated request is answered: the first answer, which is kept in the transaction of the work."""

from psycopg.types.json import Jsonb

from casare_cloud.database import Transaction
from casare_cloud.domain.requests import queries
from casare_cloud.domain.requests.model import KeptAnswer


async def begin_once(tx: Transaction, key: str, request_hash: bytes) -> KeptAnswer | None:
    """Take the caller's Idempotency-Key; the answer that its first request got, or None when this is the first.

    Raises 409 REQUEST_IN_PROGRESS while the first one runs, and 422 IDEMPOTENCY_KEY_REUSED for another request.
    """
    row = await tx.fetch_one(queries.BEGIN_IDEMPOTENT_REQUEST, {"key": key, "request_hash": request_hash})
    if row is None or row.get("status_code") is None:
        return None
    return KeptAnswer(row["status_code"], row["response"])


async def keep(tx: Transaction, key: str, answer: KeptAnswer) -> None:
    """Store what a repeated request with this key gets."""
    await tx.call("private.finish_idempotent_request", key=key, status=answer.status, response=Jsonb(answer.body))
