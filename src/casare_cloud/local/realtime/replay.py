"""What a client missed: the newest broadcasts of a private topic since a time, oldest first."""

from datetime import UTC, datetime
from typing import Final

import psycopg
from psycopg.rows import class_row
from psycopg_pool import PoolTimeout

from casare_cloud.local.context import Pool

from .errors import RealtimeError
from .feed import REPLAY, DatabaseMessage
from .hub import TopicKey
from .wire import UserBroadcast

MOST_MESSAGES: Final = 25


async def replay_messages(pool: Pool, topic: TopicKey, wanted: object) -> list[UserBroadcast]:
    """The messages that `{since: milliseconds since 1970, limit: 1..25}` asks for; raises `RealtimeError`."""
    since, limit = _read(wanted)
    try:
        async with pool.connection() as connection, connection.cursor(row_factory=class_row(DatabaseMessage)) as cursor:
            await cursor.execute(REPLAY, (topic.name, since, limit))
            rows = await cursor.fetchall()
    except (psycopg.Error, PoolTimeout) as error:
        raise RealtimeError("UnableToReplayMessages", "Realtime was unable to replay messages") from error
    messages = (from_row(row, is_replayed=True) for row in reversed(rows))
    return [message for message in messages if message is not None]


def _read(wanted: object) -> tuple[datetime, int]:
    invalid = RealtimeError("UnableToReplayMessages", "Replay params are not valid")
    if not isinstance(wanted, dict):
        raise invalid
    since, limit = wanted.get("since"), wanted.get("limit") or MOST_MESSAGES
    if type(since) is not int or type(limit) is not int:
        raise invalid
    try:
        moment = datetime.fromtimestamp(since / 1000, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        raise invalid from None
    return moment, max(1, min(limit, MOST_MESSAGES))


def from_row(row: DatabaseMessage, *, is_replayed: bool = False) -> UserBroadcast | None:
    """The broadcast of a row of realtime.messages; None for a row that the service would not send either."""
    if row.event is None or (row.payload is None and row.binary_payload is None):
        return None
    meta: dict[str, object] = {"id": str(row.id)}
    if is_replayed:
        meta["replayed"] = True
    is_json = row.binary_payload is None
    data = (row.payload or "").encode() if row.binary_payload is None else row.binary_payload
    return UserBroadcast(f"realtime:{row.topic}", row.event, {}, data=data, is_json=is_json, meta=meta)
