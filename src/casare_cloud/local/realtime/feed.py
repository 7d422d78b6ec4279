"""Messages that SQL inserted into realtime.messages, in the order of their commits.

The service reads them from the write-ahead log; here a trigger notifies with the row's id and the row is read back.
A lost connection is opened again, and what was committed meanwhile is found by its time.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import class_row

logger = logging.getLogger(__name__)

CHANNEL: Final = "realtime_messages"
SLACK: Final = timedelta(seconds=60)
REMEMBERED_IDS: Final = 20_000
LONGEST_PAUSE_SECONDS: Final = 2.0

COLUMNS: Final = (
    "select id, topic, event, private as is_private, payload::text as payload, binary_payload, inserted_at"
    " from realtime.messages"
)
BY_ID: Final = f"{COLUMNS} where id = any(%s)"
SINCE: Final = f"{COLUMNS} where inserted_at >= %s and extension = 'broadcast' order by inserted_at"
REPLAY: Final = f"""{COLUMNS}
where topic = %s and private and extension = 'broadcast'
    and inserted_at >= %s and inserted_at < (clock_timestamp() at time zone 'UTC') + interval '1 minute'
order by inserted_at desc limit %s"""
NOW: Final = "select clock_timestamp() at time zone 'UTC'"


@dataclass(frozen=True, slots=True)
class DatabaseMessage:
    """A row of realtime.messages; the payload is JSON text, never parsed on its way."""

    id: UUID
    topic: str
    event: str | None
    is_private: bool | None
    payload: str | None
    binary_payload: bytes | None
    inserted_at: datetime


class Feed:
    """Hands every committed broadcast row to `deliver`, once, for as long as `run` runs."""

    def __init__(self, dsn: str, deliver: Callable[[DatabaseMessage], None]) -> None:
        self._dsn = dsn
        self._deliver = deliver
        self._seen: set[UUID] = set()
        self._seen_in_order: deque[UUID] = deque()
        self._last: datetime | None = None
        self.listening = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled, through any number of restarts of the database."""
        pause = 0.05
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    await self._catch_up(connection)
                    self.listening.set()
                    pause = 0.05
                    await self._follow(connection)
            except psycopg.Error as error:
                logger.warning("the feed of database messages lost its connection: %s", error)
            finally:
                self.listening.clear()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _follow(self, connection: psycopg.AsyncConnection[Any]) -> None:
        while True:
            ids = [UUID(notify.payload) async for notify in connection.notifies(stop_after=1)]
            if not ids:
                return
            async with connection.cursor(row_factory=class_row(DatabaseMessage)) as cursor:
                await cursor.execute(BY_ID, (ids,))
                rows = {row.id: row async for row in cursor}
            for message_id in ids:
                if row := rows.get(message_id):
                    self._hand_over(row)
            await asyncio.sleep(0)

    async def _catch_up(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Deliver messages that were committed while the emulator was away; at the first start only note the newest.

        A row's time is that of its transaction's start, which may be long before its commit: hence the slack.
        """
        is_first = self._last is None
        if is_first:
            answer = await (await connection.execute(NOW)).fetchone()
            assert answer is not None
            self._last = answer[0]
        assert self._last is not None
        async with connection.cursor(row_factory=class_row(DatabaseMessage)) as cursor:
            await cursor.execute(SINCE, (self._last - SLACK,))
            async for message in cursor:
                if is_first:
                    self._is_new(message.id)
                else:
                    self._hand_over(message)

    def _is_new(self, message_id: UUID) -> bool:
        if message_id in self._seen:
            return False
        self._seen.add(message_id)
        self._seen_in_order.append(message_id)
        if len(self._seen_in_order) > REMEMBERED_IDS:
            self._seen.discard(self._seen_in_order.popleft())
        return True

    def _hand_over(self, message: DatabaseMessage) -> None:
        if not self._is_new(message.id):
            return
        if self._last is None or message.inserted_at > self._last:
            self._last = message.inserted_at
        try:
            self._deliver(message)
        except Exception:
            logger.exception("message %s could not be delivered", message.id)
